/**
 * Migration: Add User Roles
 * Version: 3
 */

async function up(db) {
  console.log('Running migration: Add User Roles');

  await db.collection('users').updateMany({}, {
    $set: { role: 'user' }
  });
}

async function down(db) {
  console.log('Rolling back migration: Add User Roles');

  await db.collection('users').updateMany({}, {
    $unset: { role: 1 }
  });
}

module.exports = { up, down };
