// convert by hand
//
// Mind:
// - users.tags was string and becomes array: write the conversion of its values yourself

async function up(db, client) {
  await step('changes the validator of users', async () => {
    await db.command({
      collMod: 'users',
      validator: {
        $jsonSchema: {
          bsonType: 'object',
          required: ['tags'],
          properties: {
            _id: { bsonType: 'objectId' },
            tags: { bsonType: 'array', items: { bsonType: 'string' } },
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
          required: ['tags'],
          properties: { _id: { bsonType: 'objectId' }, tags: { bsonType: 'string' } },
        },
      },
      validationLevel: 'strict',
      validationAction: 'error',
    });
  });
}

module.exports = { up, down };
