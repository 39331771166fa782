//! The migrations that are cut off: ten commands each.

/// Documents of the collection that is filled in batches.
pub(super) const ITEMS: i32 = 50;

/// What every project begins with.
pub(super) fn first_file() -> String {
    format!(
        "module.exports = {{
  async up(db) {{
    const items = Array.from({{ length: {ITEMS} }}, (_, n) => ({{ _id: n + 1, price: ((n + 1) * 7) % 11, tier: n % 3, tries: 0, legacy: true }}));
    await db.collection('items').insertMany(items);
    await db.collection('counters').insertMany([{{ _id: 'first', n: 0 }}, {{ _id: 'second', n: 0 }}]);
    await db.collection('notes').insertOne({{ _id: 0 }});
  }},
  async down(db) {{
    await db.collection('items').drop();
    await db.collection('counters').drop();
    await db.collection('notes').drop();
  }},
}};
"
    )
}

/// What may run once only: counters, insertions. Every counter must end at one.
pub(super) const ONCE: &str = "module.exports = {
  async up(db) {
    const items = db.collection('items');
    const counters = db.collection('counters');
    await counters.updateOne({ _id: 'first' }, { $inc: { n: 1 } });
    await items.updateMany({}, { $inc: { tries: 1 } });
    await db.collection('notes').insertMany([{ _id: 1, text: 'one' }, { _id: 2, text: 'two' }]);
    await items.updateMany({ price: { $gt: 5 } }, { $set: { dear: true } });
    await items.deleteMany({ _id: { $gt: 45 } });
    await items.bulkWrite([
      { updateOne: { filter: { _id: 2 }, update: { $inc: { price: 100 } } } },
      { insertOne: { document: { _id: 100, price: 1, tries: 1 } } },
    ]);
    await counters.findOneAndUpdate({ _id: 'second' }, { $inc: { n: 1 } });
    await counters.replaceOne({ _id: 'third' }, { n: 1 }, { upsert: true });
    await counters.insertOne({ _id: 'last', n: 1 });
  },
  async down(db) {
    await db.collection('counters').deleteOne({ _id: 'last' });
  },
};
";

/// Ten commands, each of which may run again, in any number of runs.
pub(super) const REPEATABLE: &str = "module.exports = {
  async up(db) {
    const items = db.collection('items');
    await items.updateMany({}, { $set: { state: 'new' } });
    await items.createIndex({ price: 1 }, { name: 'items_price' });
    await db.collection('counters').updateOne({ _id: 'flag' }, { $set: { n: 1 } }, { upsert: true });
    await items.updateMany({ price: { $gt: 5 } }, { $set: { group: 'dear' } });
    await items.updateMany({ price: { $lte: 5 } }, { $set: { group: 'cheap' } });
    await items.updateMany({}, { $unset: { legacy: '' } });
    await items.createIndex({ state: 1, group: -1 });
    await items.deleteMany({ _id: { $gt: 45 } });
    await items.updateOne({ _id: 1 }, { $addToSet: { tags: 'first' } });
    await items.updateMany({}, { $max: { tries: 1 } });
  },
  async down() {},
};
";

/// Steps and a batch: run twice as a whole it would promote twice, and each step alone may run again.
pub(super) const STEPPED: &str = "module.exports = {
  async up(db) {
    const items = db.collection('items');
    const promoted = await step('promote the second', async () => {
      await items.updateMany({ tier: 1 }, { $set: { tier: 2 } });
      const { matchedCount } = await items.updateMany({ tier: 2 }, { $set: { grown: true } });
      return matchedCount;
    });
    await step('promote the first', async () => {
      await items.updateMany({ tier: 0 }, { $set: { tier: 1, above: promoted } });
    });
    await step('indexes', async () => {
      await items.createIndex({ price: 1 });
      await items.createIndex({ tier: 1, grown: 1 });
    });
    await batch({ collection: 'items', size: 10 }, async (documents) => {
      const ids = documents.map((document) => document._id);
      await items.updateMany({ _id: { $in: ids } }, { $set: { seen: true } });
    });
  },
  async down() {},
};
";

/// Sixteen commands of every kind that changes something, in a step and beside it, and some whose refusal is caught.
pub(super) const COLLECTIONS: &str = "module.exports = {
  async up(db) {
    await db.createCollection('places', { validator: { name: { $type: 'string' } } });
    await db.collection('places').insertMany([{ _id: 1, name: 'Cusco' }, { _id: 2, name: 'Puno' }]);
    await db.collection('places').createIndex({ name: 1 }, { unique: true });
    await step('more indexes', async () => {
      await db.collection('items').createIndex({ price: 1, tier: -1 });
      await db.collection('items').createIndex({ price: 1 }, { name: 'soon_gone' });
      await db.collection('items').dropIndex('soon_gone');
    });
    try {
      await db.collection('places').insertOne({ _id: 3, name: 4 });
    } catch (error) {
      await db.collection('places').insertOne({ _id: 3, name: 'Nazca' });
    }
    try {
      await db.createCollection('items', { validator: { a: 1 } });
    } catch (error) {
      await db.command({ collMod: 'items', validator: { price: { $gte: 0 } } });
    }
    await db.collection('items').updateMany({}, { $inc: { price: 1 } });
    await db.collection('notes').rename('remarks');
    await db.collection('counters').drop();
    await db.createCollection('counters');
    await db.collection('counters').insertOne({ _id: 'new', n: 1 });
    await db.collection('items').aggregate([{ $match: { tier: 0 } }, { $out: 'first_tier' }]).toArray();
  },
  async down(db) {
    await db.collection('first_tier').drop();
    await db.collection('counters').deleteMany({});
    await db.collection('remarks').rename('notes');
    await db.collection('items').updateMany({}, { $inc: { price: -1 } });
    await db.command({ collMod: 'items', validator: {} });
    await db.collection('items').dropIndex('price_1_tier_-1');
    await db.collection('places').drop();
  },
};
";
