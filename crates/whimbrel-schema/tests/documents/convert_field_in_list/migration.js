// convert field in list

async function up(db, client) {
  // converts field users.prices[] from number to decimal
  await step('counts what stands in the way: converts field users.prices[] from number to decimal', async () => {
    const unfit = await db.collection('users').countDocuments({
      prices: { $exists: true },
      $expr: {
        $anyElementTrue: [
          {
            $map: {
              input: { $cond: [{ $isArray: ['$prices'] }, '$prices', []] },
              as: 'element',
              in: {
                $and: [
                  { $not: [{ $in: [{ $type: '$$element' }, ['decimal', 'null', 'missing']] }] },
                  {
                    $eq: [{ $convert: { input: '$$element', to: 'decimal', onError: null } }, null],
                  },
                ],
              },
            },
          },
        ],
      },
    });
    if (unfit > 0) {
      throw new Error(unfit + ' documents of users hold a value in prices[] that does not convert to decimal: correct them first');
    }
  });
  await batch({
    collection: 'users',
    filter: { prices: { $exists: true } },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, prices: { $exists: true } },
      [
        {
          $set: {
            prices: {
              $cond: [
                { $isArray: ['$prices'] },
                {
                  $map: {
                    input: '$prices',
                    as: 'element',
                    in: {
                      $cond: [
                        { $in: [{ $type: '$$element' }, ['decimal', 'null', 'missing']] },
                        '$$element',
                        { $convert: { input: '$$element', to: 'decimal' } },
                      ],
                    },
                  },
                },
                '$prices',
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
          required: ['prices'],
          properties: {
            _id: { bsonType: 'objectId' },
            prices: { bsonType: 'array', items: { bsonType: 'decimal' } },
          },
        },
      },
      validationLevel: 'strict',
      validationAction: 'error',
    });
  });
}

async function down(db, client) {
  // converts field users.prices[] from decimal to double
  await step('counts what stands in the way: converts field users.prices[] from decimal to double', async () => {
    const unfit = await db.collection('users').countDocuments({
      prices: { $exists: true },
      $expr: {
        $anyElementTrue: [
          {
            $map: {
              input: { $cond: [{ $isArray: ['$prices'] }, '$prices', []] },
              as: 'element',
              in: {
                $and: [
                  {
                    $not: [
                      {
                        $in: [
                          { $type: '$$element' },
                          ['number', 'null', 'missing', 'int', 'long', 'double', 'decimal'],
                        ],
                      },
                    ],
                  },
                  {
                    $eq: [{ $convert: { input: '$$element', to: 'double', onError: null } }, null],
                  },
                ],
              },
            },
          },
        ],
      },
    });
    if (unfit > 0) {
      throw new Error(unfit + ' documents of users hold a value in prices[] that does not convert to double: correct them first');
    }
  });
  await batch({
    collection: 'users',
    filter: { prices: { $exists: true } },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, prices: { $exists: true } },
      [
        {
          $set: {
            prices: {
              $cond: [
                { $isArray: ['$prices'] },
                {
                  $map: {
                    input: '$prices',
                    as: 'element',
                    in: {
                      $cond: [
                        {
                          $in: [
                            { $type: '$$element' },
                            ['number', 'null', 'missing', 'int', 'long', 'double', 'decimal'],
                          ],
                        },
                        '$$element',
                        { $convert: { input: '$$element', to: 'double' } },
                      ],
                    },
                  },
                },
                '$prices',
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
          required: ['prices'],
          properties: {
            _id: { bsonType: 'objectId' },
            prices: { bsonType: 'array', items: { bsonType: 'number' } },
          },
        },
      },
      validationLevel: 'strict',
      validationAction: 'error',
    });
  });
}

module.exports = { up, down };
