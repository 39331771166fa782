// add location indexes

async function up(db, client) {
  await step('creates index location.coordinates_2dsphere on attractions', async () => {
    await db.collection('attractions').createIndex({ 'location.coordinates': '2dsphere' }, {
      name: 'location.coordinates_2dsphere',
    });
  });

  await step('creates index location.coordinates_2dsphere on emergency_services', async () => {
    await db.collection('emergency_services').createIndex({ 'location.coordinates': '2dsphere' }, {
      name: 'location.coordinates_2dsphere',
    });
  });

  await step('creates index location.coordinates_2dsphere on events', async () => {
    await db.collection('events').createIndex({ 'location.coordinates': '2dsphere' }, {
      name: 'location.coordinates_2dsphere',
    });
  });

  await step('creates index location.coordinates_2dsphere on hotels', async () => {
    await db.collection('hotels').createIndex({ 'location.coordinates': '2dsphere' }, {
      name: 'location.coordinates_2dsphere',
    });
  });

  await step('creates index location.coordinates_2dsphere on restaurants', async () => {
    await db.collection('restaurants').createIndex({ 'location.coordinates': '2dsphere' }, {
      name: 'location.coordinates_2dsphere',
    });
  });

  await step('creates index location.coordinates_2dsphere on safety_alerts', async () => {
    await db.collection('safety_alerts').createIndex({ 'location.coordinates': '2dsphere' }, {
      name: 'location.coordinates_2dsphere',
    });
  });
}

async function down(db, client) {
  await step('drops index location.coordinates_2dsphere on safety_alerts', async () => {
    const standing = await db.collection('safety_alerts').listIndexes().toArray();
    if (standing.some((index) => index.name === 'location.coordinates_2dsphere')) {
      await db.collection('safety_alerts').dropIndex('location.coordinates_2dsphere');
    }
  });

  await step('drops index location.coordinates_2dsphere on restaurants', async () => {
    const standing = await db.collection('restaurants').listIndexes().toArray();
    if (standing.some((index) => index.name === 'location.coordinates_2dsphere')) {
      await db.collection('restaurants').dropIndex('location.coordinates_2dsphere');
    }
  });

  await step('drops index location.coordinates_2dsphere on hotels', async () => {
    const standing = await db.collection('hotels').listIndexes().toArray();
    if (standing.some((index) => index.name === 'location.coordinates_2dsphere')) {
      await db.collection('hotels').dropIndex('location.coordinates_2dsphere');
    }
  });

  await step('drops index location.coordinates_2dsphere on events', async () => {
    const standing = await db.collection('events').listIndexes().toArray();
    if (standing.some((index) => index.name === 'location.coordinates_2dsphere')) {
      await db.collection('events').dropIndex('location.coordinates_2dsphere');
    }
  });

  await step('drops index location.coordinates_2dsphere on emergency_services', async () => {
    const standing = await db.collection('emergency_services').listIndexes().toArray();
    if (standing.some((index) => index.name === 'location.coordinates_2dsphere')) {
      await db.collection('emergency_services').dropIndex('location.coordinates_2dsphere');
    }
  });

  await step('drops index location.coordinates_2dsphere on attractions', async () => {
    const standing = await db.collection('attractions').listIndexes().toArray();
    if (standing.some((index) => index.name === 'location.coordinates_2dsphere')) {
      await db.collection('attractions').dropIndex('location.coordinates_2dsphere');
    }
  });
}

module.exports = { up, down };
