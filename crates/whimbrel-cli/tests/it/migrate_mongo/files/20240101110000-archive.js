module.exports = {
  async up(db) {
    const old = await db.collection('orders').find({ year: { $lt: 2020 } }).toArray();
    if (old.length) {
      await db.collection('orders_archive').insertMany(old);
      await db.collection('orders').deleteMany({ _id: { $in: old.map((order) => order._id) } });
    }
    await db.collection('drafts').rename('proposals');
    await db.createCollection('open_orders', { viewOn: 'orders', pipeline: [{ $match: { status: 'open' } }] });
    const count = await db.collection('orders').countDocuments();
    const before = await db.collection('counters').findOneAndUpdate({ _id: 'orders' }, { $set: { value: count } }, { upsert: true, returnDocument: 'after' });
    await db.collection('counters').replaceOne({ _id: 'orders' }, { value: before.value, archived: old.length });
  },

  async down(db) {
    await db.collection('open_orders').drop();
    await db.collection('proposals').rename('drafts');
    await db.collection('orders_archive').aggregate([{ $merge: 'orders' }]).toArray();
    await db.collection('orders_archive').drop();
    await db.collection('counters').deleteMany({});
  },
};
