// add indexes

async function up(db, client) {
  await step('creates unique index booking_id_1 on bookings', async () => {
    await db.collection('bookings').createIndex({ booking_id: 1 }, {
      name: 'booking_id_1',
      unique: true,
    });
  });

  await step('creates index created_at_-1 on bookings', async () => {
    await db.collection('bookings').createIndex({ created_at: -1 }, { name: 'created_at_-1' });
  });

  await step('creates index session_id_1 on bookings', async () => {
    await db.collection('bookings').createIndex({ session_id: 1 }, { name: 'session_id_1' });
  });

  await step('creates index status_1 on bookings', async () => {
    await db.collection('bookings').createIndex({ status: 1 }, { name: 'status_1' });
  });

  await step('creates index user_id_1 on bookings', async () => {
    await db.collection('bookings').createIndex({ user_id: 1 }, { name: 'user_id_1' });
  });

  await step('creates index user_id_1_created_at_1 on bookings', async () => {
    await db.collection('bookings').createIndex({ user_id: 1, created_at: 1 }, {
      name: 'user_id_1_created_at_1',
    });
  });

  await step('creates index session_id_1 on conversations', async () => {
    await db.collection('conversations').createIndex({ session_id: 1 }, { name: 'session_id_1' });
  });

  await step('creates index session_id_1_updated_at_1 on conversations', async () => {
    await db.collection('conversations').createIndex({ session_id: 1, updated_at: 1 }, {
      name: 'session_id_1_updated_at_1',
    });
  });

  await step('creates index updated_at_-1 on conversations', async () => {
    await db.collection('conversations').createIndex({ updated_at: -1 }, { name: 'updated_at_-1' });
  });

  await step('creates index user_id_1 on conversations', async () => {
    await db.collection('conversations').createIndex({ user_id: 1 }, { name: 'user_id_1' });
  });

  await step('creates index last_updated_-1 on sessions', async () => {
    await db.collection('sessions').createIndex({ last_updated: -1 }, { name: 'last_updated_-1' });
  });

  await step('creates unique index session_id_1 on sessions', async () => {
    await db.collection('sessions').createIndex({ session_id: 1 }, {
      name: 'session_id_1',
      unique: true,
    });
  });

  await step('creates index user_id_1 on sessions', async () => {
    await db.collection('sessions').createIndex({ user_id: 1 }, { name: 'user_id_1' });
  });

  await step('creates index user_id_1_last_updated_1 on sessions', async () => {
    await db.collection('sessions').createIndex({ user_id: 1, last_updated: 1 }, {
      name: 'user_id_1_last_updated_1',
    });
  });

  await step('creates unique index email_1 on users', async () => {
    await db.collection('users').createIndex({ email: 1 }, {
      name: 'email_1',
      unique: true,
      sparse: true,
    });
  });

  await step('creates index last_active_-1 on users', async () => {
    await db.collection('users').createIndex({ last_active: -1 }, { name: 'last_active_-1' });
  });

  await step('creates unique index user_id_1 on users', async () => {
    await db.collection('users').createIndex({ user_id: 1 }, { name: 'user_id_1', unique: true });
  });
}

