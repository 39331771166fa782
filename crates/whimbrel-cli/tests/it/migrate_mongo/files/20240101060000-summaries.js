module.exports = {
  up: async (db) => {
    await db
      .collection('orders')
      .aggregate([
        { $unwind: '$items' },
        { $group: { _id: '$user', spent: { $sum: { $multiply: ['$items.price', '$items.count'] } }, orders: { $addToSet: '$_id' } } },
        { $set: { orders: { $size: '$orders' } } },
        { $sort: { _id: 1 } },
        { $out: 'spending' },
      ])
      .toArray();
    await db
      .collection('spending')
      .aggregate([
        { $project: { spent: 1 } },
        { $merge: { into: 'users', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
      ])
      .toArray();
  },

  down: async (db) => {
    await db.collection('users').updateMany({}, { $unset: { spent: true } });
    await db.collection('spending').drop();
  },
};
