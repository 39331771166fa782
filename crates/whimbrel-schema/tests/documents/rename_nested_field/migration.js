// rename nested field

async function up(db, client) {
  // renames field users.profile.town to city
  await batch({
    collection: 'users',
    filter: { 'profile.town': { $exists: true } },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, 'profile.town': { $exists: true } },
      { $rename: { 'profile.town': 'profile.city' } },
      { bypassDocumentValidation: true },
    );
  });

  await step('changes the validator of users', async () => {
    await db.command({
      collMod: 'users',
      validator: {
        $jsonSchema: {
          bsonType: 'object',
          required: ['profile'],
          properties: {
            _id: { bsonType: 'objectId' },
            profile: {
              bsonType: 'object',
              required: ['city'],
              properties: { city: { bsonType: 'string' } },
            },
          },
        },
      },
      validationLevel: 'strict',
      validationAction: 'error',
    });
  });
}

async function down(db, client) {
  // renames field users.profile.city to town
  await batch({
    collection: 'users',
    filter: { 'profile.city': { $exists: true } },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, 'profile.city': { $exists: true } },
      { $rename: { 'profile.city': 'profile.town' } },
      { bypassDocumentValidation: true },
    );
  });

  await step('changes the validator of users', async () => {
    await db.command({
      collMod: 'users',
      validator: {
        $jsonSchema: {
          bsonType: 'object',
          required: ['profile'],
          properties: {
            _id: { bsonType: 'objectId' },
            profile: {
              bsonType: 'object',
              required: ['town'],
              properties: { town: { bsonType: 'string' } },
            },
          },
        },
      },
      validationLevel: 'strict',
      validationAction: 'error',
    });
  });
}

module.exports = { up, down };
