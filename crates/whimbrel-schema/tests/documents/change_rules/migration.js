// change rules

async function up(db, client) {
  await step('changes the validator of users', async () => {
    await db.command({
      collMod: 'users',
      validator: {
        $and: [
          {
            $jsonSchema: {
              bsonType: 'object',
              required: ['email'],
              properties: {
                _id: { bsonType: 'objectId' },
                email: { bsonType: 'string', minLength: 3, maxLength: 80 },
              },
            },
          },
          { $expr: { $ne: ['$email', 'root'] } },
        ],
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
