//! Migration files as teams have them.

use std::collections::BTreeMap;
use std::sync::Arc;

use bson::doc;
use whimbrel_engine::document::Commands;
use whimbrel_script::{Entry, Settings};

use crate::server::{Database, Server, play, play_with};

async fn insert(database: &Database, collection: &str, documents: Vec<bson::Document>) {
    database
        .run(doc! { "insert": collection, "documents": documents })
        .await
        .expect("documents are inserted");
}

/// Wayra's example, letter for letter.
const WAYRA: &str = r"/**
 * Migration: Add User Roles
 * Version: 3
 * Created: 2025-01-23T00:00:00.000Z
 */

async function up(db) {
  console.log('Running migration: Add User Roles');
  
  // Add your migration logic here
  await db.collection('users').updateMany({}, {
    $set: { role: 'user' }
  });
}

async function down(db) {
  console.log('Rolling back migration: Add User Roles');
  
  // Add your rollback logic here
  await db.collection('users').updateMany({}, {
    $unset: { role: 1 }
  });
}

module.exports = { up, down };
";

#[tokio::test(flavor = "multi_thread")]
async fn wayras_migration_runs_unchanged() {
    for server in Server::ALL {
        let database = Database::fresh(server).await;
        insert(&database, "users", vec![doc! { "_id": 1 }, doc! { "_id": 2 }]).await;
        let ran = play(&database, WAYRA, Entry::Up).await;
        assert_eq!(ran.output, ["Running migration: Add User Roles"]);
        ran.json();
        let expected = [doc! { "_id": 1, "role": "user" }, doc! { "_id": 2, "role": "user" }];
        assert_eq!(database.documents("users").await, expected);
        play(&database, WAYRA, Entry::Down).await.json();
        assert_eq!(database.documents("users").await, [doc! { "_id": 1 }, doc! { "_id": 2 }]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_mongos_examples_run_unchanged() {
    let templates = [
        // The template that `migrate-mongo create` writes.
        "module.exports = {\n  /**\n   * @param db {import('mongodb').Db}\n   * @param client {import('mongodb').MongoClient}\n   * @returns {Promise<void>}\n   */\n  async up(db, client) {\n    // TODO write your migration here.\n    // await db.collection('albums').updateOne({artist: 'The Beatles'}, {$set: {blacklisted: true}});\n  },\n\n  async down(db, client) {\n    // TODO write the statements to rollback your migration (if possible)\n  }\n};\n",
        // Its README: promises, await, callbacks.
        "module.exports = {\n  up(db) {\n    return db.collection('albums').updateOne({artist: 'The Beatles'}, {$set: {blacklisted: true}});\n  },\n  down(db) {\n    return db.collection('albums').updateOne({artist: 'The Beatles'}, {$set: {blacklisted: false}});\n  }\n};",
        "module.exports = {\n  async up(db) {\n    await db.collection('albums').updateOne({artist: 'The Beatles'}, {$set: {blacklisted: true}});\n    await db.collection('albums').updateOne({artist: 'The Doors'}, {$set: {stars: 5}});\n  },\n  async down(db) {\n    await db.collection('albums').updateOne({artist: 'The Doors'}, {$set: {stars: 0}});\n    await db.collection('albums').updateOne({artist: 'The Beatles'}, {$set: {blacklisted: false}});\n  },\n};",
        "module.exports = {\n  up(db, callback) {\n    return db.collection('albums').updateOne({artist: 'The Beatles'}, {$set: {blacklisted: true}}, callback);\n  },\n  down(db, callback) {\n    return db.collection('albums').updateOne({artist: 'The Beatles'}, {$set: {blacklisted: false}}, callback);\n  }\n};",
        "module.exports = {\n  up(db, client, next) {\n    db.collection('albums').updateOne({artist: 'The Beatles'}, {$set: {blacklisted: true}}, next);\n  },\n  down(db, client, next) {\n    db.collection('albums').updateOne({artist: 'The Beatles'}, {$set: {blacklisted: false}}, next);\n  }\n};",
    ];
    for (index, text) in templates.iter().enumerate() {
        let database = Database::fresh(Server::Engine).await;
        insert(&database, "albums", vec![doc! { "_id": 1, "artist": "The Beatles" }]).await;
        play(&database, text, Entry::Up).await.json();
        let expected = if index == 0 { None } else { Some(true) };
        assert_eq!(database.documents("albums").await[0].get_bool("blacklisted").ok(), expected, "{text}");
        play(&database, text, Entry::Down).await.json();
        let expected = expected.map(|_| false);
        assert_eq!(database.documents("albums").await[0].get_bool("blacklisted").ok(), expected, "{text}");
    }
}

/// The transaction of migrate-mongo's README.
const TRANSACTION: &str = r"module.exports = {
  async up(db, client) {
    const session = client.startSession();
    try {
        await session.withTransaction(async () => {
            await db.collection('albums').updateOne({artist: 'The Beatles'}, {$set: {blacklisted: true}}, {session});
            await db.collection('albums').updateOne({artist: 'The Doors'}, {$set: {stars: 5}}, {session});
        });
    } finally {
      await session.endSession();
    }
  },
};";

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_all_or_nothing() {
    let database = Database::fresh(Server::SecantusDb).await;
    let albums = vec![doc! { "_id": 1, "artist": "The Beatles" }, doc! { "_id": 2, "artist": "The Doors" }];
    insert(&database, "albums", albums.clone()).await;
    let failing = TRANSACTION.replace("        });", "            throw new Error('no');\n        });");
    let error = play(&database, &failing, Entry::Up).await.result.unwrap_err();
    assert!(error.to_string().contains("Error: no"), "{error}");
    assert_eq!(database.documents("albums").await, albums);
    play(&database, TRANSACTION, Entry::Up).await.json();
    let documents = database.documents("albums").await;
    assert_eq!(
        (documents[0].get_bool("blacklisted").ok(), documents[1].get_i32("stars").ok()),
        (Some(true), Some(5))
    );
    assert_eq!(database.open_sessions(), 0);

    let by_hand = "exports.up = async (db, client) => { const s = client.startSession(); s.startTransaction(); \
                   await db.collection('albums').insertOne({ _id: 3 }, { session: s }); const inside = await db.collection('albums').countDocuments({}, { session: s }); \
                   const outside = await db.collection('albums').countDocuments(); await s.abortTransaction(); s.startTransaction(); \
                   await db.collection('albums').insertOne({ _id: 4 }, { session: s }); await s.commitTransaction(); return [inside, outside]; };";
    assert_eq!(play(&database, by_hand, Entry::Up).await.json(), serde_json::json!([3, 2]));
    assert_eq!(database.documents("albums").await.len(), 3);
    assert_eq!(database.open_sessions(), 0, "a session that the script left open is given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_meets_another_is_run_again() {
    let database = Database::fresh(Server::SecantusDb).await;
    let text = "exports.up = async (db, client) => { let tries = 0; const result = await client.withSession((s) => s.withTransaction(async () => { tries += 1; \
                await db.collection('a').insertOne({ tries }, { session: s }); \
                if (tries < 3) { const e = new (require('mongodb').MongoError)('met'); e.addErrorLabel('TransientTransactionError'); throw e; } return 'done'; })); \
                return [tries, result, await db.collection('a').find({}, { projection: { _id: 0 } }).toArray()]; };";
    assert_eq!(
        play(&database, text, Entry::Up).await.json(),
        serde_json::json!([3, "done", [{ "tries": 3 }]])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn es_modules_run_as_well() {
    let database = Database::fresh(Server::Engine).await;
    let files = BTreeMap::from([
        ("lib/names.js".to_owned(), "export const name = 'Ana';".to_owned()),
        (
            "lib/old.js".to_owned(),
            "const { age } = require('./data.json'); module.exports = { age };".to_owned(),
        ),
        ("lib/data.json".to_owned(), "{ \"age\": 7 }".to_owned()),
    ]);
    let settings = Settings { files: Some(Arc::new(files)), ..Settings::default() };
    let texts = [
        "import { ObjectId } from 'mongodb';\nimport { name } from './lib/names.js';\nimport old, { age } from './lib/old.js';\n\
         export async function up(db) { await db.collection('a').insertOne({ _id: new ObjectId(), name, age, same: old.age }); }\nexport const down = async () => {};",
        "import { name } from './lib/names.js';\nimport { age } from './lib/old.js';\nexport default { async up(db) { await db.collection('a').insertOne({ name, age, same: age }); }, async down() {} };",
        "const { age } = require('./lib/old');\nmodule.exports.up = async (db) => { await db.collection('a').insertOne({ name: 'Ana', age, same: age }); };",
    ];
    for text in texts {
        play_with(&database, text, Entry::Up, &settings).await.json();
        let documents = database.documents("a").await;
        let last = documents.last().unwrap();
        assert_eq!(
            (last.get_str("name").ok(), last.get_i32("age").ok(), last.get_i32("same").ok()),
            (Some("Ana"), Some(7), Some(7))
        );
        play(&database, "db.a.drop()", Entry::Up).await.json();
    }
}

/// A script as teams run it with `mongosh script.js`.
const MONGOSH: &str = r#"
// Gives every user a number.
var n = db.users.countDocuments({});
print('users: ' + n);
db.users.find().sort({ _id: 1 }).forEach(function (u) {
  db.users.updateOne({ _id: u._id }, { $set: { number: NumberLong(u._id * 10) } });
});
const cursor = db.users.find({}, { number: 1 }).sort({ _id: -1 });
while (cursor.hasNext()) {
  const u = cursor.next();
  printjson(u);
}
for (const u of db.users.find()) db.getCollection('copies').insert({ _id: u._id, at: ISODate('2024-01-02T00:00:00Z') });
db.users.createIndex({ number: 1 }, { unique: true });
if (db.users.getIndexes().length !== 2) throw new Error('no index');
db.fs.files.insertMany([{ a: 1 }, { a: 2 }]);
const added = db.users.updateOne({ _id: 9 }, { $set: { number: 90 } }, { upsert: true });
print(added.insertedId, db.users.findOne({ _id: 9 }).number, db.getCollectionNames().join());
try { db.users.insertOne({ _id: 1 }); } catch (error) { print(error.code, error.name); }
await sleep(1);
db.runCommand({ ping: 1 }).ok === 1 && print('pong');
db.users.aggregate([{ $match: {} }, { $out: 'archive' }]);
print(db.archive.count());
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_mongosh_script_runs_from_top_to_bottom() {
    for server in Server::ALL {
        let database = Database::fresh(server).await;
        insert(&database, "users", vec![doc! { "_id": 1 }, doc! { "_id": 2 }]).await;
        let ran = play(&database, MONGOSH, Entry::Up).await;
        let output = ran.output.clone();
        ran.json();
        let expected = [
            "users: 2",
            "{ _id: 2, number: 20 }",
            "{ _id: 1, number: 10 }",
            "9 90 copies,fs.files,users",
            "11000 MongoServerError",
            "pong",
            "3",
        ];
        assert_eq!(output, expected, "{server:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_and_batches_run_once_each() {
    let database = Database::fresh(Server::Engine).await;
    insert(&database, "users", (0..25).map(|id| doc! { "_id": id, "odd": id % 2 == 1 }).collect()).await;
    let text = "module.exports.up = async (db) => { const sizes = []; \
                const first = await step('first', async () => { await db.collection('log').insertOne({ _id: 'first' }); return { kept: 1 }; }); \
                const done = await batch({ collection: 'users', filter: { odd: true }, size: 5, pause: '1ms' }, async (documents, db) => { \
                  sizes.push(documents.length); await db.collection('users').updateMany({ _id: { $in: documents.map((d) => d._id) } }, { $set: { seen: true } }); }); \
                const none = await batch({ collection: 'nothing', size: 5 }, async () => { throw 1; }); \
                return [first, sizes, done, none]; };";
    let expected = serde_json::json!([{ "kept": 1 }, [5, 5, 2], { "documents": 12 }, { "documents": 0 }]);
    assert_eq!(play(&database, text, Entry::Up).await.json(), expected);
    let seen = database.documents("users").await.iter().filter(|user| user.get_bool("seen").is_ok()).count();
    assert_eq!(seen, 12);
    let twice = "exports.up = async () => { await step('a', () => 1); await step('a', () => 2); };";
    let error = play(&database, twice, Entry::Up).await.result.unwrap_err();
    assert!(error.to_string().contains("stands twice"), "{error}");
}
