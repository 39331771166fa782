const schema = {
  bsonType: 'object',
  required: ['title', 'price'],
  properties: {
    title: { bsonType: 'string', minLength: 1, maxLength: 200 },
    price: { bsonType: ['int', 'double', 'decimal'], minimum: 0 },
    tags: { bsonType: 'array', items: { bsonType: 'string' }, uniqueItems: true },
    state: { enum: ['draft', 'live', null] },
  },
};

module.exports = {
  async up(db) {
    const existing = await db.listCollections({ name: 'products' }, { nameOnly: true }).toArray();
    if (existing.length === 0) {
      await db.createCollection('products', { validator: { $jsonSchema: schema }, validationLevel: 'moderate', validationAction: 'error' });
    }
    await db.createCollection('events', { capped: true, size: 65536, max: 100 });
    await db.collection('products').insertOne({ _id: 'p1', title: 'Map', price: 9.5, tags: ['paper'], state: 'draft' });
    try {
      await db.collection('products').insertOne({ _id: 'p2', title: '' });
      throw new Error('the validator let it through');
    } catch (error) {
      if (error.code !== 121) throw error;
    }
  },

  async down(db) {
    await db.collection('products').drop();
    await db.dropCollection('events');
  },
};
