// add travel indexes

async function up(db, client) {
  await step('creates index collaborators.userId_1 on trips', async () => {
    await db.collection('trips').createIndex({ 'collaborators.userId': 1 }, {
      name: 'collaborators.userId_1',
    });
  });

  await step('creates index dates.start_1_dates.end_1 on trips', async () => {
    await db.collection('trips').createIndex({ 'dates.start': 1, 'dates.end': 1 }, {
      name: 'dates.start_1_dates.end_1',
    });
  });

  await step('creates index destination.name_1 on trips', async () => {
    await db.collection('trips').createIndex({ 'destination.name': 1 }, {
      name: 'destination.name_1',
    });
  });

  await step('creates index owner_1_createdAt_1 on trips', async () => {
    await db.collection('trips').createIndex({ owner: 1, createdAt: 1 }, {
      name: 'owner_1_createdAt_1',
    });
  });

  await step('creates index status_1 on trips', async () => {
    await db.collection('trips').createIndex({ status: 1 }, { name: 'status_1' });
  });

  await step('creates index tags_1 on trips', async () => {
    await db.collection('trips').createIndex({ tags: 1 }, { name: 'tags_1' });
  });

  await step('creates index createdAt_-1 on users', async () => {
    await db.collection('users').createIndex({ createdAt: -1 }, { name: 'createdAt_-1' });
  });

  await step('creates unique index email_1 on users', async () => {
    await db.collection('users').createIndex({ email: 1 }, { name: 'email_1', unique: true });
  });

  await step('creates unique index firebaseUid_1 on users', async () => {
    await db.collection('users').createIndex({ firebaseUid: 1 }, {
      name: 'firebaseUid_1',
      unique: true,
    });
  });

  await step('creates index lastLoginAt_-1 on users', async () => {
    await db.collection('users').createIndex({ lastLoginAt: -1 }, { name: 'lastLoginAt_-1' });
  });

  await step('creates index preferences.budgetRange.currency_1 on users', async () => {
    await db.collection('users').createIndex({ 'preferences.budgetRange.currency': 1 }, {
      name: 'preferences.budgetRange.currency_1',
    });
  });
}

async function down(db, client) {
  await step('drops index preferences.budgetRange.currency_1 on users', async () => {
    const standing = await db.collection('users').listIndexes().toArray();
    if (standing.some((index) => index.name === 'preferences.budgetRange.currency_1')) {
      await db.collection('users').dropIndex('preferences.budgetRange.currency_1');
    }
  });

  await step('drops index lastLoginAt_-1 on users', async () => {
    const standing = await db.collection('users').listIndexes().toArray();
    if (standing.some((index) => index.name === 'lastLoginAt_-1')) {
      await db.collection('users').dropIndex('lastLoginAt_-1');
    }
  });

  await step('drops index firebaseUid_1 on users', async () => {
    const standing = await db.collection('users').listIndexes().toArray();
    if (standing.some((index) => index.name === 'firebaseUid_1')) {
      await db.collection('users').dropIndex('firebaseUid_1');
    }
  });

  await step('drops index email_1 on users', async () => {
    const standing = await db.collection('users').listIndexes().toArray();
    if (standing.some((index) => index.name === 'email_1')) {
      await db.collection('users').dropIndex('email_1');
    }
  });

  await step('drops index createdAt_-1 on users', async () => {
    const standing = await db.collection('users').listIndexes().toArray();
    if (standing.some((index) => index.name === 'createdAt_-1')) {
      await db.collection('users').dropIndex('createdAt_-1');
    }
  });

  await step('drops index tags_1 on trips', async () => {
    const standing = await db.collection('trips').listIndexes().toArray();
    if (standing.some((index) => index.name === 'tags_1')) {
      await db.collection('trips').dropIndex('tags_1');
    }
  });

  await step('drops index status_1 on trips', async () => {
    const standing = await db.collection('trips').listIndexes().toArray();
    if (standing.some((index) => index.name === 'status_1')) {
      await db.collection('trips').dropIndex('status_1');
    }
  });

  await step('drops index owner_1_createdAt_1 on trips', async () => {
    const standing = await db.collection('trips').listIndexes().toArray();
    if (standing.some((index) => index.name === 'owner_1_createdAt_1')) {
      await db.collection('trips').dropIndex('owner_1_createdAt_1');
    }
  });

  await step('drops index destination.name_1 on trips', async () => {
    const standing = await db.collection('trips').listIndexes().toArray();
    if (standing.some((index) => index.name === 'destination.name_1')) {
      await db.collection('trips').dropIndex('destination.name_1');
    }
  });

  await step('drops index dates.start_1_dates.end_1 on trips', async () => {
    const standing = await db.collection('trips').listIndexes().toArray();
    if (standing.some((index) => index.name === 'dates.start_1_dates.end_1')) {
      await db.collection('trips').dropIndex('dates.start_1_dates.end_1');
    }
  });

  await step('drops index collaborators.userId_1 on trips', async () => {
    const standing = await db.collection('trips').listIndexes().toArray();
    if (standing.some((index) => index.name === 'collaborators.userId_1')) {
      await db.collection('trips').dropIndex('collaborators.userId_1');
    }
  });
}

module.exports = { up, down };
