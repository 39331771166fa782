// create itineraries and events

async function up(db, client) {
  await step('creates collection events', async () => {
    const standing = await db.listCollections({ name: 'events' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('events', {
        validator: {
          $and: [
            {
              $jsonSchema: {
                bsonType: 'object',
                required: ['city', 'ends_at', 'location', 'name', 'starts_at'],
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
                  starts_at: { bsonType: 'date' },
                  ends_at: { bsonType: 'date' },
                },
              },
            },
            { $expr: { $lte: ['$starts_at', '$ends_at'] } },
          ],
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
    await db.collection('events').createIndex({ city: 1, starts_at: 1 }, {
      name: 'city_1_starts_at_1',
    });
    await db.collection('events').createIndex({ starts_at: 1 }, { name: 'starts_at_1' });
  });

  await step('creates collection feedback', async () => {
    const standing = await db.listCollections({ name: 'feedback' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('feedback', {
        validator: {
          $jsonSchema: {
            bsonType: 'object',
            required: ['created_at', 'rating', 'target_id', 'target_kind', 'user_id'],
            properties: {
              _id: { bsonType: 'objectId' },
              user_id: { bsonType: 'objectId' },
              target_kind: {
                bsonType: 'string',
                enum: ['attraction', 'hotel', 'restaurant', 'event', 'conversation'],
              },
              target_id: { bsonType: 'objectId' },
              rating: {
                bsonType: ['int', 'long', 'double'],
                multipleOf: 1,
                minimum: 1,
                maximum: 5,
              },
              comment: { bsonType: ['string', 'null'], maxLength: 2000 },
              created_at: { bsonType: 'date' },
            },
          },
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
    await db.collection('feedback').createIndex({ target_kind: 1, target_id: 1, created_at: -1 }, {
      name: 'target_kind_1_target_id_1_created_at_-1',
    });
    await db.collection('feedback').createIndex({ user_id: 1, target_kind: 1, target_id: 1 }, {
      name: 'user_id_1_target_kind_1_target_id_1',
      unique: true,
    });
  });

  await step('creates collection itineraries', async () => {
    const standing = await db.listCollections({ name: 'itineraries' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('itineraries', {
        validator: {
          $and: [
            {
              $jsonSchema: {
                bsonType: 'object',
                required: [
                  'created_at',
                  'days',
                  'end_date',
                  'start_date',
                  'status',
                  'title',
                  'user_id',
                ],
                properties: {
                  _id: { bsonType: 'objectId' },
                  user_id: { bsonType: 'objectId' },
                  title: { bsonType: 'string', minLength: 1, maxLength: 200 },
                  status: { bsonType: 'string', enum: ['draft', 'planned', 'completed'] },
                  start_date: { bsonType: 'date' },
                  end_date: { bsonType: 'date' },
                  days: {
                    bsonType: 'array',
                    items: {
                      bsonType: 'object',
                      required: ['date', 'stops'],
                      properties: {
                        date: { bsonType: 'date' },
                        stops: {
                          bsonType: 'array',
                          items: {
                            bsonType: 'object',
                            required: ['attraction_id'],
                            properties: {
                              attraction_id: { bsonType: 'objectId' },
                              arrives_at: {
                                bsonType: ['string', 'null'],
                                pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{0,2}[1-9])?$',
                              },
                              note: { bsonType: ['string', 'null'] },
                            },
                          },
                        },
                      },
                    },
                  },
                  created_at: { bsonType: 'date' },
                },
              },
            },
            { $expr: { $lte: ['$start_date', '$end_date'] } },
          ],
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
    await db.collection('itineraries').createIndex({ 'days.stops.attraction_id': 1 }, {
      name: 'days.stops.attraction_id_1',
    });
    await db.collection('itineraries').createIndex({ user_id: 1, start_date: -1 }, {
      name: 'user_id_1_start_date_-1',
    });
  });

  await step('creates collection recommendations', async () => {
    const standing = await db.listCollections({ name: 'recommendations' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('recommendations', {
        validator: {
          $jsonSchema: {
            bsonType: 'object',
            required: ['attraction_id', 'created_at', 'score', 'user_id'],
            properties: {
              _id: { bsonType: 'objectId' },
              user_id: { bsonType: 'objectId' },
              attraction_id: { bsonType: 'objectId' },
              score: { bsonType: 'number', minimum: 0, maximum: 1 },
              reason: { bsonType: ['string', 'null'] },
              created_at: { bsonType: 'date' },
            },
          },
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
    await db.collection('recommendations').createIndex({ user_id: 1, attraction_id: 1 }, {
      name: 'user_id_1_attraction_id_1',
      unique: true,
    });
    await db.collection('recommendations').createIndex({ user_id: 1, score: -1 }, {
      name: 'user_id_1_score_-1',
    });
  });

  await step('creates collection safety_alerts', async () => {
    const standing = await db.listCollections({ name: 'safety_alerts' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('safety_alerts', {
        validator: {
          $jsonSchema: {
            bsonType: 'object',
            required: ['created_at', 'is_active', 'message', 'severity', 'title'],
            properties: {
              _id: { bsonType: 'objectId' },
              title: { bsonType: 'string', minLength: 1, maxLength: 200 },
              message: { bsonType: 'string' },
              severity: { bsonType: 'string', enum: ['low', 'medium', 'high', 'critical'] },
              location: {
                bsonType: ['object', 'null'],
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
              is_active: { bsonType: 'bool' },
              created_at: { bsonType: 'date' },
            },
          },
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
    await db.collection('safety_alerts').createIndex({ severity: 1, created_at: -1 }, {
      name: 'severity_1_created_at_-1',
      partialFilterExpression: { is_active: true },
    });
  });
}

async function down(db, client) {
  await step('drops collection safety_alerts', async () => {
    const standing = await db.listCollections({ name: 'safety_alerts' }).toArray();
    if (standing.length > 0) await db.collection('safety_alerts').drop();
  });

  await step('drops collection recommendations', async () => {
    const standing = await db.listCollections({ name: 'recommendations' }).toArray();
    if (standing.length > 0) await db.collection('recommendations').drop();
  });

  await step('drops collection itineraries', async () => {
    const standing = await db.listCollections({ name: 'itineraries' }).toArray();
    if (standing.length > 0) await db.collection('itineraries').drop();
  });

  await step('drops collection feedback', async () => {
    const standing = await db.listCollections({ name: 'feedback' }).toArray();
    if (standing.length > 0) await db.collection('feedback').drop();
  });

  await step('drops collection events', async () => {
    const standing = await db.listCollections({ name: 'events' }).toArray();
    if (standing.length > 0) await db.collection('events').drop();
  });
}

module.exports = { up, down };
