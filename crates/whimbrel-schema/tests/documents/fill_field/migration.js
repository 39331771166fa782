// fill field

async function up(db, client) {
  // fills field users.active with true where it is missing
  await batch({
    collection: 'users',
    filter: { active: { $exists: false } },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, active: { $exists: false } },
      { $set: { active: true } },
      { bypassDocumentValidation: true },
    );
  });

  // fills field users.created_at with the time where it is missing
  await batch({
    collection: 'users',
    filter: { created_at: { $exists: false } },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, created_at: { $exists: false } },
      { $set: { created_at: new Date() } },
      { bypassDocumentValidation: true },
    );
  });

  // fills field users.public_id with a new UUID for each document where it is missing
  await batch({
    collection: 'users',
    filter: { public_id: { $exists: false } },
    size: 1000,
  }, async (documents, db) => {
    for (const document of documents) {
      await db.collection('users').updateOne(
        { _id: document._id, public_id: { $exists: false } },
        { $set: { public_id: UUID() } },
        { bypassDocumentValidation: true },
      );
    }
  });

  // fills field users.seen_at with null where it is missing
  await batch({
    collection: 'users',
    filter: { seen_at: { $exists: false } },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, seen_at: { $exists: false } },
      { $set: { seen_at: null } },
      { bypassDocumentValidation: true },
    );
  });

  await step('changes the validator of users', async () => {
    await db.command({
      collMod: 'users',
      validator: {
        $jsonSchema: {
          bsonType: 'object',
          required: ['active', 'created_at', 'email', 'public_id', 'seen_at'],
          properties: {
            _id: { bsonType: 'objectId' },
            email: { bsonType: 'string' },
            active: { bsonType: 'bool' },
            created_at: { bsonType: 'date' },
            public_id: { bsonType: 'binData' },
            seen_at: { bsonType: ['date', 'null'] },
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
          required: ['email'],
          properties: { _id: { bsonType: 'objectId' }, email: { bsonType: 'string' } },
        },
      },
      validationLevel: 'strict',
      validationAction: 'error',
    });
  });
}

module.exports = { up, down };
