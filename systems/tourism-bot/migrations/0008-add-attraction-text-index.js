// add attraction text index

async function up(db, client) {
  await step('creates index name_text_description_text on attractions', async () => {
    await db.collection('attractions').createIndex({ description: 'text', name: 'text' }, {
      name: 'name_text_description_text',
    });
  });
}

async function down(db, client) {
  await step('drops index name_text_description_text on attractions', async () => {
    const standing = await db.collection('attractions').listIndexes().toArray();
    if (standing.some((index) => index.name === 'name_text_description_text')) {
      await db.collection('attractions').dropIndex('name_text_description_text');
    }
  });
}

module.exports = { up, down };
