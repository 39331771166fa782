// drop collection
//
// Mind:
// - collection users is dropped, and its documents are lost
//
// Rolling back does not bring back the data of what this does:
// - drops collection users

async function up(db, client) {
  await step('drops collection users', async () => {
    const standing = await db.listCollections({ name: 'users' }).toArray();
    if (standing.length > 0) await db.collection('users').drop();
  });
}

async function down(db, client) {
  await step('creates collection users', async () => {
    const standing = await db.listCollections({ name: 'users' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('users', {
        validator: {
          $jsonSchema: {
            bsonType: 'object',
            required: ['email'],
            properties: { _id: { bsonType: 'objectId' }, email: { bsonType: 'string' } },
          },
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
  });
}

module.exports = { up, down };
