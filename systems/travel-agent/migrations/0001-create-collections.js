// create collections

async function up(db, client) {
  await step('creates collection bookings', async () => {
    const standing = await db.listCollections({ name: 'bookings' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('bookings', {
        validator: {
          $jsonSchema: {
            bsonType: 'object',
            required: [
              'booking_id',
              'created_at',
              'session_id',
              'status',
              'total_price',
              'trip_plan',
              'user_id',
            ],
            properties: {
              _id: { bsonType: 'objectId' },
              booking_id: { bsonType: 'string', minLength: 1 },
              session_id: { bsonType: 'string', minLength: 1 },
              user_id: { bsonType: 'string', minLength: 1 },
              trip_plan: {
                bsonType: 'object',
                required: ['accommodations', 'flights', 'ground_transport'],
                properties: {
                  flights: {
                    bsonType: 'array',
                    items: {
                      bsonType: 'object',
                      required: ['options_pool', 'requirements', 'selected_option', 'status'],
                      properties: {
                        status: {
                          bsonType: 'string',
                          enum: ['pending', 'searching', 'selecting', 'confirmed'],
                        },
                        requirements: {},
                        options_pool: { bsonType: 'array', items: {} },
                        selected_option: {},
                      },
                    },
                  },
                  accommodations: {
                    bsonType: 'array',
                    items: {
                      bsonType: 'object',
                      required: ['options_pool', 'requirements', 'selected_option', 'status'],
                      properties: {
                        status: {
                          bsonType: 'string',
                          enum: ['pending', 'searching', 'selecting', 'confirmed'],
                        },
                        requirements: {},
                        options_pool: { bsonType: 'array', items: {} },
                        selected_option: {},
                      },
                    },
                  },
                  ground_transport: {
                    bsonType: 'array',
                    items: {
                      bsonType: 'object',
                      required: ['options_pool', 'requirements', 'selected_option', 'status'],
                      properties: {
                        status: {
                          bsonType: 'string',
                          enum: ['pending', 'searching', 'selecting', 'confirmed'],
                        },
                        requirements: {},
                        options_pool: { bsonType: 'array', items: {} },
                        selected_option: {},
                      },
                    },
                  },
                },
              },
              status: { bsonType: 'string', enum: ['confirmed', 'pending', 'cancelled'] },
              total_price: { bsonType: 'number', minimum: 0 },
              created_at: { bsonType: 'date' },
              confirmed_at: { bsonType: ['date', 'null'] },
              metadata: {
                bsonType: ['object', 'null'],
                properties: {
                  payment_status: { bsonType: ['string', 'null'] },
                  confirmation_codes: {},
                },
              },
            },
          },
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
  });

  await step('creates collection conversations', async () => {
    const standing = await db.listCollections({ name: 'conversations' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('conversations', {
        validator: {
          $jsonSchema: {
            bsonType: 'object',
            required: ['created_at', 'messages', 'session_id', 'updated_at', 'user_id'],
            properties: {
              _id: { bsonType: 'objectId' },
              session_id: { bsonType: 'string', minLength: 1 },
              user_id: { bsonType: 'string', minLength: 1 },
              messages: {
                bsonType: 'array',
                items: {
                  bsonType: 'object',
                  required: ['content', 'role', 'timestamp'],
                  properties: {
                    role: { bsonType: 'string', enum: ['user', 'assistant'] },
                    content: { bsonType: 'string' },
                    timestamp: { bsonType: 'date' },
                    metadata: {},
                  },
                },
              },
              created_at: { bsonType: 'date' },
              updated_at: { bsonType: 'date' },
            },
          },
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
  });

  await step('creates collection sessions', async () => {
    const standing = await db.listCollections({ name: 'sessions' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('sessions', {
        validator: {
          $jsonSchema: {
            bsonType: 'object',
            required: ['created_at', 'last_updated', 'session_id', 'trip_plan', 'user_id'],
            properties: {
              _id: { bsonType: 'objectId' },
              session_id: { bsonType: 'string', minLength: 1 },
              user_id: { bsonType: 'string', minLength: 1 },
              trip_plan: {
                bsonType: 'object',
                required: ['accommodations', 'flights', 'ground_transport'],
                properties: {
                  flights: {
                    bsonType: 'array',
                    items: {
                      bsonType: 'object',
                      required: ['options_pool', 'requirements', 'selected_option', 'status'],
                      properties: {
                        status: {
                          bsonType: 'string',
                          enum: ['pending', 'searching', 'selecting', 'confirmed'],
                        },
                        requirements: {},
                        options_pool: { bsonType: 'array', items: {} },
                        selected_option: {},
                      },
                    },
                  },
                  accommodations: {
                    bsonType: 'array',
                    items: {
                      bsonType: 'object',
                      required: ['options_pool', 'requirements', 'selected_option', 'status'],
                      properties: {
                        status: {
                          bsonType: 'string',
                          enum: ['pending', 'searching', 'selecting', 'confirmed'],
                        },
                        requirements: {},
                        options_pool: { bsonType: 'array', items: {} },
                        selected_option: {},
                      },
                    },
                  },
                  ground_transport: {
                    bsonType: 'array',
                    items: {
                      bsonType: 'object',
                      required: ['options_pool', 'requirements', 'selected_option', 'status'],
                      properties: {
                        status: {
                          bsonType: 'string',
                          enum: ['pending', 'searching', 'selecting', 'confirmed'],
                        },
                        requirements: {},
                        options_pool: { bsonType: 'array', items: {} },
                        selected_option: {},
                      },
                    },
                  },
                },
              },
              title: { bsonType: ['string', 'null'] },
              created_at: { bsonType: 'date' },
              last_updated: { bsonType: 'date' },
              metadata: {},
            },
          },
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
          $jsonSchema: {
            bsonType: 'object',
            required: ['created_at', 'last_active', 'user_id'],
            properties: {
              _id: { bsonType: 'objectId' },
              user_id: { bsonType: 'string', minLength: 1 },
              email: {
                bsonType: ['string', 'null'],
                pattern: '^[^@\\s]+@[^@\\s]+[.][^@\\s]+$',
              },
              name: { bsonType: ['string', 'null'] },
              created_at: { bsonType: 'date' },
              last_active: { bsonType: 'date' },
              metadata: {
                bsonType: ['object', 'null'],
                properties: {
                  preferences: {},
                  booking_history: { bsonType: ['array', 'null'], items: {} },
                },
              },
            },
          },
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

  await step('drops collection sessions', async () => {
    const standing = await db.listCollections({ name: 'sessions' }).toArray();
    if (standing.length > 0) await db.collection('sessions').drop();
  });

  await step('drops collection conversations', async () => {
    const standing = await db.listCollections({ name: 'conversations' }).toArray();
    if (standing.length > 0) await db.collection('conversations').drop();
  });

  await step('drops collection bookings', async () => {
    const standing = await db.listCollections({ name: 'bookings' }).toArray();
    if (standing.length > 0) await db.collection('bookings').drop();
  });
}

module.exports = { up, down };
