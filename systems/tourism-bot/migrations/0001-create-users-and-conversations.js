// create users and conversations

async function up(db, client) {
  await step('creates collection conversations', async () => {
    const standing = await db.listCollections({ name: 'conversations' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('conversations', {
        validator: {
          $jsonSchema: {
            bsonType: 'object',
            required: ['created_at', 'language', 'messages', 'updated_at', 'user_id'],
            properties: {
              _id: { bsonType: 'objectId' },
              user_id: { bsonType: 'objectId' },
              title: { bsonType: ['string', 'null'], maxLength: 200 },
              language: { bsonType: 'string', enum: ['en', 'si', 'ta'] },
              messages: {
                bsonType: 'array',
                items: {
                  bsonType: 'object',
                  required: ['content', 'role', 'timestamp'],
                  properties: {
                    role: { bsonType: 'string', enum: ['user', 'assistant'] },
                    content: { bsonType: 'string' },
                    timestamp: { bsonType: 'date' },
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
    await db.collection('conversations').createIndex({ user_id: 1, created_at: -1 }, {
      name: 'user_id_1_created_at_-1',
    });
  });

  await step('creates collection users', async () => {
    const standing = await db.listCollections({ name: 'users' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('users', {
        validator: {
          $jsonSchema: {
            bsonType: 'object',
            required: [
              'created_at',
              'email',
              'hashed_password',
              'is_active',
              'language',
              'name',
              'role',
              'updated_at',
            ],
            properties: {
              _id: { bsonType: 'objectId' },
              email: {
                bsonType: 'string',
                pattern: '^[^@\\s]+@[^@\\s]+[.][^@\\s]+$',
              },
              hashed_password: { bsonType: 'string' },
              name: { bsonType: 'string', minLength: 1, maxLength: 100 },
              phone: { bsonType: ['string', 'null'], pattern: '^[+][0-9]{7,15}$' },
              country: { bsonType: ['string', 'null'], pattern: '^[A-Z]{2}$' },
              language: { bsonType: 'string', enum: ['en', 'si', 'ta'] },
              role: { bsonType: 'string', enum: ['tourist', 'guide', 'admin'] },
              points: {
                bsonType: ['int', 'long', 'double', 'null'],
                multipleOf: 1,
                minimum: 0,
                maximum: 2147483647,
              },
              is_active: { bsonType: 'bool' },
              created_at: { bsonType: 'date' },
              updated_at: { bsonType: 'date' },
            },
          },
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
    await db.collection('users').createIndex({ created_at: -1 }, { name: 'created_at_-1' });
    await db.collection('users').createIndex({ email: 1 }, { name: 'email_1', unique: true });
    await db.collection('users').createIndex({ phone: 1 }, {
      name: 'phone_1',
      unique: true,
      sparse: true,
    });
    await db.collection('users').createIndex({ role: 1 }, { name: 'role_1' });
    await db.collection('users').createIndex({ role: 1, points: -1 }, { name: 'role_1_points_-1' });
  });
}

async function down(db, client) {
  await step('drops collection users', async () => {
    const standing = await db.listCollections({ name: 'users' }).toArray();
    if (standing.length > 0) await db.collection('users').drop();
  });

  await step('drops collection conversations', async () => {
    const standing = await db.listCollections({ name: 'conversations' }).toArray();
    if (standing.length > 0) await db.collection('conversations').drop();
  });
}

module.exports = { up, down };
