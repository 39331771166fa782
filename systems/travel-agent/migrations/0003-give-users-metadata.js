// give users metadata
//
// Users that came from the JSON files have none. The way back takes away only what nobody has written to since.

async function up(db, client) {
  await db.collection('users').updateMany({ metadata: { $exists: false } }, {
    $set: { metadata: { preferences: {}, booking_history: [] } },
  });
}

async function down(db, client) {
  await db.collection('users').updateMany({ metadata: { preferences: {}, booking_history: [] } }, {
    $unset: { metadata: '' },
  });
}

module.exports = { up, down };
