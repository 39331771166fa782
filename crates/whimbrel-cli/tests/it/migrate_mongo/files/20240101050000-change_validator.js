module.exports = {
  async up(db) {
    await db.command({
      collMod: 'orders',
      validator: { $jsonSchema: { bsonType: 'object', required: ['status'], properties: { status: { bsonType: 'string' } } } },
      validationLevel: 'strict',
      validationAction: 'warn',
    });
  },

  async down(db) {
    await db.command({ collMod: 'orders', validator: {}, validationLevel: 'off' });
  },
};
