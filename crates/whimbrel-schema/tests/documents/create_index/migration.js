// create index

async function up(db, client) {
  await step('creates index open_at on users', async () => {
    await db.collection('users').createIndex({ at: 1 }, {
      name: 'open_at',
      partialFilterExpression: { status: 'open' },
    });
  });

  await step('creates index status_1_at_-1 on users', async () => {
    await db.collection('users').createIndex({ status: 1, at: -1 }, { name: 'status_1_at_-1' });
  });
}

async function down(db, client) {
  await step('drops index status_1_at_-1 on users', async () => {
    const standing = await db.collection('users').listIndexes().toArray();
    if (standing.some((index) => index.name === 'status_1_at_-1')) {
      await db.collection('users').dropIndex('status_1_at_-1');
    }
  });

  await step('drops index open_at on users', async () => {
    const standing = await db.collection('users').listIndexes().toArray();
    if (standing.some((index) => index.name === 'open_at')) {
      await db.collection('users').dropIndex('open_at');
    }
  });
}

module.exports = { up, down };
