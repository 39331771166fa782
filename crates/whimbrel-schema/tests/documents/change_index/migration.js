// change index
//
// Mind:
// - index email_1 fails where documents of users share its keys; documents without them share null

async function up(db, client) {
  await step('drops index email_1 on users', async () => {
    const standing = await db.collection('users').listIndexes().toArray();
    if (standing.some((index) => index.name === 'email_1')) {
      await db.collection('users').dropIndex('email_1');
    }
  });

  await step('changes index at_1 on users: documents expire after 3600 s', async () => {
    await db.command({ collMod: 'users', index: { name: 'at_1', expireAfterSeconds: 3600 } });
  });

  await step('creates unique index email_1 on users', async () => {
    await db.collection('users').createIndex({ email: 1 }, { name: 'email_1', unique: true });
  });
}

async function down(db, client) {
  await step('drops index email_1 on users', async () => {
    const standing = await db.collection('users').listIndexes().toArray();
    if (standing.some((index) => index.name === 'email_1')) {
      await db.collection('users').dropIndex('email_1');
    }
  });

  await step('changes index at_1 on users: documents expire after 2592000 s', async () => {
    await db.command({ collMod: 'users', index: { name: 'at_1', expireAfterSeconds: 2592000 } });
  });

  await step('creates index email_1 on users', async () => {
    await db.collection('users').createIndex({ email: 1 }, { name: 'email_1' });
  });
}

module.exports = { up, down };
