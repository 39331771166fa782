// rename value

async function up(db, client) {
  // replaces value viewer of field users.role by guest
  await batch({
    collection: 'users',
    filter: { role: 'viewer' },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, role: 'viewer' },
      { $set: { role: 'guest' } },
      { bypassDocumentValidation: true },
    );
  });

  await step('changes the validator of users', async () => {
    await db.command({
      collMod: 'users',
      validator: {
        $jsonSchema: {
          bsonType: 'object',
          required: ['role'],
          properties: {
            _id: { bsonType: 'objectId' },
            role: { bsonType: 'string', enum: ['owner', 'guest'] },
          },
        },
      },
      validationLevel: 'strict',
      validationAction: 'error',
    });
  });
}

async function down(db, client) {
  // replaces value guest of field users.role by viewer
  await batch({
    collection: 'users',
    filter: { role: 'guest' },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, role: 'guest' },
      { $set: { role: 'viewer' } },
      { bypassDocumentValidation: true },
    );
  });

  await step('changes the validator of users', async () => {
    await db.command({
      collMod: 'users',
      validator: {
        $jsonSchema: {
          bsonType: 'object',
          required: ['role'],
          properties: {
            _id: { bsonType: 'objectId' },
            role: { bsonType: 'string', enum: ['owner', 'viewer'] },
          },
        },
      },
      validationLevel: 'strict',
      validationAction: 'error',
    });
  });
}

module.exports = { up, down };
