// rename field in list

async function up(db, client) {
  // renames field users.members[].user to userId
  await batch({
    collection: 'users',
    filter: { 'members.user': { $exists: true } },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, 'members.user': { $exists: true } },
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
                        { $eq: [{ $type: '$$element.user' }, 'missing'] },
                        '$$element',
                        {
                          $unsetField: {
                            field: 'user',
                            input: { $mergeObjects: ['$$element', { userId: '$$element.user' }] },
                          },
                        },
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
                required: ['userId'],
                properties: { userId: { bsonType: 'objectId' } },
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
  // renames field users.members[].userId to user
  await batch({
    collection: 'users',
    filter: { 'members.userId': { $exists: true } },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, 'members.userId': { $exists: true } },
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
                        { $eq: [{ $type: '$$element.userId' }, 'missing'] },
                        '$$element',
                        {
                          $unsetField: {
                            field: 'userId',
                            input: { $mergeObjects: ['$$element', { user: '$$element.userId' }] },
                          },
                        },
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
                required: ['user'],
                properties: { user: { bsonType: 'objectId' } },
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
