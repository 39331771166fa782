// create collections

async function up(db, client) {
  await step('creates collection trips', async () => {
    const standing = await db.listCollections({ name: 'trips' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('trips', {
        validator: {
          $and: [
            {
              $jsonSchema: {
                bsonType: 'object',
                required: ['dates', 'destination', 'owner', 'status', 'title', 'visibility'],
                properties: {
                  _id: { bsonType: 'objectId' },
                  title: { bsonType: 'string', minLength: 1 },
                  description: { bsonType: ['string', 'null'] },
                  destination: {
                    bsonType: 'object',
                    required: ['name'],
                    properties: {
                      name: { bsonType: 'string', minLength: 1 },
                      country: { bsonType: ['string', 'null'] },
                      coordinates: {
                        bsonType: ['object', 'null'],
                        required: ['lat', 'lng'],
                        properties: {
                          lat: { bsonType: 'number', minimum: -90, maximum: 90 },
                          lng: { bsonType: 'number', minimum: -180, maximum: 180 },
                        },
                      },
                    },
                  },
                  dates: {
                    bsonType: 'object',
                    properties: {
                      start: { bsonType: ['date', 'null'] },
                      end: { bsonType: ['date', 'null'] },
                      flexible: { bsonType: ['bool', 'null'] },
                    },
                  },
                  budget: {
                    bsonType: ['object', 'null'],
                    properties: {
                      total: { bsonType: ['number', 'null'], minimum: 0 },
                      currency: { bsonType: ['string', 'null'], pattern: '^[A-Z]{3}$' },
                      breakdown: {},
                      spent: { bsonType: ['number', 'null'], minimum: 0 },
                      remaining: { bsonType: ['number', 'null'] },
                    },
                  },
                  travelers: {
                    bsonType: ['object', 'null'],
                    properties: {
                      adults: {
                        bsonType: ['int', 'long', 'double', 'null'],
                        multipleOf: 1,
                        minimum: 0,
                        maximum: 2147483647,
                      },
                      children: {
                        bsonType: ['int', 'long', 'double', 'null'],
                        multipleOf: 1,
                        minimum: 0,
                        maximum: 2147483647,
                      },
                      infants: {
                        bsonType: ['int', 'long', 'double', 'null'],
                        multipleOf: 1,
                        minimum: 0,
                        maximum: 2147483647,
                      },
                    },
                  },
                  owner: { bsonType: 'objectId' },
                  collaborators: {
                    bsonType: ['array', 'null'],
                    items: {
                      bsonType: 'object',
                      required: ['userId'],
                      properties: {
                        userId: { bsonType: 'objectId' },
                        role: { bsonType: ['string', 'null'] },
                        permissions: { bsonType: ['array', 'null'], items: { bsonType: 'string' } },
                      },
                    },
                  },
                  status: {
                    bsonType: 'string',
                    enum: ['planning', 'booked', 'completed', 'cancelled'],
                  },
                  visibility: { bsonType: 'string', enum: ['private', 'shared', 'public'] },
                  aiGenerated: {},
                  customizations: { bsonType: ['array', 'null'], items: {} },
                  activityLog: { bsonType: ['array', 'null'], items: {} },
                  bookings: { bsonType: ['array', 'null'], items: {} },
                  tags: { bsonType: ['array', 'null'], items: { bsonType: 'string' } },
                  createdAt: { bsonType: ['date', 'null'] },
                  updatedAt: { bsonType: ['date', 'null'] },
                },
              },
            },
            {
              $expr: {
                $or: [
                  { $eq: [{ $ifNull: ['$dates.start', null] }, null] },
                  { $eq: [{ $ifNull: ['$dates.end', null] }, null] },
                  { $lte: ['$dates.start', '$dates.end'] },
                ],
              },
            },
          ],
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
  });

  await step('creates collection users', async () => {
    const standing = await db.listCollections({ name: 'users' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('users', {
        validator: {
          $and: [
            {
              $jsonSchema: {
                bsonType: 'object',
                required: ['email'],
                properties: {
                  _id: { bsonType: 'objectId' },
                  firebaseUid: { bsonType: ['string', 'null'], minLength: 1 },
                  email: {
                    bsonType: 'string',
                    pattern: '^[^@\\s]+@[^@\\s]+[.][^@\\s]+$',
                  },
                  profile: {
                    bsonType: ['object', 'null'],
                    properties: {
                      displayName: { bsonType: ['string', 'null'] },
                      firstName: { bsonType: ['string', 'null'] },
                      lastName: { bsonType: ['string', 'null'] },
                      photoURL: { bsonType: ['string', 'null'] },
                      location: {
                        bsonType: ['object', 'null'],
                        properties: {
                          country: { bsonType: ['string', 'null'] },
                          city: { bsonType: ['string', 'null'] },
                          timezone: { bsonType: ['string', 'null'] },
                        },
                      },
                    },
                  },
                  preferences: {
                    bsonType: ['object', 'null'],
                    properties: {
                      budgetRange: {
                        bsonType: ['object', 'null'],
                        properties: {
                          min: { bsonType: ['number', 'null'], minimum: 0 },
                          max: { bsonType: ['number', 'null'], minimum: 0 },
                          currency: { bsonType: ['string', 'null'], pattern: '^[A-Z]{3}$' },
                        },
                      },
                      travelStyle: { bsonType: ['array', 'null'], items: { bsonType: 'string' } },
                      interests: { bsonType: ['array', 'null'], items: { bsonType: 'string' } },
                    },
                  },
                  settings: {
                    bsonType: ['object', 'null'],
                    properties: { notifications: {}, privacy: {}, ai: {} },
                  },
                  stats: {
                    bsonType: ['object', 'null'],
                    properties: {
                      tripsPlanned: {
                        bsonType: ['int', 'long', 'double', 'null'],
                        multipleOf: 1,
                        minimum: 0,
                        maximum: 2147483647,
                      },
                      tripsCompleted: {
                        bsonType: ['int', 'long', 'double', 'null'],
                        multipleOf: 1,
                        minimum: 0,
                        maximum: 2147483647,
                      },
                      totalBudgetSaved: { bsonType: ['number', 'null'] },
                    },
                  },
                  role: { bsonType: ['string', 'null'], minLength: 1 },
                  createdAt: { bsonType: ['date', 'null'] },
                  updatedAt: { bsonType: ['date', 'null'] },
                  lastLoginAt: { bsonType: ['date', 'null'] },
                  isActive: { bsonType: ['bool', 'null'] },
                },
              },
            },
            {
              $expr: {
                $or: [
                  { $eq: [{ $ifNull: ['$preferences.budgetRange.min', null] }, null] },
                  { $eq: [{ $ifNull: ['$preferences.budgetRange.max', null] }, null] },
                  { $lte: ['$preferences.budgetRange.min', '$preferences.budgetRange.max'] },
                ],
              },
            },
          ],
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
  });
}

async function down(db, client) {
  await step('drops collection users', async () => {
    const standing = await db.listCollections({ name: 'users' }).toArray();
    if (standing.length > 0) await db.collection('users').drop();
  });

  await step('drops collection trips', async () => {
    const standing = await db.listCollections({ name: 'trips' }).toArray();
    if (standing.length > 0) await db.collection('trips').drop();
  });
}

module.exports = { up, down };
