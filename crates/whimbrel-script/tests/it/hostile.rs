//! Scripts that misbehave: each ends with its own error, and nothing hangs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use whimbrel_engine::document::Commands;
use whimbrel_script::{CommandsHost, Entry, Form, Limits, Settings, check, run};

use crate::server::{Database, Server, explained, play, play_with, source};

/// Limits that are reached soon.
fn tight() -> Settings {
    let limits = Limits {
        computing: Duration::from_millis(700),
        total: Duration::from_secs(2),
        memory_bytes: 6 * 1024 * 1024,
        output_bytes: 10_000,
        ..Limits::default()
    };
    Settings { limits, ..Settings::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_misbehaviour_has_its_own_end() {
    let database = Database::fresh(Server::Engine).await;
    let cases = [
        ("module.exports.up = () => { while (true) {} };", "script::time_limit"),
        ("module.exports.up = async () => { while (true) await null; };", "script::time_limit"),
        (
            "module.exports.up = () => { try { while (true) {} } finally { while (true) {} } };",
            "script::time_limit",
        ),
        ("while (true) {}; module.exports.up = 1;", "script::time_limit"),
        ("module.exports.up = () => /(a+)+$/.test('a'.repeat(60) + 'b');", "script::time_limit"),
        (
            "module.exports.up = () => { const a = []; while (true) a.push('x'.repeat(1000) + a.length); };",
            "script::memory_limit",
        ),
        ("module.exports.up = () => new Uint8Array(1e9);", "script::memory_limit"),
        (
            "module.exports.up = async () => { const all = []; for (;;) all.push(await new Array(1000).fill(1)); };",
            "script::memory_limit",
        ),
        ("module.exports.up = () => { const f = () => f() + 1; return f(); };", "script::stack_limit"),
        ("module.exports.up = () => new Promise(() => {});", "script::unresolved"),
        ("export const up = async () => { await new Promise(() => {}); };", "script::unresolved"),
        ("await new Promise(() => {}); export const up = 1;", "script::unresolved"),
        ("module.exports.up = async () => { Promise.reject(new Error('lost')); };", "script::failed"),
        (
            "module.exports.up = async () => { setTimeout(() => { throw new Error('late'); }, 1); };",
            "script::failed",
        ),
        ("module.exports.up = () => process.exit(1);", "script::forbidden"),
        ("const fs = require('fs'); module.exports.up = () => {};", "script::forbidden"),
        ("import fs from 'node:fs'; export const up = () => {};", "script::forbidden"),
        ("module.exports.up = () => require('../../etc/passwd');", "script::forbidden"),
        ("module.exports.up = (db) => db.dropDatabase();", "script::forbidden"),
        ("module.exports.up = (db) => db.collection('a').watch();", "script::forbidden"),
        ("module.exports.up = () => { let x = ; };", "script::syntax"),
        ("export const up = () => { let x = ; };", "script::syntax"),
        ("db.users.updateMany({}, {", "script::syntax"),
        ("module.exports = {};", "script::no_export"),
        ("export const down = () => {};", "script::no_export"),
        ("async function up(db) {}", "script::no_export"),
        ("// nothing", "script::no_export"),
        ("module.exports = null;", "script::no_export"),
        ("module.exports.up = async () => sleep(60000);", "script::time_limit"),
        ("module.exports.up = () => new Promise((r) => setTimeout(r, 1e12));", "script::time_limit"),
    ];
    for (text, code) in cases {
        let begun = Instant::now();
        let error = play_with(&database, text, Entry::Up, &tight()).await.result.expect_err(text);
        assert_eq!(error.stable_code(), code, "{text}\n{}", explained(&error));
        assert!(begun.elapsed() < Duration::from_secs(20), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_thrown_is_shown() {
    let database = Database::fresh(Server::Engine).await;
    let cases = [
        ("throw 'plain words'", "it threw 'plain words'"),
        ("throw { code: 1 }", "it threw { code: 1 }"),
        ("throw null", "it threw null"),
        ("throw undefined", "it threw undefined"),
        ("throw Object.create(null)", "it threw {}"),
        ("throw new TypeError('wrong')", "TypeError: wrong"),
        ("throw { get message() { throw 1; }, get stack() { throw 2; } }", "it threw"),
        ("throw new Proxy({}, { get() { throw 1; } })", "it threw"),
        ("null.x", "TypeError: cannot read property 'x' of null"),
    ];
    for (statement, message) in cases {
        let text = format!("module.exports.up = async () => {{ {statement}; }};");
        let error = play(&database, &text, Entry::Up).await.result.expect_err(statement);
        assert_eq!(error.stable_code(), "script::failed", "{statement}");
        assert!(error.to_string().contains(message), "{statement}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_points_into_the_users_file() {
    let database = Database::fresh(Server::Engine).await;
    let text = "const id = 1; module.exports = { async up(db) {\n  const users = db.collection('users');\n  await null;\n  \
                await again(users);\n  await again(users);\n} };\nasync function again(users) {\n  await users.insertOne({ _id: id });\n}\n";
    let error = play(&database, text, Entry::Up).await.result.unwrap_err();
    let failure = error.failure().expect("it failed");
    let spot = failure.spot.as_ref().expect("it has a place");
    assert_eq!(
        (spot.line, &text[spot.span.offset()..][..spot.span.len()]),
        (8, "insertOne"),
        "{}",
        explained(&error)
    );
    assert_eq!(
        failure.refusal.as_ref().map(|refusal| refusal.code),
        None,
        "a write error stands in a successful reply"
    );
    assert!(failure.message.contains("E11000"), "{}", failure.message);
    assert!(
        failure.stack.iter().all(|frame| frame.contains("migrations/0003-test.js")),
        "{:?}",
        failure.stack
    );

    let text = "module.exports.up = async (db) => { await db.collection('a').aggregate([{ $nope: 1 }]).toArray(); };";
    let error = play(&database, text, Entry::Up).await.result.unwrap_err();
    let failure = error.failure().unwrap();
    let spot = failure.spot.as_ref().unwrap();
    assert_eq!(
        (spot.line, &text[spot.span.offset()..][..spot.span.len()]),
        (1, "toArray"),
        "{}",
        explained(&error)
    );
    assert_eq!(failure.refusal.as_ref().map(|refusal| refusal.code), Some(40324));

    let text = "module.exports.up = () => {\n  const x = 1;\n  let y = ;\n};";
    let error = play(&database, text, Entry::Up).await.result.unwrap_err();
    let spot = error.failure().unwrap().spot.as_ref().unwrap();
    assert_eq!((spot.line, &text[spot.span.offset()..][..spot.span.len()]), (3, ";"));
}

#[tokio::test(flavor = "multi_thread")]
async fn output_is_bounded() {
    let database = Database::fresh(Server::Engine).await;
    let text = "exports.up = () => { for (let i = 0; i < 2000; i += 1) console.log('line', i); print('x'.repeat(1e6)); };";
    let ran = play_with(&database, text, Entry::Up, &tight()).await;
    let written: usize = ran.output.iter().map(String::len).sum();
    assert!(ran.result.is_ok() && written < 11_000, "{written}");
    assert!(ran.output.last().unwrap().contains("10000 bytes"), "{:?}", ran.output.last());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_script_does_not_spoil_the_next() {
    let database = Database::fresh(Server::Engine).await;
    let spoil = "exports.up = async (db) => { Array.prototype.map = null; Object.prototype.evil = 1; globalThis.console = null; \
                 Promise.prototype.then = null; db.constructor.prototype.collection = null; JSON.parse = null; };";
    let _ = play(&database, spoil, Entry::Up).await;
    let ran = play(&database, "exports.up = async (db) => { console.log('well'); return ({}).evil ?? (await db.collection('a').countDocuments()); };", Entry::Up).await;
    assert_eq!(ran.output, ["well"]);
    assert_eq!(ran.json(), 0);
}

/// How many scripts are prepared and never run: each takes its engine down as if it had been used.
const UNWANTED: usize = 32;

/// What is prepared ahead begins when it is told to, with all of its time before it, or never.
#[tokio::test(flavor = "multi_thread")]
async fn a_prepared_script_begins_when_it_is_run() {
    let database = Database::fresh(Server::Engine).await;
    let mut host = CommandsHost::new(Arc::clone(&database) as Arc<dyn Commands>);
    let text = source(
        "exports.up = async (db) => { const end = Date.now() + 300; while (Date.now() < end); \
         await db.collection('a').insertOne({ _id: 1 }); };",
    );
    let settings = tight();
    let name = database.database().to_owned();
    let prepare = || whimbrel_script::prepare(&text, Entry::Up, &name, &settings).unwrap();
    let prepared = prepare();
    let unwanted: Vec<_> = (0..UNWANTED).map(|_| prepare()).collect();
    tokio::time::sleep(settings.limits.computing + Duration::from_millis(100)).await;
    assert!(database.documents("a").await.is_empty(), "nobody ran it");
    drop(unwanted);
    prepared.run(&mut host).await.unwrap();
    assert_eq!(database.documents("a").await.len(), 1);
    ended_threads().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_run_ends_its_thread() {
    let database = Database::fresh(Server::Engine).await;
    let settings = Settings::default();
    let text = source("exports.up = async (db) => { for (;;) await db.collection('a').countDocuments(); };");
    let mut host = CommandsHost::new(Arc::clone(&database) as Arc<dyn Commands>);
    let ended =
        tokio::time::timeout(Duration::from_millis(300), run(&text, Entry::Up, &mut host, &settings)).await;
    assert!(ended.is_err());
    let text = source("exports.up = async () => { for (;;); };");
    let ended =
        tokio::time::timeout(Duration::from_millis(300), run(&text, Entry::Up, &mut host, &settings)).await;
    assert!(ended.is_err());
    ended_threads().await;
}

/// Waits until no script's thread is left.
async fn ended_threads() {
    let deadline = Instant::now() + Duration::from_secs(10);
    while script_threads() > 0 {
        assert!(Instant::now() < deadline, "the script's thread runs on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The threads of this process that run a script.
fn script_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux has tasks");
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.trim() == "script").count()
}

#[test]
fn a_check_runs_no_entry_and_has_no_database() {
    let settings = Settings {
        files: Some(Arc::new(BTreeMap::from([(
            "lib/roles.js".to_owned(),
            "exports.roles = ['user'];".to_owned(),
        )]))),
        ..tight()
    };
    let facts = |text: &str| check(&source(text), &settings);
    let both = facts("module.exports = { async up() { throw 1; }, down: async () => {} };").unwrap();
    assert_eq!((both.form, both.up, both.down, both.seed), (Form::CommonJs, true, true, false));
    let module =
        facts("import { roles } from './lib/roles.js'; export const up = async () => roles;").unwrap();
    assert_eq!((module.form, module.up, module.down), (Form::Module, true, false));
    let default = facts("export default { up() {}, down() {} };").unwrap();
    assert!(default.up && default.down);
    let seed = facts(
        "const { roles } = require('./lib/roles');\nmodule.exports = { seed() {}, environments: ['test', ...roles], required: false, description: 'Sample' };",
    )
    .unwrap();
    assert!(seed.seed && !seed.up);
    assert_eq!(seed.environments.unwrap(), ["test", "user"]);
    assert_eq!((seed.required, seed.description.as_deref()), (Some(false), Some("Sample")));
    let script = facts("db.users.updateMany({}, { $set: { a: 1 } });").unwrap();
    assert_eq!((script.form, script.up, script.down), (Form::Mongosh, true, false));
    assert_eq!(facts("module.exports = { up() {} ").unwrap_err().stable_code(), "script::syntax");
    assert_eq!(
        facts("throw new Error('at load'); module.exports = {}").unwrap_err().stable_code(),
        "script::failed"
    );
    assert_eq!(facts("while (true); module.exports = {}").unwrap_err().stable_code(), "script::time_limit");
    assert_eq!(
        facts("require('./nothing'); module.exports = {}").unwrap_err().stable_code(),
        "script::failed"
    );
    assert_eq!(
        facts("require('./a/../../b'); module.exports = {}").unwrap_err().stable_code(),
        "script::forbidden"
    );
}