async function down(db, client) {
  await step('drops index user_id_1 on users', async () => {
    const standing = await db.collection('users').listIndexes().toArray();
    if (standing.some((index) => index.name === 'user_id_1')) {
      await db.collection('users').dropIndex('user_id_1');
    }
  });

  await step('drops index last_active_-1 on users', async () => {
    const standing = await db.collection('users').listIndexes().toArray();
    if (standing.some((index) => index.name === 'last_active_-1')) {
      await db.collection('users').dropIndex('last_active_-1');
    }
  });

  await step('drops index email_1 on users', async () => {
    const standing = await db.collection('users').listIndexes().toArray();
    if (standing.some((index) => index.name === 'email_1')) {
      await db.collection('users').dropIndex('email_1');
    }
  });

  await step('drops index user_id_1_last_updated_1 on sessions', async () => {
    const standing = await db.collection('sessions').listIndexes().toArray();
    if (standing.some((index) => index.name === 'user_id_1_last_updated_1')) {
      await db.collection('sessions').dropIndex('user_id_1_last_updated_1');
    }
  });

  await step('drops index user_id_1 on sessions', async () => {
    const standing = await db.collection('sessions').listIndexes().toArray();
    if (standing.some((index) => index.name === 'user_id_1')) {
      await db.collection('sessions').dropIndex('user_id_1');
    }
  });

  await step('drops index session_id_1 on sessions', async () => {
    const standing = await db.collection('sessions').listIndexes().toArray();
    if (standing.some((index) => index.name === 'session_id_1')) {
      await db.collection('sessions').dropIndex('session_id_1');
    }
  });

  await step('drops index last_updated_-1 on sessions', async () => {
    const standing = await db.collection('sessions').listIndexes().toArray();
    if (standing.some((index) => index.name === 'last_updated_-1')) {
      await db.collection('sessions').dropIndex('last_updated_-1');
    }
  });

  await step('drops index user_id_1 on conversations', async () => {
    const standing = await db.collection('conversations').listIndexes().toArray();
    if (standing.some((index) => index.name === 'user_id_1')) {
      await db.collection('conversations').dropIndex('user_id_1');
    }
  });

  await step('drops index updated_at_-1 on conversations', async () => {
    const standing = await db.collection('conversations').listIndexes().toArray();
    if (standing.some((index) => index.name === 'updated_at_-1')) {
      await db.collection('conversations').dropIndex('updated_at_-1');
    }
  });

  await step('drops index session_id_1_updated_at_1 on conversations', async () => {
    const standing = await db.collection('conversations').listIndexes().toArray();
    if (standing.some((index) => index.name === 'session_id_1_updated_at_1')) {
      await db.collection('conversations').dropIndex('session_id_1_updated_at_1');
    }
  });

  await step('drops index session_id_1 on conversations', async () => {
    const standing = await db.collection('conversations').listIndexes().toArray();
    if (standing.some((index) => index.name === 'session_id_1')) {
      await db.collection('conversations').dropIndex('session_id_1');
    }
  });

  await step('drops index user_id_1_created_at_1 on bookings', async () => {
    const standing = await db.collection('bookings').listIndexes().toArray();
    if (standing.some((index) => index.name === 'user_id_1_created_at_1')) {
      await db.collection('bookings').dropIndex('user_id_1_created_at_1');
    }
  });

  await step('drops index user_id_1 on bookings', async () => {
    const standing = await db.collection('bookings').listIndexes().toArray();
    if (standing.some((index) => index.name === 'user_id_1')) {
      await db.collection('bookings').dropIndex('user_id_1');
    }
  });

  await step('drops index status_1 on bookings', async () => {
    const standing = await db.collection('bookings').listIndexes().toArray();
    if (standing.some((index) => index.name === 'status_1')) {
      await db.collection('bookings').dropIndex('status_1');
    }
  });

  await step('drops index session_id_1 on bookings', async () => {
    const standing = await db.collection('bookings').listIndexes().toArray();
    if (standing.some((index) => index.name === 'session_id_1')) {
      await db.collection('bookings').dropIndex('session_id_1');
    }
  });

  await step('drops index created_at_-1 on bookings', async () => {
    const standing = await db.collection('bookings').listIndexes().toArray();
    if (standing.some((index) => index.name === 'created_at_-1')) {
      await db.collection('bookings').dropIndex('created_at_-1');
    }
  });

  await step('drops index booking_id_1 on bookings', async () => {
    const standing = await db.collection('bookings').listIndexes().toArray();
    if (standing.some((index) => index.name === 'booking_id_1')) {
      await db.collection('bookings').dropIndex('booking_id_1');
    }
  });
}

module.exports = { up, down };
