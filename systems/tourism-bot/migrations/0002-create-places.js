// create places

async function up(db, client) {
  await step('creates collection attractions', async () => {
    const standing = await db.listCollections({ name: 'attractions' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('attractions', {
        validator: {
          $jsonSchema: {
            bsonType: 'object',
            required: [
              'category',
              'city',
              'created_at',
              'description',
              'location',
              'name',
              'review_count',
              'updated_at',
            ],
            properties: {
              _id: { bsonType: 'objectId' },
              name: { bsonType: 'string', minLength: 1, maxLength: 200 },
              description: { bsonType: 'string' },
              category: {
                bsonType: 'string',
                enum: ['beach', 'temple', 'historical', 'nature', 'wildlife', 'culture'],
              },
              city: { bsonType: 'string' },
              location: {
                bsonType: 'object',
                required: ['coordinates'],
                properties: {
                  coordinates: {
                    bsonType: 'object',
                    required: ['coordinates', 'type'],
                    properties: {
                      type: { enum: ['Point'] },
                      coordinates: {
                        bsonType: 'array',
                        minItems: 2,
                        maxItems: 2,
                        items: [
                          { bsonType: 'number', minimum: -180, maximum: 180 },
                          { bsonType: 'number', minimum: -90, maximum: 90 },
                        ],
                      },
                    },
                  },
                  address: { bsonType: ['string', 'null'] },
                  district: { bsonType: ['string', 'null'] },
                },
              },
              rating: { bsonType: ['number', 'null'], minimum: 0, maximum: 5 },
              review_count: {
                bsonType: ['int', 'long', 'double'],
                multipleOf: 1,
                minimum: 0,
                maximum: 2147483647,
              },
              entry_fee: { bsonType: ['decimal', 'null'], minimum: 0 },
              tags: { bsonType: ['array', 'null'], items: { bsonType: 'string' } },
              created_at: { bsonType: 'date' },
              updated_at: { bsonType: 'date' },
            },
          },
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
    await db.collection('attractions').createIndex({ category: 1 }, { name: 'category_1' });
    await db.collection('attractions').createIndex({ city: 1, category: 1 }, {
      name: 'city_1_category_1',
    });
    await db.collection('attractions').createIndex({ rating: -1 }, { name: 'rating_-1' });
    await db.collection('attractions').createIndex({ tags: 1 }, { name: 'tags_1' });
  });

  await step('creates collection emergency_services', async () => {
    const standing = await db.listCollections({ name: 'emergency_services' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('emergency_services', {
        validator: {
          $jsonSchema: {
            bsonType: 'object',
            required: ['city', 'is_open_all_day', 'kind', 'location', 'name', 'phone'],
            properties: {
              _id: { bsonType: 'objectId' },
              name: { bsonType: 'string', minLength: 1, maxLength: 200 },
              kind: {
                bsonType: 'string',
                enum: ['police', 'tourist_police', 'hospital', 'ambulance', 'fire', 'embassy'],
              },
              phone: { bsonType: 'string', minLength: 3 },
              city: { bsonType: 'string' },
              location: {
                bsonType: 'object',
                required: ['coordinates'],
                properties: {
                  coordinates: {
                    bsonType: 'object',
                    required: ['coordinates', 'type'],
                    properties: {
                      type: { enum: ['Point'] },
                      coordinates: {
                        bsonType: 'array',
                        minItems: 2,
                        maxItems: 2,
                        items: [
                          { bsonType: 'number', minimum: -180, maximum: 180 },
                          { bsonType: 'number', minimum: -90, maximum: 90 },
                        ],
                      },
                    },
                  },
                  address: { bsonType: ['string', 'null'] },
                  district: { bsonType: ['string', 'null'] },
                },
              },
              is_open_all_day: { bsonType: 'bool' },
            },
          },
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
    await db.collection('emergency_services').createIndex({ city: 1, kind: 1 }, {
      name: 'city_1_kind_1',
    });
    await db.collection('emergency_services').createIndex({ kind: 1 }, { name: 'kind_1' });
  });

  await step('creates collection hotels', async () => {
    const standing = await db.listCollections({ name: 'hotels' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('hotels', {
        validator: {
          $jsonSchema: {
            bsonType: 'object',
            required: ['city', 'location', 'name', 'price_per_night'],
            properties: {
              _id: { bsonType: 'objectId' },
              name: { bsonType: 'string', minLength: 1, maxLength: 200 },
              description: { bsonType: ['string', 'null'] },
              city: { bsonType: 'string' },
              location: {
                bsonType: 'object',
                required: ['coordinates'],
                properties: {
                  coordinates: {
                    bsonType: 'object',
                    required: ['coordinates', 'type'],
                    properties: {
                      type: { enum: ['Point'] },
                      coordinates: {
                        bsonType: 'array',
                        minItems: 2,
                        maxItems: 2,
                        items: [
                          { bsonType: 'number', minimum: -180, maximum: 180 },
                          { bsonType: 'number', minimum: -90, maximum: 90 },
                        ],
                      },
                    },
                  },
                  address: { bsonType: ['string', 'null'] },
                  district: { bsonType: ['string', 'null'] },
                },
              },
              stars: {
                bsonType: ['int', 'long', 'double', 'null'],
                multipleOf: 1,
                minimum: 1,
                maximum: 5,
              },
              rating: { bsonType: ['number', 'null'], minimum: 0, maximum: 5 },
              price_per_night: { bsonType: 'decimal', minimum: 0 },
              amenities: { bsonType: ['array', 'null'], items: { bsonType: 'string' } },
              phone: { bsonType: ['string', 'null'] },
            },
          },
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
    await db.collection('hotels').createIndex({ amenities: 1 }, { name: 'amenities_1' });
    await db.collection('hotels').createIndex({ city: 1, price_per_night: 1 }, {
      name: 'city_1_price_per_night_1',
    });
    await db.collection('hotels').createIndex({ rating: -1 }, { name: 'rating_-1' });
  });

  await step('creates collection restaurants', async () => {
    const standing = await db.listCollections({ name: 'restaurants' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('restaurants', {
        validator: {
          $jsonSchema: {
            bsonType: 'object',
            required: ['city', 'cuisines', 'location', 'name'],
            properties: {
              _id: { bsonType: 'objectId' },
              name: { bsonType: 'string', minLength: 1, maxLength: 200 },
              description: { bsonType: ['string', 'null'] },
              cuisines: { bsonType: 'array', items: { bsonType: 'string' }, minItems: 1 },
              city: { bsonType: 'string' },
              location: {
                bsonType: 'object',
                required: ['coordinates'],
                properties: {
                  coordinates: {
                    bsonType: 'object',
                    required: ['coordinates', 'type'],
                    properties: {
                      type: { enum: ['Point'] },
                      coordinates: {
                        bsonType: 'array',
                        minItems: 2,
                        maxItems: 2,
                        items: [
                          { bsonType: 'number', minimum: -180, maximum: 180 },
                          { bsonType: 'number', minimum: -90, maximum: 90 },
                        ],
                      },
                    },
                  },
                  address: { bsonType: ['string', 'null'] },
                  district: { bsonType: ['string', 'null'] },
                },
              },
              price_level: {
                bsonType: ['int', 'long', 'double', 'null'],
                multipleOf: 1,
                minimum: 1,
                maximum: 4,
              },
              rating: { bsonType: ['number', 'null'], minimum: 0, maximum: 5 },
            },
          },
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
    await db.collection('restaurants').createIndex({ city: 1, rating: -1 }, {
      name: 'city_1_rating_-1',
    });
    await db.collection('restaurants').createIndex({ cuisines: 1 }, { name: 'cuisines_1' });
  });

  await step('creates collection transport', async () => {
    const standing = await db.listCollections({ name: 'transport' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('transport', {
        validator: {
          $jsonSchema: {
            bsonType: 'object',
            required: ['destination', 'duration_minutes', 'fare', 'kind', 'origin'],
            properties: {
              _id: { bsonType: 'objectId' },
              kind: {
                bsonType: 'string',
                enum: ['bus', 'train', 'tuk_tuk', 'taxi', 'ferry', 'flight'],
              },
              operator: { bsonType: ['string', 'null'] },
              origin: { bsonType: 'string' },
              destination: { bsonType: 'string' },
              departs_at: {
                bsonType: ['string', 'null'],
                pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{0,2}[1-9])?$',
              },
              duration_minutes: {
                bsonType: ['int', 'long', 'double'],
                multipleOf: 1,
                minimum: 1,
                maximum: 2147483647,
              },
              fare: { bsonType: 'decimal', minimum: 0 },
            },
          },
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
    await db.collection('transport').createIndex({ kind: 1 }, { name: 'kind_1' });
    await db.collection('transport').createIndex({ origin: 1, destination: 1, fare: 1 }, {
      name: 'origin_1_destination_1_fare_1',
    });
  });
}

async function down(db, client) {
  await step('drops collection transport', async () => {
    const standing = await db.listCollections({ name: 'transport' }).toArray();
    if (standing.length > 0) await db.collection('transport').drop();
  });

  await step('drops collection restaurants', async () => {
    const standing = await db.listCollections({ name: 'restaurants' }).toArray();
    if (standing.length > 0) await db.collection('restaurants').drop();
  });

  await step('drops collection hotels', async () => {
    const standing = await db.listCollections({ name: 'hotels' }).toArray();
    if (standing.length > 0) await db.collection('hotels').drop();
  });

  await step('drops collection emergency_services', async () => {
    const standing = await db.listCollections({ name: 'emergency_services' }).toArray();
    if (standing.length > 0) await db.collection('emergency_services').drop();
  });

  await step('drops collection attractions', async () => {
    const standing = await db.listCollections({ name: 'attractions' }).toArray();
    if (standing.length > 0) await db.collection('attractions').drop();
  });
}

module.exports = { up, down };
