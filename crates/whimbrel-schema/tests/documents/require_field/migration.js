// require field
//
// Mind:
// - users.email becomes required, and documents without it no longer match: fill it in first, or give it a `default`

async function up(db, client) {
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

async function down(db, client) {
  await step('changes the validator of users', async () => {
    await db.command({
      collMod: 'users',
      validator: {
        $jsonSchema: {
          bsonType: 'object',
          properties: { _id: { bsonType: 'objectId' }, email: { bsonType: ['string', 'null'] } },
        },
      },
      validationLevel: 'strict',
      validationAction: 'error',
    });
  });
}

module.exports = { up, down };
