// set validation
//
// Mind:
// - documents of users were not checked before: those that do not match are refused when they are next written

async function up(db, client) {
  await step('sets the validator of users (moderate, warn)', async () => {
    await db.command({
      collMod: 'users',
      validator: {
        $jsonSchema: {
          bsonType: 'object',
          required: ['email'],
          properties: { _id: { bsonType: 'objectId' }, email: { bsonType: 'string' } },
        },
      },
      validationLevel: 'moderate',
      validationAction: 'warn',
    });
  });
}

async function down(db, client) {
  await step('removes the validator of users', async () => {
    await db.command({ collMod: 'users', validator: {} });
  });
}

module.exports = { up, down };
