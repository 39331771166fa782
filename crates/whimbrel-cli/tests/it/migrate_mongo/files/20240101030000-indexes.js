exports.up = async function (db) {
  await db.collection('users').createIndex({ email: 1 }, { unique: true, name: 'users_email' });
  await db.collection('users').createIndex({ role: 1, logins: -1 });
  await db.collection('orders').createIndexes([
    { key: { status: 1 }, partialFilterExpression: { status: { $eq: 'open' } } },
    { key: { expiresAt: 1 }, expireAfterSeconds: 3600 },
    { key: { 'items.sku': 1 }, sparse: true, name: 'skus' },
  ]);
  await db.collection('users').dropIndex('old_1');
};

exports.down = async function (db) {
  await db.collection('users').createIndex({ old: 1 });
  await Promise.all([
    db.collection('users').dropIndex('users_email'),
    db.collection('users').dropIndex({ role: 1, logins: -1 }),
  ]);
  const kept = ['_id_'];
  const indexes = await db.collection('orders').indexes();
  for (const { name } of indexes.filter((index) => !kept.includes(index.name))) {
    await db.collection('orders').dropIndex(name);
  }
};
