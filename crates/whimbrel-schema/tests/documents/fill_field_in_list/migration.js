// fill field in list

async function up(db, client) {
  // fills field users.members[].role with "guest" where it is missing
  await batch({
    collection: 'users',
    filter: { members: { $elemMatch: { $exists: true } } },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, members: { $elemMatch: { $exists: true } } },
      [
        {
          $set: {
            members: {
              $cond: [
                { $isArray: ['$members'] },
                {
                  $map: {
                    input: '$members',
                    as: 'element',
                    in: {
                      $cond: [
                        {
                          $and: [
                            { $eq: [{ $type: '$$element' }, 'object'] },
                            { $eq: [{ $type: '$$element.role' }, 'missing'] },
                          ],
                        },
                        { $mergeObjects: ['$$element', { role: { $literal: 'guest' } }] },
                        '$$element',
                      ],
                    },
                  },
                },
                '$members',
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
          required: ['members'],
          properties: {
            _id: { bsonType: 'objectId' },
            members: {
              bsonType: 'array',
              items: {
                bsonType: 'object',
                required: ['name', 'role'],
                properties: { name: { bsonType: 'string' }, role: { bsonType: 'string' } },
              },
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
          required: ['members'],
          properties: {
            _id: { bsonType: 'objectId' },
            members: {
              bsonType: 'array',
              items: {
                bsonType: 'object',
                required: ['name'],
                properties: { name: { bsonType: 'string' } },
              },
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
