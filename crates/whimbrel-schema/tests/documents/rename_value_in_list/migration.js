// rename value in list

async function up(db, client) {
  // replaces value viewer of field users.roles[] by guest
  await batch({
    collection: 'users',
    filter: { roles: 'viewer' },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, roles: 'viewer' },
      [
        {
          $set: {
            roles: {
              $cond: [
                { $isArray: ['$roles'] },
                {
                  $map: {
                    input: '$roles',
                    as: 'element',
                    in: {
                      $cond: [
                        { $eq: ['$$element', { $literal: 'viewer' }] },
                        { $literal: 'guest' },
                        '$$element',
                      ],
                    },
                  },
                },
                '$roles',
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
          required: ['roles'],
          properties: {
            _id: { bsonType: 'objectId' },
            roles: { bsonType: 'array', items: { bsonType: 'string', enum: ['owner', 'guest'] } },
          },
        },
      },
      validationLevel: 'strict',
      validationAction: 'error',
    });
  });
}

async function down(db, client) {
  // replaces value guest of field users.roles[] by viewer
  await batch({
    collection: 'users',
    filter: { roles: 'guest' },
    size: 1000,
  }, async (documents, db) => {
    const ids = documents.map((document) => document._id);
    await db.collection('users').updateMany(
      { _id: { $in: ids }, roles: 'guest' },
      [
        {
          $set: {
            roles: {
              $cond: [
                { $isArray: ['$roles'] },
                {
                  $map: {
                    input: '$roles',
                    as: 'element',
                    in: {
                      $cond: [
                        { $eq: ['$$element', { $literal: 'guest' }] },
                        { $literal: 'viewer' },
                        '$$element',
                      ],
                    },
                  },
                },
                '$roles',
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
          required: ['roles'],
          properties: {
            _id: { bsonType: 'objectId' },
            roles: { bsonType: 'array', items: { bsonType: 'string', enum: ['owner', 'viewer'] } },
          },
        },
      },
      validationLevel: 'strict',
      validationAction: 'error',
    });
  });
}

module.exports = { up, down };
