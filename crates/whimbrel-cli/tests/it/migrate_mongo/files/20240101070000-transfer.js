module.exports = {
  async up(db, client) {
    const session = client.startSession();
    try {
      await session.withTransaction(async () => {
        await db.collection('users').updateOne({ _id: 1 }, { $inc: { points: -5 } }, { session });
        await db.collection('users').updateOne({ _id: 2 }, { $inc: { points: 5 } }, { session });
        await db.collection('transfers').insertOne({ _id: 't1', from: 1, to: 2, points: 5 }, { session });
      });
    } finally {
      await session.endSession();
    }
  },

  async down(db, client) {
    const session = client.startSession();
    session.startTransaction();
    try {
      await db.collection('users').updateOne({ _id: 1 }, { $inc: { points: 5 } }, { session });
      await db.collection('users').updateOne({ _id: 2 }, { $inc: { points: -5 } }, { session });
      await db.collection('transfers').deleteOne({ _id: 't1' }, { session });
      await session.commitTransaction();
    } catch (error) {
      await session.abortTransaction();
      throw error;
    } finally {
      await session.endSession();
    }
  },
};
