// convert field

async function up(db, client) {
  // converts field users.age from string to long
  await step('counts what stands in the way: converts field users.age from string to long', async () => {
    const unfit = await db.collection('users').countDocuments({
      age: { $exists: true, $not: { $type: ['int', 'long', 'double', 'null'] } },
      $expr: {
        $and: [
          { $not: [{ $in: [{ $type: '$age' }, ['int', 'long', 'double', 'null', 'missing']] }] },
          {
            $or: [
              { $eq: [{ $convert: { input: '$age', to: 'long', onError: null } }, null] },
              {
                $and: [
                  { $isNumber: '$age' },
                  { $ne: [{ $convert: { input: '$age', to: 'long', onError: null } }, '$age'] },
                ],
              },
            ],
          },
        ],
      },
    });
    if (unfit > 0) {
      throw new Error(unfit + ' documents of users hold a value in age that does not convert to long: correct them first');
    }
  });
  await batch({
    collection: 'users',
    filter: { age: { $exists: true, $not: { $type: ['int', 'long', 'double', 'null'] } } },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      {
        _id: { $in: ids },
        age: { $exists: true, $not: { $type: ['int', 'long', 'double', 'null'] } },
      },
      [
        {
          $set: {
            age: {
              $cond: [
                { $in: [{ $type: '$age' }, ['int', 'long', 'double', 'null', 'missing']] },
                '$age',
                { $convert: { input: '$age', to: 'long' } },
              ],
            },
          },
        },
      ],
      { bypassDocumentValidation: true },
    );
  });

  await step('changes the validator of users', async () => {
    await db.command({
      collMod: 'users',
      validator: {
        $jsonSchema: {
          bsonType: 'object',
          required: ['age'],
          properties: {
            _id: { bsonType: 'objectId' },
            age: {
              bsonType: ['int', 'long', 'double'],
              multipleOf: 1,
              minimum: -2147483648,
              maximum: 2147483647,
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
  // converts field users.age from int or long or double to string
  await step('counts what stands in the way: converts field users.age from int or long or double to string', async () => {
    const unfit = await db.collection('users').countDocuments({
      age: { $exists: true, $not: { $type: ['string', 'null'] } },
      $expr: {
        $and: [
          { $not: [{ $in: [{ $type: '$age' }, ['string', 'null', 'missing']] }] },
          { $eq: [{ $convert: { input: '$age', to: 'string', onError: null } }, null] },
        ],
      },
    });
    if (unfit > 0) {
      throw new Error(unfit + ' documents of users hold a value in age that does not convert to string: correct them first');
    }
  });
  await batch({
    collection: 'users',
    filter: { age: { $exists: true, $not: { $type: ['string', 'null'] } } },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, age: { $exists: true, $not: { $type: ['string', 'null'] } } },
      [
        {
          $set: {
            age: {
              $cond: [
                { $in: [{ $type: '$age' }, ['string', 'null', 'missing']] },
                '$age',
                { $convert: { input: '$age', to: 'string' } },
              ],
            },
          },
        },
      ],
      { bypassDocumentValidation: true },
    );
  });

  await step('changes the validator of users', async () => {
    await db.command({
      collMod: 'users',
      validator: {
        $jsonSchema: {
          bsonType: 'object',
          required: ['age'],
          properties: { _id: { bsonType: 'objectId' }, age: { bsonType: 'string' } },
        },
      },
      validationLevel: 'strict',
      validationAction: 'error',
    });
  });
}

module.exports = { up, down };
