const STATES = { new: 'open', paid: 'open', sent: 'closed', lost: 'cancelled' };

const invert = { open: 'new', closed: 'sent', cancelled: 'lost' };

async function rename(db, map) {
  await Promise.all(
    Object.entries(map).map(([from, to]) => db.collection('orders').updateMany({ status: from }, { $set: { status: to } })),
  );
  const left = await db.collection('orders').distinct('status', { status: { $in: Object.keys(map) } });
  if (left.length > 0) throw new Error(`states that nobody knows: ${left}`);
}

module.exports = {
  up(db) {
    return rename(db, STATES).then(() =>
      db.collection('orders').updateMany(
        { 'items.state': 'p' },
        { $set: { 'items.$[item].state': 'packed', 'items.$[].checked': true } },
        { arrayFilters: [{ 'item.state': 'p' }] },
      ),
    );
  },

  down(db) {
    return db
      .collection('orders')
      .updateMany({}, { $set: { 'items.$[item].state': 'p' }, $unset: { 'items.$[].checked': '' } }, { arrayFilters: [{ 'item.state': 'packed' }] })
      .then(() => rename(db, invert));
  },
};
