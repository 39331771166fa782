// drop index

async function up(db, client) {
  await step('drops index email_1 on users', async () => {
    const standing = await db.collection('users').listIndexes().toArray();
    if (standing.some((index) => index.name === 'email_1')) {
      await db.collection('users').dropIndex('email_1');
    }
  });
}

async function down(db, client) {
  await step('creates index email_1 on users', async () => {
    await db.collection('users').createIndex({ email: 1 }, { name: 'email_1' });
  });
}

module.exports = { up, down };
