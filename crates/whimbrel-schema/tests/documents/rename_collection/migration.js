// rename collection

async function up(db, client) {
  await step('renames collection people to users', async () => {
    const standing = await db.listCollections({ name: 'people' }).toArray();
    if (standing.length > 0) await db.collection('people').rename('users');
  });
}

async function down(db, client) {
  await step('renames collection users to people', async () => {
    const standing = await db.listCollections({ name: 'users' }).toArray();
    if (standing.length > 0) await db.collection('users').rename('people');
  });
}

module.exports = { up, down };
