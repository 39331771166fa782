// several changes
//
// Mind:
// - index phone_1 fails where documents of users share its keys

async function up(db, client) {
  await step('renames collection people to users', async () => {
    const standing = await db.listCollections({ name: 'people' }).toArray();
    if (standing.length > 0) await db.collection('people').rename('users');
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

  // fills field users.trips with 0 where it is missing
  await batch({
    collection: 'users',
    filter: { trips: { $exists: false } },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, trips: { $exists: false } },
      { $set: { trips: 0 } },
      { bypassDocumentValidation: true },
    );
  });

  await step('changes the validator of users', async () => {
    await db.command({
      collMod: 'users',
      validator: {
        $jsonSchema: {
          bsonType: 'object',
          required: ['profile', 'trips'],
          properties: {
            _id: { bsonType: 'objectId' },
            phone: { bsonType: ['string', 'null'] },
            profile: { bsonType: 'object', properties: { city: { bsonType: ['string', 'null'] } } },
            trips: { bsonType: ['int', 'long', 'double'], multipleOf: 1 },
          },
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

  await step('creates index profile.city_1 on users', async () => {
    await db.collection('users').createIndex({ 'profile.city': 1 }, { name: 'profile.city_1' });
  });
}

async function down(db, client) {
  await step('drops index profile.city_1 on users', async () => {
    const standing = await db.collection('users').listIndexes().toArray();
    if (standing.some((index) => index.name === 'profile.city_1')) {
      await db.collection('users').dropIndex('profile.city_1');
    }
  });

  await step('drops index phone_1 on users', async () => {
    const standing = await db.collection('users').listIndexes().toArray();
    if (standing.some((index) => index.name === 'phone_1')) {
      await db.collection('users').dropIndex('phone_1');
    }
  });

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
          required: ['profile'],
          properties: {
            _id: { bsonType: 'objectId' },
            tel: { bsonType: ['string', 'null'] },
            profile: { bsonType: 'object', properties: { town: { bsonType: ['string', 'null'] } } },
          },
        },
      },
      validationLevel: 'strict',
      validationAction: 'error',
    });
  });

  await step('renames collection users to people', async () => {
    const standing = await db.listCollections({ name: 'users' }).toArray();
    if (standing.length > 0) await db.collection('users').rename('people');
  });
}

module.exports = { up, down };
