// remove field in list
//
// Mind:
// - users.members[].zip is removed from every document, and its values are lost
//
// Rolling back does not bring back the data of what this does:
// - removes field users.members[].zip

async function up(db, client) {
  // removes field users.members[].zip
  await batch({
    collection: 'users',
    filter: { 'members.zip': { $exists: true } },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, 'members.zip': { $exists: true } },
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
                        { $eq: [{ $type: '$$element' }, 'object'] },
                        { $unsetField: { field: 'zip', input: '$$element' } },
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
                properties: { name: { bsonType: 'string' }, zip: { bsonType: ['string', 'null'] } },
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
