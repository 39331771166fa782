//! The parts of the shim that are loaded when they are first used look as if they had always been there.

use serde_json::json;
use whimbrel_script::Entry;

use crate::server::{Database, Server, play};

/// What the body of an `up` gives.
async fn given(body: &str) -> serde_json::Value {
    let database = Database::fresh(Server::Engine).await;
    play(&database, &format!("exports.up = async (db, client) => {{ {body} }};"), Entry::Up).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_property_gives_its_value_and_stays() {
    let body = "
        const prototype = Object.getPrototypeOf(db.collection('a'));
        const names = Object.getOwnPropertyNames(prototype).filter((name) => !['dbName', 'namespace'].includes(name));
        const globals = Object.getOwnPropertyNames(globalThis);
        const odd = names.filter((name) => typeof prototype[name] !== 'function');
        odd.push(...['console', 'step', 'EJSON', 'ObjectId', 'NumberLong', 'TextEncoder'].filter((name) => !globals.includes(name)));
        odd.push(...globals.filter((name) => globalThis[name] === undefined && name !== 'undefined'));
        odd.push(...names.filter((name) => prototype[name] !== prototype[name]));
        const left = (object) => Object.entries(Object.getOwnPropertyDescriptors(object)).filter(([, { get }]) => get).map(([name]) => name);
        return { odd, accessors: [...left(prototype), ...left(globalThis)], listed: Object.keys(globalThis), long: names.length > 50 };";
    let expected =
        json!({ "odd": [], "accessors": ["dbName", "namespace"], "listed": ["performance"], "long": true });
    assert_eq!(given(body).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_class_is_the_same_however_it_is_reached() {
    let database = Database::fresh(Server::SecantusDb).await;
    let body = "
        const driver = require('mongodb');
        const id = new driver.ObjectId();
        const { insertedId } = await db.collection('a').insertOne({ _id: id });
        const [found] = await db.collection('a').find().toArray();
        const error = await db.collection('a').insertOne({ _id: id }).catch((error) => error);
        return [ObjectId === driver.ObjectId, require('bson').ObjectId === ObjectId, found._id instanceof ObjectId, insertedId === id,
            error instanceof driver.MongoServerError, db instanceof driver.Db, db.collection('a') instanceof driver.Collection,
            db.collection('a').find() instanceof driver.FindCursor, client.startSession() instanceof driver.ClientSession,
            require('mongodb') === driver];";
    let text = format!("exports.up = async (db, client) => {{ {body} }};");
    assert_eq!(play(&database, &text, Entry::Up).await.json(), json!(vec![true; 10]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_script_puts_in_the_place_of_a_part_stands() {
    let body = "
        const collection = db.collection('a');
        const prototype = Object.getPrototypeOf(collection);
        prototype.remove = () => 'mine';
        collection.count = () => 'its own';
        console = { log: () => 'silent' };
        globalThis.step = 7;
        delete globalThis.EJSON;
        const { nInserted } = await collection.insert({ _id: 1 });
        return [collection.remove(), collection.count(), await db.collection('a').count(), console.log(), step, typeof EJSON, nInserted,
            Object.keys(globalThis), Object.keys(collection).includes('count')];";
    assert_eq!(
        given(body).await,
        json!(["mine", "its own", 1, "silent", 7, "undefined", 1, ["performance"], true])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn built_ins_that_a_script_has_changed_reach_no_part() {
    let body = "
        for (const name of ['Map', 'Proxy', 'WeakMap', 'Date']) globalThis[name] = undefined;
        const id = new ObjectId('0123456789abcdef01234567');
        await db.collection('a').insert({ _id: id, long: Long.fromNumber(7), n: 1 });
        const found = await db.collection('a').find({ n: 1 }).toArray();
        const twice = await db.collection('a').insertOne({ _id: id }).catch(({ name, code }) => [name, code]);
        return [String(found[0]._id), found.length, await db.collection('a').count(), twice];";
    assert_eq!(given(body).await, json!(["0123456789abcdef01234567", 1, 1, ["MongoServerError", 11000]]));
}
