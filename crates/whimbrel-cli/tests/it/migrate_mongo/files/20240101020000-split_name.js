module.exports = {
  async up(db, client) {
    const cursor = db.collection('users').find({ name: { $type: 'string' } }, { projection: { name: 1 } }).sort({ _id: 1 });
    let operations = [];
    while (await cursor.hasNext()) {
      const user = await cursor.next();
      const [firstName, ...rest] = user.name.trim().split(/\s+/);
      operations.push({
        updateOne: {
          filter: { _id: user._id },
          update: { $set: { firstName, lastName: rest.join(' ') || null }, $unset: { name: '' } },
        },
      });
      if (operations.length === 2) {
        await db.collection('users').bulkWrite(operations, { ordered: false });
        operations = [];
      }
    }
    if (operations.length > 0) {
      await db.collection('users').bulkWrite(operations, { ordered: false });
    }
  },

  async down(db, client) {
    for await (const user of db.collection('users').find({ firstName: { $exists: true } })) {
      const name = [user.firstName, user.lastName].filter(Boolean).join(' ');
      await db.collection('users').updateOne({ _id: user._id }, { $set: { name }, $unset: { firstName: 1, lastName: 1 } });
    }
  },
};
