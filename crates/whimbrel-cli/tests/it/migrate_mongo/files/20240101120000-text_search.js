module.exports = {
  async up(db) {
    await db.collection('orders').createIndex({ note: 'text', 'items.sku': 'text' }, { weights: { note: 5 }, default_language: 'spanish', name: 'search' });
    const [first] = await db.collection('orders').find({ $text: { $search: 'puente' } }).toArray();
    await db.collection('orders').updateOne({ _id: first._id }, { $set: { found: true } });
  },

  async down(db) {
    await db.collection('orders').updateMany({}, { $unset: { found: 1 } });
    await db.collection('orders').dropIndex('search');
  },
};
