// give users points
//
// Accounts from before the challenges have none. The way back takes away only what was never won: points that
// somebody has won or was given stay.

async function up(db, client) {
  await db.collection('users').updateMany({ points: { $exists: false } }, { $set: { points: 0 } });
}

async function down(db, client) {
  await db.collection('users').updateMany({ points: 0 }, { $unset: { points: '' } });
}

module.exports = { up, down };
