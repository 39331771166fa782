module.exports = {
  async up(db) {
    const users = db.collection('users');
    await users.updateMany({ role: { $exists: false } }, { $set: { role: 'member', flags: { beta: false, news: true } } });
    await users.updateMany({ email: /@EXAMPLE\.com$/i }, [{ $set: { email: { $toLower: '$email' } } }]);
    await users.updateMany({}, { $unset: { legacyToken: '' }, $rename: { tel: 'phone' } });
    const { matchedCount, modifiedCount } = await users.updateOne({ _id: 1 }, { $inc: { logins: 1 }, $currentDate: { migratedAt: true } });
    console.log(`matched ${matchedCount}, modified ${modifiedCount}`);
  },

  async down(db) {
    const users = db.collection('users');
    await users.updateMany({}, { $unset: { role: '', flags: '', migratedAt: '' }, $rename: { phone: 'tel' } });
    await users.updateOne({ _id: 1 }, { $inc: { logins: -1 } });
  },
};
