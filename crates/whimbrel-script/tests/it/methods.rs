//! Every method of a collection, a database and a cursor, on real servers.

use serde_json::json;
use whimbrel_script::Entry;

use crate::server::{Database, Server, play};

/// Runs the body of an `up(db, client)` on both servers, and compares what it returns.
async fn both(body: &str, expected: &serde_json::Value) {
    for server in Server::ALL {
        one(server, body, expected).await;
    }
}

async fn one(server: Server, body: &str, expected: &serde_json::Value) {
    let database = Database::fresh(server).await;
    let text =
        format!("module.exports.up = async (db, client) => {{ const c = db.collection('c');\n{body}\n}};");
    assert_eq!(&play(&database, &text, Entry::Up).await.json(), expected, "{server:?}: {body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn writes() {
    let body = "const out = []; const note = (value) => { delete value.acknowledged; out.push(value); };
        note(await c.insertOne({ _id: 1, n: 1 })); note(await c.insertMany([{ _id: 2, n: 2 }, { _id: 3, n: 3 }]));
        note(await c.updateOne({ _id: 1 }, { $set: { n: 10 } })); note(await c.updateMany({}, [{ $set: { m: '$n' } }]));
        note(await c.updateOne({ _id: 9 }, { $set: { n: 9 } }, { upsert: true })); note(await c.replaceOne({ _id: 9 }, { n: 90 }));
        note(await c.updateOne({ _id: 3 }, { $set: { 'a.$[x]': 0 } }, { arrayFilters: [{ x: 1 }] }).catch((e) => ({ refused: e.name })));
        note(await c.deleteOne({ _id: 9 })); note(await c.deleteMany({ n: { $gt: 100 } }));
        return out;";
    let expected = json!([
        { "insertedId": 1 }, { "insertedCount": 2, "insertedIds": { "0": 2, "1": 3 } },
        { "modifiedCount": 1, "upsertedId": null, "upsertedCount": 0, "matchedCount": 1 },
        { "modifiedCount": 3, "upsertedId": null, "upsertedCount": 0, "matchedCount": 3 },
        { "modifiedCount": 0, "upsertedId": 9, "upsertedCount": 1, "matchedCount": 0 },
        { "modifiedCount": 1, "upsertedId": null, "upsertedCount": 0, "matchedCount": 1 },
        { "refused": "MongoServerError" }, { "deletedCount": 1 }, { "deletedCount": 0 }
    ]);
    one(Server::Engine, body, &expected).await;
    let body = "const id = await c.insertOne({ a: 1 }); const doc = { b: 1 }; const many = await c.insertMany([doc, { b: 2 }]);
        return [id.insertedId instanceof ObjectId, doc._id.equals(many.insertedIds[0]), await c.countDocuments()];";
    both(body, &json!([true, true, 3])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn find_and_modify() {
    let body = "await c.insertMany([{ _id: 1, n: 1 }, { _id: 2, n: 2 }]);
        return [await c.findOneAndUpdate({ _id: 1 }, { $inc: { n: 1 } }), await c.findOneAndUpdate({ _id: 1 }, { $inc: { n: 1 } }, { returnDocument: 'after', projection: { _id: 0 } }),
            await c.findOneAndReplace({ _id: 2 }, { x: 1 }, { returnDocument: 'after' }), await c.findOneAndDelete({}, { sort: { _id: -1 } }), await c.findOneAndDelete({ _id: 7 }),
            (await c.findOneAndUpdate({ _id: 1 }, { $set: { z: 1 } }, { includeResultMetadata: true })).lastErrorObject.updatedExisting,
            await c.findAndModify({ query: { _id: 1 }, update: { $set: { y: 1 } }, new: true, fields: { y: 1 } })];";
    let expected = json!([{ "_id": 1, "n": 1 }, { "n": 3 }, { "_id": 2, "x": 1 }, { "_id": 2, "x": 1 }, null, true, { "_id": 1, "y": 1 }]);
    both(body, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bulk_writes() {
    let body = "const r = await c.bulkWrite([{ insertOne: { document: { _id: 1 } } }, { insertOne: { document: { _id: 2 } } }, { updateOne: { filter: { _id: 1 }, update: { $set: { a: 1 } } } },
            { updateMany: { filter: {}, update: { $set: { b: 1 } } } }, { updateOne: { filter: { _id: 5 }, update: { $set: { a: 1 } }, upsert: true } },
            { replaceOne: { filter: { _id: 2 }, replacement: { c: 1 } } }, { deleteOne: { filter: { _id: 1 } } }, { deleteMany: { filter: { none: 1 } } }]);
        const counts = [r.insertedCount, r.matchedCount, r.modifiedCount, r.deletedCount, r.upsertedCount, r.upsertedIds, r.insertedIds];
        const failed = await c.bulkWrite([{ insertOne: { _id: 7 } }, { insertOne: { _id: 7 } }, { insertOne: { _id: 8 } }]).catch((e) => [e.name, e.code, e.insertedCount, e.writeErrors[0].index]);
        const unordered = await c.insertMany([{ _id: 8 }, { _id: 8 }, { _id: 9 }], { ordered: false }).catch((e) => [e.code, e.result.insertedCount, e.writeErrors.length, e.insertedIds]);
        const bulk = c.initializeUnorderedBulkOp(); bulk.insert({ _id: 20 }); bulk.find({ _id: 20 }).upsert().updateOne({ $set: { x: 1 } }); bulk.find({ _id: 8 }).delete();
        const done = await bulk.execute(); const ordered = c.initializeOrderedBulkOp(); ordered.find({}).update({ $set: { all: 1 } }); 
        return [counts, failed, unordered, [done.nInserted, done.nRemoved], (await ordered.execute()).nModified === await c.countDocuments(), await c.bulkWrite([]).catch((e) => e.name)];";
    let expected = json!([
        [2, 4, 4, 1, 1, { "4": 5 }, { "0": 1, "1": 2 }],
        ["MongoBulkWriteError", 11000, 1, 1], [11000, 2, 1, { "0": 8, "2": 9 }], [1, 1], true, "MongoInvalidArgumentError"
    ]);
    both(body, &expected).await;
    let body = "const all = Array.from({ length: 2500 }, (_, _id) => ({ _id, text: 'x'.repeat(20) })); const r = await c.insertMany(all); return [r.insertedCount, r.insertedIds[2499], await c.countDocuments()];";
    both(body, &json!([2500, 2499, 2500])).await;
    // Six documents of ten megabytes are more than one message holds.
    let body = "const big = 'x'.repeat(10_000_000); const r = await c.insertMany([1, 2, 3, 4, 5, 6].map((_id) => ({ _id, big }))); return [r.insertedCount, await c.countDocuments()];";
    one(Server::Engine, body, &json!([6, 6])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors() {
    let body = "await c.insertMany(Array.from({ length: 10 }, (_, _id) => ({ _id, even: _id % 2 === 0 })));
        const ids = async (cursor) => (await cursor.toArray()).map((d) => d._id);
        const cursor = c.find({}).sort({ _id: -1 }).batchSize(3); const first = [await cursor.hasNext(), (await cursor.next())._id, (await cursor.tryNext())._id]; await cursor.close();
        const looped = []; for await (const d of c.find({ even: true }, { batchSize: 2, sort: [['_id', 'desc']] })) looped.push(d._id);
        const each = []; await c.find().sort('_id').limit(3).forEach((d) => { each.push(d._id); });
        const stopped = []; await c.find().sort('_id').forEach((d) => { stopped.push(d._id); return d._id < 1; });
        const broken = []; for await (const d of c.find().batchSize(2)) { broken.push(d._id); if (broken.length === 3) break; }
        return [first, looped, each, stopped, broken.length, await ids(c.find().sort({ _id: 1 }).skip(2).limit(2)), await c.find({ even: true }).count(), await c.find().project({ even: 0 }).limit(1).sort({ _id: 1 }).toArray(),
            await c.find().sort({ _id: 1 }).limit(2).map((d) => d._id * 2).toArray(), await ids(c.find().hint({ _id: 1 }).limit(-1)), await c.find({ none: 1 }).next(), await c.find().filter({ _id: 3 }).hasNext(),
            await c.aggregate([{ $match: { even: true } }, { $group: { _id: null, n: { $sum: '$_id' } } }], { batchSize: 1 }).toArray(),
            await c.aggregate().match({ _id: { $lt: 2 } }).sort({ _id: -1 }).toArray().then((all) => all.map((d) => d._id)), typeof (await c.find().explain()).queryPlanner];";
    let expected = json!([
        [true, 9, 8], [8, 6, 4, 2, 0], [0, 1, 2], [0, 1], 3, [2, 3], 5, [{ "_id": 0 }], [0, 2], [0], null, true,
        [{ "_id": null, "n": 20 }], [1, 0], "object"
    ]);
    both(body, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reads() {
    let body = "await c.insertMany([{ _id: 1, t: 'a' }, { _id: 2, t: 'b' }, { _id: 3, t: 'a' }]);
        return [await c.findOne({ t: 'a' }, { sort: { _id: -1 }, projection: { t: 1 } }), await c.findOne({ t: 'z' }), await c.countDocuments({ t: 'a' }), await c.countDocuments({}, { limit: 2 }),
            await c.estimatedDocumentCount(), (await c.distinct('t')).sort(), (await c.distinct('t', { _id: 2 })), await c.count({ t: 'b' })];";
    both(body, &json!([{ "_id": 3, "t": "a" }, null, 2, 2, 3, ["a", "b"], ["b"], 1])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn indexes() {
    let body = "await c.insertOne({ a: 1 }); const names = [await c.createIndex({ a: 1 }, { unique: true }), await c.createIndex('b'), await c.createIndex([['x', 1], ['y', -1]]), await c.createIndex(['k', 'l'], { name: 'kl' }),
            await c.createIndexes([{ key: { m: 1 } }, { key: { n: -1 }, name: 'enn', sparse: true }]), await c.ensureIndex({ e: 1 })];
        const listed = (await c.indexes()).map((i) => i.name).sort(); const cursor = (await c.listIndexes().toArray()).length;
        const exists = [await c.indexExists('kl'), await c.indexExists(['a_1', 'zz']), await db.collection('none').indexExists('x')];
        await c.dropIndex('kl'); const unique = (await c.getIndexes()).find((i) => i.name === 'a_1').unique; await c.dropIndexes();
        return [names, listed, cursor, exists, unique, (await c.indexes()).length, (await c.indexInformation())._id_, await db.collection('none').dropIndexes()];";
    let expected = json!([
        ["a_1", "b_1", "x_1_y_-1", "kl", ["m_1", "enn"], "e_1"],
        ["_id_", "a_1", "b_1", "e_1", "enn", "kl", "m_1", "x_1_y_-1"],
        8,
        [true, false, false],
        true,
        1,
        [["_id", 1]],
        true
    ]);
    both(body, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database() {
    let body = "await db.createCollection('made', { validator: { $jsonSchema: { required: ['a'] } } }); await c.insertOne({ a: 1 }); await db.createCollection('view', { viewOn: 'c', pipeline: [] });
        const refused = await db.collection('made').insertOne({ b: 1 }).catch((e) => [e.code, e.errInfo !== undefined]); const names = (await db.listCollections().toArray()).map((x) => x.name).filter((n) => !n.startsWith('system')).sort();
        const collections = (await db.collections()).map((x) => x.collectionName).filter((n) => !n.startsWith('system')).sort(); const found = (await db.listCollections({ name: 'made' }, { nameOnly: true }).toArray()).length;
        const capped = await c.isCapped(); const options = Object.keys(await db.collection('made').options()); await c.rename('renamed'); await db.renameCollection('renamed', 'again');
        return [refused, names, collections, found, capped, options, await db.collection('again').countDocuments(), await db.dropCollection('again'), (await db.command({ ping: 1 })).ok, (await db.admin().command({ ping: 1 })).ok,
            (await db.admin().ping()).ok, db.databaseName === db.collection('x').dbName, client.db().databaseName === db.databaseName, client.db('other').databaseName, db.collection('x').namespace === db.databaseName + '.x',
            await db.command({ nope: 1 }).catch((e) => [e.name, e.code, e.codeName]), await c.drop(), typeof (await db.stats()).collections];";
    let expected = json!([
        [121, true],
        ["c", "made", "view"],
        ["c", "made", "view"],
        1,
        false,
        ["validator"],
        1,
        true,
        1,
        1,
        1,
        true,
        true,
        "other",
        true,
        ["MongoServerError", 59, "CommandNotFound"],
        true,
        "number"
    ]);
    one(Server::Engine, body, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_methods() {
    let body = "await c.insert([{ _id: 1 }, { _id: 2 }]); await c.insert({ _id: 3 }); const u = await c.update({}, { $set: { a: 1 } }, { multi: true }); await c.update({ _id: 9 }, { b: 1 }, { upsert: true });
        await c.save({ _id: 1, saved: true }); await c.save({ fresh: 1 }); const r = await c.remove({ a: 1 }, { justOne: true }); await c.remove({ fresh: 1 });
        return [u.nModified, r.deletedCount, await c.find().sort({ _id: 1 }).toArray(), await c.stats().then((s) => s.count), (await c.getIndexes()).length, await c.exists().then((e) => e.name)];";
    let expected =
        json!([3, 1, [{ "_id": 1, "saved": true }, { "_id": 3, "a": 1 }, { "_id": 9, "b": 1 }], 3, 1, "c"]);
    one(Server::Engine, body, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_the_drivers() {
    let body = "const { MongoServerError, MongoError } = require('mongodb'); await c.createIndex({ e: 1 }, { unique: true }); await c.insertOne({ _id: 1, e: 1 });
        const e = await c.insertOne({ _id: 2, e: 1 }).catch((x) => x); const bad = await c.updateOne({}, { a: 1 }).catch((x) => x.message); const rep = await c.replaceOne({}, { $set: { a: 1 } }).catch((x) => x.message);
        return [e instanceof MongoServerError && e instanceof MongoError && e instanceof Error, e.code, e.keyPattern, e.keyValue, bad, rep];";
    let expected = json!([true, 11000, { "e": 1 }, { "e": 1 }, "Update document requires atomic operators", "Replacement document must not contain atomic operators"]);
    both(body, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_the_surroundings() {
    let body = "const order = []; setTimeout(() => order.push('timer'), 5); const cancelled = setTimeout(() => order.push('never'), 1); clearTimeout(cancelled); queueMicrotask(() => order.push('micro'));
        await new Promise((resolve) => setTimeout(resolve, 10)); const copy = structuredClone({ d: new Date(5), a: [1, { b: 2 }] }); console.log('%s is %d', 'x', 5, { a: [1], id: new ObjectId('65f0c0ffee65f0c0ffee0001') });
        const all = await Promise.all([c.insertOne({ _id: 1 }), c.insertOne({ _id: 2 }), c.countDocuments()]); process.nextTick(() => {});
        return [order, copy.d.getTime(), copy.a, all[2], new TextDecoder().decode(new TextEncoder().encode('ü')), Object.keys(process.env), require('bson').ObjectId === ObjectId];";
    both(body, &json!([["micro", "timer"], 5, [1, { "b": 2 }], 2, "ü", [], true])).await;
}
