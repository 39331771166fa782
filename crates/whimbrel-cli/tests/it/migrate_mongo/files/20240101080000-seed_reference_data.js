const { ObjectId, Decimal128, Long, Int32, Double, Binary, UUID, Timestamp, MinKey } = require('mongodb');

const countries = [
  { _id: new ObjectId('64b7f0000000000000000001'), code: 'PE', tax: Decimal128.fromString('0.180'), population: Long.fromString('33000000') },
  { _id: ObjectId.createFromHexString('64b7f0000000000000000002'), code: 'CL', tax: new Decimal128('0.19'), population: 19n },
];

module.exports = {
  async up(db) {
    const { insertedCount, insertedIds } = await db.collection('countries').insertMany(countries);
    if (insertedCount !== 2 || !insertedIds[0].equals(countries[0]._id)) throw new Error('two were expected');
    const { insertedId } = await db.collection('generated').insertOne({ kind: 'import', created: new Date(), since: new Date('2020-02-29T12:30:00.250Z') });
    await db.collection('countries').updateOne({ code: 'PE' }, { $set: { importId: insertedId, seen: new Date(0) } });
    await db.collection('kinds').insertOne({
      _id: 1,
      int: 1,
      big: 2 ** 40,
      negativeZero: -0,
      half: 0.5,
      int32: new Int32(7),
      double: new Double(7),
      long: Long.fromNumber(7),
      nothing: null,
      missing: undefined,
      pattern: /^a.b$/im,
      bytes: Binary.createFromBase64('d2hpbWJyZWw='),
      uuid: new UUID('0f8fad5b-d9cb-469f-a165-70867728950e'),
      stamp: new Timestamp({ t: 5, i: 6 }),
      least: new MinKey(),
      nested: { list: [1, 'two', { three: 3 }, [4]], empty: {} },
    });
  },

  async down(db) {
    await db.collection('countries').deleteMany({ _id: { $in: countries.map((country) => country._id) } });
    await db.collection('generated').deleteOne({ kind: 'import' });
    await db.collection('kinds').findOneAndDelete({ _id: 1 });
  },
};
