// create analytics and notifications

async function up(db, client) {
  await step('creates collection analytics', async () => {
    const standing = await db.listCollections({ name: 'analytics' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('analytics', {
        validator: {
          $jsonSchema: {
            bsonType: 'object',
            required: ['created_at', 'event_name'],
            properties: {
              _id: { bsonType: 'objectId' },
              event_name: { bsonType: 'string', minLength: 1 },
              user_id: { bsonType: ['objectId', 'null'] },
              properties: {},
              created_at: { bsonType: 'date' },
            },
          },
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
    await db.collection('analytics').createIndex({ created_at: 1 }, {
      name: 'created_at_1',
      expireAfterSeconds: 7776000,
    });
    await db.collection('analytics').createIndex({ event_name: 1, created_at: -1 }, {
      name: 'event_name_1_created_at_-1',
    });
    await db.collection('analytics').createIndex({ user_id: 1 }, {
      name: 'user_id_1',
      sparse: true,
    });
  });

  await step('creates collection notifications', async () => {
    const standing = await db.listCollections({ name: 'notifications' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('notifications', {
        validator: {
          $jsonSchema: {
            bsonType: 'object',
            required: ['created_at', 'is_read', 'kind', 'title', 'user_id'],
            properties: {
              _id: { bsonType: 'objectId' },
              user_id: { bsonType: 'objectId' },
              kind: {
                bsonType: 'string',
                enum: ['safety_alert', 'challenge', 'forum', 'recommendation'],
              },
              title: { bsonType: 'string', minLength: 1, maxLength: 200 },
              body: { bsonType: ['string', 'null'] },
              is_read: { bsonType: 'bool' },
              created_at: { bsonType: 'date' },
              expires_at: { bsonType: ['date', 'null'] },
            },
          },
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
    await db.collection('notifications').createIndex({ expires_at: 1 }, {
      name: 'expires_at_1',
      expireAfterSeconds: 0,
    });
    await db.collection('notifications').createIndex({ user_id: 1, created_at: -1 }, {
      name: 'user_id_1_created_at_-1',
      partialFilterExpression: { is_read: false },
    });
  });
}

async function down(db, client) {
  await step('drops collection notifications', async () => {
    const standing = await db.listCollections({ name: 'notifications' }).toArray();
    if (standing.length > 0) await db.collection('notifications').drop();
  });

  await step('drops collection analytics', async () => {
    const standing = await db.listCollections({ name: 'analytics' }).toArray();
    if (standing.length > 0) await db.collection('analytics').drop();
  });
}

module.exports = { up, down };
