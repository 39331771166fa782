// create collection

async function up(db, client) {
  await step('creates collection users', async () => {
    const standing = await db.listCollections({ name: 'users' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('users', {
        validator: {
          $and: [
            {
              $jsonSchema: {
                bsonType: 'object',
                required: ['email', 'location', 'seen_at', 'start'],
                properties: {
                  _id: { bsonType: 'objectId' },
                  email: { bsonType: 'string', pattern: '^[^@\\s]+@[^@\\s]+[.][^@\\s]+$' },
                  location: {
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
                  bio: { bsonType: ['string', 'null'] },
                  budget: {
                    bsonType: ['decimal', 'null'],
                    multipleOf: NumberDecimal('0.01'),
                    minimum: 0,
                    maximum: NumberDecimal('99999999.99'),
                  },
                  seen_at: { bsonType: 'date' },
                  start: { bsonType: 'date' },
                  end: { bsonType: ['date', 'null'] },
                },
              },
            },
            {
              $expr: {
                $or: [{ $eq: [{ $ifNull: ['$end', null] }, null] }, { $gt: ['$end', '$start'] }],
              },
            },
          ],
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
    await db.collection('users').createIndex({ bio: 'text', email: 'text' }, {
      name: 'bio_text_email_text',
      weights: { bio: 5 },
    });
    await db.collection('users').createIndex({ email: 1 }, { name: 'email_1', unique: true });
    await db.collection('users').createIndex({ location: '2dsphere' }, {
      name: 'location_2dsphere',
    });
    await db.collection('users').createIndex({ seen_at: 1 }, {
      name: 'seen_at_1',
      expireAfterSeconds: 2592000,
    });
  });
}

async function down(db, client) {
  await step('drops collection users', async () => {
    const standing = await db.listCollections({ name: 'users' }).toArray();
    if (standing.length > 0) await db.collection('users').drop();
  });
}

module.exports = { up, down };
