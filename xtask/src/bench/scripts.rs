//! JavaScript migrations on MongoDB, beside migrate-mongo and beside a program that only sends their commands.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use whimbrel_testkit::toolchain::MIGRATE_MONGO_VERSION;

use super::measure::Measured;
use super::projects::write;
use super::report::Bar;
use super::{Case, Server, Stage};

/// Migrations that are applied beside migrate-mongo, as many as a project has after a year or two.
const APPLIED: usize = 50;
/// Migrations that are applied beside the driver alone.
const APPLIED_MANY: usize = 1_000;
/// Applying, start-up included, against migrate-mongo.
const FASTER: f64 = 2.0;
/// Status, start-up included, against migrate-mongo.
const STATUS_FASTER: f64 = 10.0;
/// The time that a deployment may take beside the driver that sends the same commands and a line of history each.
const WITHIN_FLOOR: f64 = 1.5;
/// What every write of every tool waits for.
const CONCERN: &str = "w=majority&journal=true";
/// Documents that an insertion brings.
const INSERTED: usize = 10;

/// `migrate status` with nothing pending, beside `migrate-mongo status`.
pub(super) fn status(stage: &Stage) -> Result<Case> {
    let mut commands = Vec::new();
    commands.extend(whimbrel(stage, "status_scripts", APPLIED, &["migrate", "status"])?);
    if let Some(apply) = whimbrel(stage, "status_scripts", APPLIED, &["migrate"])? {
        apply.prepare()?;
    }
    migrate_mongo(stage, "status_peer", APPLIED, "up")?.prepare()?;
    commands.push(migrate_mongo(stage, "status_peer", APPLIED, "status")?);
    let bars = vec![Bar::TimesFaster { factor: STATUS_FASTER, peer: "migrate-mongo" }];
    Ok(Case { commands, bars, pinned: true, server: Server::Mongodb })
}

/// `migrate` of a project's files into an empty database, beside `migrate-mongo up`.
pub(super) fn apply(stage: &Stage) -> Result<Case> {
    let mut commands = applied(stage, "apply_scripts", APPLIED)?;
    let name = "apply_peer";
    commands.push(migrate_mongo(stage, name, APPLIED, "up")?.after(emptied(stage, name)?));
    let bars = vec![Bar::TimesFaster { factor: FASTER, peer: "migrate-mongo" }];
    Ok(Case { commands, bars, pinned: false, server: Server::Mongodb })
}

/// `migrate` of a long series, beside the driver alone.
pub(super) fn apply_many(stage: &Stage) -> Result<Case> {
    let commands = applied(stage, "apply_many_scripts", APPLIED_MANY)?;
    let bars = vec![Bar::WithinFloor { factor: WITHIN_FLOOR }];
    Ok(Case { commands, bars, pinned: false, server: Server::Mongodb })
}

/// Whimbrel and the driver alone, each with a series of files and an empty database.
fn applied(stage: &Stage, name: &str, files: usize) -> Result<Vec<Measured>> {
    let mut commands = Vec::new();
    let measured = whimbrel(stage, name, files, &["migrate"])?;
    if let Some(seal) = whimbrel(stage, name, files, &["migrate", "seal"])? {
        seal.prepare()?;
    }
    if let Some(measured) = measured {
        commands.push(measured.after(emptied(stage, name)?));
    }
    let raw = format!("{name}_raw");
    let folder = stage.project(&raw)?;
    let groups: Vec<_> = (1..=files).map(|number| vec![command(number)]).collect();
    write(&folder, "commands.json", &serde_json::to_string(&groups)?)?;
    let program = &stage.documents()?.raw_driver;
    let file = folder.join("commands.json").display().to_string();
    let floor = stage.floor(
        program,
        &[&url(stage, &raw)?, &file],
        "raw_driver (the same commands, a line of history each)",
    );
    commands.push(floor.after(emptied(stage, &raw)?));
    Ok(commands)
}

/// A project of Whimbrel's with the series, and the command to run in it.
fn whimbrel(stage: &Stage, name: &str, files: usize, arguments: &[&str]) -> Result<Option<Measured>> {
    let folder = stage.project(name)?;
    let settings = format!(
        "name = \"bench\"\nmodel = \"document\"\n\n[environments.development]\nurl = \"{}\"\n",
        url(stage, name)?
    );
    write(&folder, "whimbrel.toml", &settings)?;
    series(&folder, files)?;
    Ok(stage.whimbrel(&folder, arguments))
}

