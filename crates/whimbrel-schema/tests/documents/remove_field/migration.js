// remove field
//
// Mind:
// - users.legacy is removed from every document, and its values are lost
// - users.profile.zip is removed from every document, and its values are lost
//
// Rolling back does not bring back the data of what this does:
// - removes field users.legacy
// - removes field users.profile.zip

async function up(db, client) {
  // removes field users.legacy
  await batch({
    collection: 'users',
    filter: { legacy: { $exists: true } },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, legacy: { $exists: true } },
      { $unset: { legacy: '' } },
      { bypassDocumentValidation: true },
    );
  });

  // removes field users.profile.zip
  await batch({
    collection: 'users',
    filter: { 'profile.zip': { $exists: true } },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, 'profile.zip': { $exists: true } },
      { $unset: { 'profile.zip': '' } },
      { bypassDocumentValidation: true },
    );
  });

  await step('changes the validator of users', async () => {
    await db.command({
      collMod: 'users',
      validator: {
        $jsonSchema: {
          bsonType: 'object',
          required: ['email', 'profile'],
          properties: {
            _id: { bsonType: 'objectId' },
            email: { bsonType: 'string' },
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
  await step('changes the validator of users', async () => {
    await db.command({
      collMod: 'users',
      validator: {
        $jsonSchema: {
          bsonType: 'object',
          required: ['email', 'profile'],
          properties: {
            _id: { bsonType: 'objectId' },
            email: { bsonType: 'string' },
            profile: {
              bsonType: 'object',
              required: ['city'],
              properties: { city: { bsonType: 'string' }, zip: { bsonType: ['string', 'null'] } },
            },
            legacy: {},
          },
        },
      },
      validationLevel: 'strict',
      validationAction: 'error',
    });
  });
}

module.exports = { up, down };
