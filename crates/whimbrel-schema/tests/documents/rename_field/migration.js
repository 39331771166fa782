// rename field
//
// Mind:
// - index phone_1 fails where documents of users share its keys

async function up(db, client) {
  await step('drops index tel_1 on users', async () => {
    const standing = await db.collection('users').listIndexes().toArray();
    if (standing.some((index) => index.name === 'tel_1')) {
      await db.collection('users').dropIndex('tel_1');
    }
  });

  // renames field users.tel to phone
  await batch({
    collection: 'users',
    filter: { tel: { $exists: true } },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, tel: { $exists: true } },
      { $rename: { tel: 'phone' } },
      { bypassDocumentValidation: true },
    );
  });

  await step('changes the validator of users', async () => {
    await db.command({
      collMod: 'users',
      validator: {
        $jsonSchema: {
          bsonType: 'object',
          properties: { _id: { bsonType: 'objectId' }, phone: { bsonType: ['string', 'null'] } },
        },
      },
      validationLevel: 'strict',
      validationAction: 'error',
    });
  });

  await step('creates unique index phone_1 on users', async () => {
    await db.collection('users').createIndex({ phone: 1 }, {
      name: 'phone_1',
      unique: true,
      sparse: true,
    });
  });
}

async function down(db, client) {
  await step('drops index phone_1 on users', async () => {
    const standing = await db.collection('users').listIndexes().toArray();
    if (standing.some((index) => index.name === 'phone_1')) {
      await db.collection('users').dropIndex('phone_1');
    }
  });

  // renames field users.phone to tel
  await batch({
    collection: 'users',
    filter: { phone: { $exists: true } },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, phone: { $exists: true } },
      { $rename: { phone: 'tel' } },
      { bypassDocumentValidation: true },
    );
  });

  await step('changes the validator of users', async () => {
    await db.command({
      collMod: 'users',
      validator: {
        $jsonSchema: {
          bsonType: 'object',
          properties: { _id: { bsonType: 'objectId' }, tel: { bsonType: ['string', 'null'] } },
        },
      },
      validationLevel: 'strict',
      validationAction: 'error',
    });
  });

  await step('creates unique index tel_1 on users', async () => {
    await db.collection('users').createIndex({ tel: 1 }, {
      name: 'tel_1',
      unique: true,
      sparse: true,
    });
  });
}

module.exports = { up, down };