/// A project of migrate-mongo's with the series, and the command to run in it.
fn migrate_mongo(stage: &Stage, name: &str, files: usize, command: &str) -> Result<Measured> {
    let folder = stage.project(name)?;
    let documents = stage.documents()?;
    documents.peer.project(&folder, &url(stage, name)?, name, "")?;
    series(&folder, files)?;
    let program = documents.peer.program().display().to_string();
    Ok(Measured::new("migrate-mongo", documents.peer.node(), &[&program, command], &folder)
        .version(MIGRATE_MONGO_VERSION)
        .shown(&format!("migrate-mongo {command}")))
}

/// Drops a database.
fn emptied(stage: &Stage, name: &str) -> Result<Measured> {
    let folder = stage.project(&format!("{name}_drop"))?;
    write(&folder, "drop.json", "[[{ \"dropDatabase\": 1 }]]")?;
    let file = folder.join("drop.json").display().to_string();
    let program = &stage.documents()?.raw_driver;
    Ok(stage.floor(program, &[&url(stage, name)?, &file, "plain"], &format!("drop {name}")))
}

fn url(stage: &Stage, database: &str) -> Result<String> {
    let server = &stage.documents()?.server;
    Ok(format!("mongodb://127.0.0.1:{}/{database}?directConnection=true&{CONCERN}", server.port()))
}

/// Writes a file for each migration. One in four makes a collection with a validator, gives it an index, fills it, or
/// changes what is in it.
fn series(folder: &Path, files: usize) -> Result<()> {
    for number in 1..=files {
        write(
            folder,
            &format!("migrations/{}-m{number:04}.js", 20_240_000_000_000 + number),
            &script(number),
        )?;
    }
    Ok(())
}

/// The collection of a migration: four of them share one.
fn collection(number: usize) -> String {
    format!("c{:04}", number.div_ceil(4))
}

/// The documents that an insertion brings.
fn inserted() -> Vec<serde_json::Value> {
    (1..=INSERTED)
        .map(|id| serde_json::json!({ "_id": id, "title": format!("document {id}"), "state": "new", "price": 12.5 }))
        .collect()
}

/// The rule of a collection.
fn validator() -> serde_json::Value {
    serde_json::json!({ "$jsonSchema": { "bsonType": "object", "required": ["title"], "properties": { "title": { "bsonType": "string" } } } })
}

/// The command that a migration comes to.
fn command(number: usize) -> serde_json::Value {
    let collection = collection(number);
    match number % 4 {
        1 => serde_json::json!({ "create": collection, "validator": validator() }),
        2 => {
            serde_json::json!({ "createIndexes": collection, "indexes": [{ "key": { "title": 1 }, "name": "title_1", "unique": true }] })
        }
        3 => serde_json::json!({ "insert": collection, "documents": inserted() }),
        _ => {
            serde_json::json!({ "update": collection, "updates": [{ "q": { "state": "new" }, "u": { "$set": { "state": "open" } }, "multi": true }] })
        }
    }
}

/// A migration as migrate-mongo has them.
fn script(number: usize) -> String {
    let collection = collection(number);
    let (up, down) = match number % 4 {
        1 => (
            format!("db.createCollection('{collection}', {{ validator: {} }})", validator()),
            format!("db.collection('{collection}').drop()"),
        ),
        2 => (
            format!("db.collection('{collection}').createIndex({{ title: 1 }}, {{ unique: true }})"),
            format!("db.collection('{collection}').dropIndex('title_1')"),
        ),
        3 => {
            let documents = serde_json::Value::from(inserted());
            (
                format!("db.collection('{collection}').insertMany({documents})"),
                format!("db.collection('{collection}').deleteMany({{}})"),
            )
        }
        _ => (
            format!(
                "db.collection('{collection}').updateMany({{ state: 'new' }}, {{ $set: {{ state: 'open' }} }})"
            ),
            format!("db.collection('{collection}').updateMany({{}}, {{ $set: {{ state: 'new' }} }})"),
        ),
    };
    let mut text = String::from("module.exports = {\n");
    for (way, body) in [("up", up), ("down", down)] {
        writeln!(text, "  async {way}(db, client) {{\n    await {body};\n  }},")
            .expect("writing to a string does not fail");
    }
    text.push_str("};\n");
    text
}
