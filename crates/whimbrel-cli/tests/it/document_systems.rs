//! The document systems of the repository, by the binary, on both servers that stand for MongoDB and on the embedded engine:
//! from nothing to a database that stands, down step by step, and up again; and which documents the databases take.

mod indexes;
mod repairs;
mod samples;

use std::collections::BTreeMap;
use std::path::Path;

use bson::{Bson, Document, doc};
use whimbrel_testkit::{RunOutput, Sandbox, full_mongo_server_url, mongo_server_url};

use crate::documents::{Database, Kind};
use indexes::Declared;
use repairs::{is_repaired, names_what_stands_twice};
use samples::Sample;

/// The collections that Whimbrel keeps for itself begin with it.
const OWN_PREFIX: &str = "whimbrel_";
/// How MongoDB says that a document fails its collection's validator.
const DOCUMENT_VALIDATION_FAILURE: i32 = 121;

/// A document system, and what is known of it from its team's page.
struct System {
    name: &'static str,
    /// The variable that holds the server's URL.
    url: &'static str,
    /// The variable that holds the database's name; without one the URL's path does.
    database: Option<&'static str>,
    /// The versions of its migrations.
    versions: &'static [&'static str],
    /// Every collection, with its indexes beside that of `_id`.
    indexes: &'static [Declared],
    /// A document of each collection, and what may not become of it.
    samples: fn() -> Vec<Sample>,
}

const WAYRA: System = System {
    name: "wayra",
    url: "MONGODB_URI",
    database: None,
    versions: &["0001", "0002", "0003"],
    indexes: indexes::WAYRA,
    samples: samples::wayra,
};

const TRAVEL_AGENT: System = System {
    name: "travel-agent",
    url: "MONGODB_URI",
    database: Some("MONGODB_DATABASE"),
    versions: &["0001", "0002", "0003"],
    indexes: indexes::TRAVEL_AGENT,
    samples: samples::travel_agent,
};

const TOURISM_BOT: System = System {
    name: "tourism-bot",
    url: "MONGODB_URL",
    database: Some("DATABASE_NAME"),
    versions: &["0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008"],
    indexes: indexes::TOURISM_BOT,
    samples: samples::tourism_bot,
};

/// The systems that have their tests here.
pub(crate) const NAMES: [&str; 3] = [TOURISM_BOT.name, TRAVEL_AGENT.name, WAYRA.name];

/// Something that a system's last migration makes and a server cannot.
struct Lack {
    system: &'static str,
    server: Kind,
    /// The migration's file.
    file: &'static str,
    /// Its version, and the one before it.
    version: &'static str,
    before: &'static str,
    collection: &'static str,
    /// The index as the tables of indexes write it, and as the command takes it.
    index: &'static str,
    command: fn() -> Document,
    /// MongoDB's code for the refusal.
    code: i32,
    says: &'static str,
}

/// What the servers lack of what the systems need; each of them is built on the other server.
const LACKS: &[Lack] = &[Lack {
    system: "tourism-bot",
    server: Kind::SecantusDb,
    file: "0008-add-attraction-text-index.js",
    version: "0008",
    before: "0007",
    collection: "attractions",
    index: "description:text name:text",
    command: || doc! { "key": { "description": "text", "name": "text" }, "name": "probe" },
    code: 67,
    says: "text indexes are not supported",
}];

/// What this server lacks of this system; a full server lacks nothing.
fn lack_of(system: &System, server: Kind) -> Option<&'static Lack> {
    let lack = LACKS.iter().find(|lack| lack.system == system.name && lack.server == server);
    lack.filter(|_| full_mongo_server_url().is_none())
}

/// A copy of a system in a folder of its own, and its database.
struct Place {
    sandbox: Sandbox,
    database: Database,
    server: Kind,
}

impl Place {
    fn new(system: &System, server: Kind) -> Self {
        let mut sandbox = Sandbox::new(env!("CARGO_BIN_EXE_whimbrel")).unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../systems").join(system.name);
        for part in ["whimbrel.toml", "src", "migrations"] {
            sandbox.copy(&source.join(part), part).unwrap();
        }
        let database = Database::new(server, &sandbox);
        match (&database, server.server(), system.database) {
            (Database::Server(made), Some(kind), Some(variable)) => {
                sandbox.env(system.url, mongo_server_url(kind).unwrap());
                sandbox.env(variable, made.name());
            }
            (Database::Server(made), ..) => {
                sandbox.env(system.url, made.url());
            }
            // Where no variable names a server, there is none.
            (Database::Embedded { .. }, ..) => {}
        }
        Self { sandbox, database, server }
    }

    /// Runs the binary and expects the exit code.
    fn run(&self, arguments: &[&str], code: i32) -> RunOutput {
        let output = self.sandbox.run(arguments).unwrap();
        let command = arguments.join(" ");
        let (stdout, stderr) = (&output.stdout, &output.stderr);
        assert_eq!(
            output.code,
            Some(code),
            "{:?}: `whimbrel {command}` wrote\n{stdout}{stderr}",
            self.server
        );
        output
    }

    /// The first batch of a command that answers with a cursor, which is all of it here.
    fn batch(&self, command: Document) -> Vec<Document> {
        let reply = self.database.run(command).unwrap();
        let cursor = reply.get_document("cursor").unwrap();
        assert_eq!(cursor.get_i64("id").unwrap(), 0, "one batch holds everything");
        let batch = cursor.get_array("firstBatch").unwrap();
        batch.iter().map(|each| each.as_document().unwrap().clone()).collect()
    }

    fn find(&self, collection: &str, filter: Document) -> Vec<Document> {
        self.batch(doc! { "find": collection, "filter": filter })
    }

    /// Runs a write of one document; the code is of the write that was refused.
    fn write(&self, command: Document) -> Result<(), i32> {
        let reply = self.database.run(command).unwrap();
        match reply.get_array("writeErrors") {
            Ok(errors) => Err(errors[0].as_document().unwrap().get_i32("code").unwrap()),
            Err(_) => Ok(()),
        }
    }

    fn insert(&self, collection: &str, document: &Document) -> Result<(), i32> {
        self.write(doc! { "insert": collection, "documents": [document.clone()] })
    }

    /// Changes the one document that is there.
    fn update(&self, collection: &str, change: &Document) -> Result<(), i32> {
        self.write(doc! { "update": collection, "updates": [{ "q": {}, "u": change.clone() }] })
    }

    /// What the server tells of every collection but Whimbrel's own.
    fn catalogue(&self) -> Catalogue {
        let listed = self.batch(doc! { "listCollections": 1, "cursor": { "batchSize": 1000 } });
        let theirs = listed.into_iter().filter(|each| !each.get_str("name").unwrap().starts_with(OWN_PREFIX));
        let collections = theirs.map(|mut each| {
            // A collection that is made again gets another one.
            each.get_document_mut("info").unwrap().remove("uuid");
            let name = each.get_str("name").unwrap().to_owned();
            let mut indexes = self.batch(doc! { "listIndexes": &name });
            indexes.sort_by_key(|index| index.get_str("name").unwrap().to_owned());
            (name, Collection { told: each, indexes })
        });
        Catalogue(collections.collect())
    }
}

/// A collection as `listCollections` and `listIndexes` tell it.
#[derive(Debug, PartialEq)]
struct Collection {
    told: Document,
    indexes: Vec<Document>,
}

/// Collections by name.
#[derive(Debug, PartialEq)]
struct Catalogue(BTreeMap<String, Collection>);

impl Catalogue {
    /// Every collection with its indexes in the words of the tables.
    fn indexes(&self) -> BTreeMap<&str, Vec<String>> {
        let beside_id = |index: &&Document| index.get_str("name").unwrap() != "_id_";
        self.0
            .iter()
            .map(|(name, collection)| {
                let mut written: Vec<String> =
                    collection.indexes.iter().filter(beside_id).map(indexes::written).collect();
                written.sort();
                (name.as_str(), written)
            })
            .collect()
    }
}

/// The names of a collection's indexes, as its server tells them.
fn indexes_of(place: &Place, collection: &str) -> Vec<String> {
    let listed = place.batch(doc! { "listIndexes": collection });
    listed.iter().map(|index| index.get_str("name").unwrap().to_owned()).collect()
}

/// Declares a test of a system for each engine.
macro_rules! each_engine {
    ($($name:ident => $check:ident, $system:expr;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn engine() {
                $check(&$system, Kind::Engine);
            }
            #[test]
            fn secantusdb() {
                $check(&$system, Kind::SecantusDb);
            }
            #[test]
            fn embedded() {
                $check(&$system, Kind::Embedded);
            }
        }
    )*};
}

each_engine! {
    wayra_stands => stands, WAYRA;
    travel_agent_stands => stands, TRAVEL_AGENT;
    tourism_bot_stands => stands, TOURISM_BOT;
    wayra_takes_its_documents => takes_its_documents, WAYRA;
    travel_agent_takes_its_documents => takes_its_documents, TRAVEL_AGENT;
    tourism_bot_takes_its_documents => takes_its_documents, TOURISM_BOT;
    wayra_gives_roles => gives_what_is_missing, WAYRA;
    travel_agent_gives_metadata => gives_what_is_missing, TRAVEL_AGENT;
    tourism_bot_gives_points => gives_what_is_missing, TOURISM_BOT;
    wayras_indexes_are_repaired => is_repaired, WAYRA;
    travel_agents_indexes_are_repaired => is_repaired, TRAVEL_AGENT;
    tourism_bots_indexes_are_repaired => is_repaired, TOURISM_BOT;
    wayra_names_what_stands_twice => names_what_stands_twice, WAYRA;
    travel_agent_names_what_stands_twice => names_what_stands_twice, TRAVEL_AGENT;
}

/// Up, up again, down and up by single steps; the server's own words are the same each time.
fn stands(system: &System, server: Kind) {
    let lack = lack_of(system, server);
    let place = Place::new(system, server);
    let last = lack.map_or(*system.versions.last().unwrap(), |lack| lack.before);
    let up: &[&str] = if lack.is_some() { &["migrate", "--to", last] } else { &["init"] };

    let first = place.run(up, 0);
    assert!(first.stdout.contains(" applied") || first.stdout.contains("Applied "), "{}", first.stdout);
    let built = place.catalogue();
    assert_eq!(built.indexes(), expected_indexes(system, lack));
    for (name, collection) in &built.0 {
        let options = collection.told.get_document("options").unwrap();
        assert!(options.get_document("validator").is_ok_and(|validator| !validator.is_empty()), "{name}");
        assert_eq!(options.get_str("validationLevel").unwrap(), "strict", "{name}");
        assert_eq!(options.get_str("validationAction").unwrap(), "error", "{name}");
    }

    let second = place.run(up, 0);
    assert!(second.stdout.contains("Nothing to do"), "{}", second.stdout);
    assert_eq!(place.catalogue(), built);
    agrees(&place, lack);

    let applied = system.versions.iter().position(|version| *version == last).unwrap() + 1;
    let mut levels = vec![built];
    for _ in 0..applied {
        place.run(&["rollback"], 0);
        levels.push(place.catalogue());
    }
    assert_eq!(levels.last(), Some(&Catalogue(BTreeMap::new())), "the way down leaves nothing");
    for version in &system.versions[..applied] {
        levels.pop();
        place.run(&["migrate", "--to", version], 0);
        assert_eq!(Some(&place.catalogue()), levels.last(), "{version}");
    }
    agrees(&place, lack);
    place.run(&["rollback", "--to", "0"], 0);
    assert_eq!(place.catalogue(), Catalogue(BTreeMap::new()));
}

fn expected_indexes<'a>(system: &'a System, lack: Option<&Lack>) -> BTreeMap<&'a str, Vec<String>> {
    let standing = |collection: &str, index: &str| {
        lack.is_none_or(|lack| lack.collection != collection || lack.index != index)
    };
    system
        .indexes
        .iter()
        .map(|(collection, indexes)| {
            let built = indexes.iter().filter(|index| standing(collection, index));
            let mut built: Vec<String> = built.map(|index| (*index).to_owned()).collect();
            built.sort();
            (*collection, built)
        })
        .collect()
}

/// Files, schema and database agree; where the server lacks something, all but that.
fn agrees(place: &Place, lack: Option<&Lack>) {
    let Some(lack) = lack else {
        place.run(&["migrate", "check"], 0);
        place.run(&["schema", "diff", "--exit-code"], 0);
        place.run(&["status", "--exit-code"], 0);
        return;
    };
    let check = place.run(&["migrate", "check"], 3);
    assert_eq!(check.stdout.trim_end(), format!("Pending:\n  - {}", lack.file));

    let before = place.catalogue();
    let command = doc! { "createIndexes": lack.collection, "indexes": [(lack.command)()] };
    let refused = format!("{:#}", place.database.run(command).unwrap_err());
    assert!(refused.contains(&format!("Error code {} ", lack.code)), "{refused}");
    let stopped = place.run(&["init"], 1);
    // The message is broken into lines.
    let said: Vec<&str> = stopped.stderr.split_whitespace().filter(|word| *word != "│").collect();
    let said = said.join(" ");
    assert!(said.contains(lack.file) && said.contains(lack.says), "{said}");
    assert_eq!(place.catalogue(), before, "a refused index leaves nothing");
    place.run(&["migrate", "resolve", lack.version, "--undone", "--yes"], 0);
}

/// The documents of the team's page are taken and stay what they are; what the page rules out is refused.
fn takes_its_documents(system: &System, server: Kind) {
    let place = Place::new(system, server);
    match lack_of(system, server) {
        Some(lack) => place.run(&["migrate", "--to", lack.before], 0),
        None => place.run(&["init"], 0),
    };
    let samples = (system.samples)();
    let mut tried: Vec<&str> = samples.iter().map(|sample| sample.collection).collect();
    tried.sort_unstable();
    let declared: Vec<&str> = system.indexes.iter().map(|(collection, _)| *collection).collect();
    assert_eq!(tried, declared, "every collection has a sample");

    for Sample { collection, document, allowed, refused } in samples {
        assert_eq!(place.insert(collection, &document), Ok(()), "{collection}: {document}");
        assert_eq!(place.find(collection, doc! {}), [document], "{collection} keeps what it is given");
        for change in &allowed {
            assert_eq!(place.update(collection, change), Ok(()), "{collection}: {change}");
        }
        assert!(!refused.is_empty(), "{collection} refuses something");
        let (let_through, refused): (Vec<_>, Vec<_>) =
            refused.into_iter().partition(|change| lets_through(server, change));
        let before = place.find(collection, doc! {});
        for change in &refused {
            let answer = place.update(collection, change);
            assert_eq!(answer, Err(DOCUMENT_VALIDATION_FAILURE), "{collection}: {change}");
        }
        assert_eq!(place.find(collection, doc! {}), before, "{collection}");
        for change in &let_through {
            assert_eq!(place.update(collection, change), Ok(()), "{collection}: {change}");
        }
        let empty = place.insert(collection, &doc! {});
        assert_eq!(empty, Err(DOCUMENT_VALIDATION_FAILURE), "{collection} takes no empty document");
    }
}

/// Whether a server takes what MongoDB refuses: SecantusDB's validators compare no Decimal128 with a minimum.
fn lets_through(server: Kind, change: &Document) -> bool {
    let sets_a_decimal = change
        .get_document("$set")
        .is_ok_and(|set| set.values().any(|value| matches!(value, Bson::Decimal128(_))));
    sets_a_decimal && server == Kind::SecantusDb && full_mongo_server_url().is_none()
}

/// The migration that gives older users what they lack gives it, and its way back takes it away.
fn gives_what_is_missing(system: &System, server: Kind) {
    let (before, version, field, value) = match system.name {
        "wayra" => ("0002", "0003", "role", Bson::from("user")),
        "travel-agent" => {
            ("0002", "0003", "metadata", doc! { "preferences": {}, "booking_history": [] }.into())
        }
        _ => ("0006", "0007", "points", Bson::from(0)),
    };
    let place = Place::new(system, server);
    place.run(&["migrate", "--to", before], 0);
    let sample = (system.samples)().into_iter().find(|sample| sample.collection == "users").unwrap();
    let mut older = sample.document;
    older.remove(field);
    place.insert("users", &older).unwrap();
    let mut newer = older.clone();
    newer.insert(field, value);

    place.run(&["migrate", "--to", version], 0);
    assert_eq!(place.find("users", doc! {}), [newer]);
    place.run(&["rollback", "--to", before], 0);
    assert_eq!(place.find("users", doc! {}), [older]);
}

#[test]
fn node_env_chooses_wayras_environment() {
    let mut place = Place::new(&WAYRA, Kind::Engine);
    place.sandbox.env("NODE_ENV", "test");
    let report = place.run(&["init"], 0).stdout;
    assert!(report.contains("environment test"), "{report}");

    place.sandbox.env("NODE_ENV", "production");
    let built = place.catalogue();
    let refused = place.run(&["rollback", "--version=1"], 5).stderr;
    assert!(refused.contains("`production` (from NODE_ENV in the environment)"), "{refused}");
    assert_eq!(place.catalogue(), built);

    place.sandbox.env("NODE_ENV", "development");
    place.run(&["rollback", "--version=1"], 0);
    let names: Vec<String> = place.catalogue().0.into_keys().collect();
    assert_eq!(names, ["trips", "users"], "version 1 made the collections");
    assert!(place.run(&["status"], 0).stdout.contains("1 applied, 2 pending, at 0001"));
}

#[test]
fn wayras_next_migration_gets_the_next_number() {
    let place = Place::new(&WAYRA, Kind::Engine);
    place.run(&["migrate", "create", "--name", "add user badges"], 0);
    let written = place.sandbox.read("migrations/0004-add-user-badges.js").unwrap();
    for function in ["async function up(db", "async function down(db", "module.exports = { up, down }"] {
        assert!(written.contains(function), "{written}");
    }
}

/// A question of the team's page, and the index that answers it.
struct Question {
    system: &'static System,
    collection: &'static str,
    filter: fn() -> Document,
    sort: fn() -> Document,
    index: &'static str,
}

/// Puts a question together in the order of the table's columns.
const fn question(
    system: &'static System,
    collection: &'static str,
    filter: fn() -> Document,
    sort: fn() -> Document,
    index: &'static str,
) -> Question {
    Question { system, collection, filter, sort, index }
}

/// Ten kilometres around Colombo.
fn near_colombo() -> Document {
    let colombo = doc! { "type": "Point", "coordinates": [79.8612, 6.9271] };
    doc! { "location.coordinates": { "$near": { "$geometry": colombo, "$maxDistance": 10_000 } } }
}

#[rustfmt::skip]
const QUESTIONS: &[Question] = &[
    question(&WAYRA, "users", || doc! { "firebaseUid": "uid-1" }, || doc! {}, "firebaseUid_1"),
    question(&WAYRA, "users", || doc! { "preferences.budgetRange.currency": "USD" }, || doc! {}, "preferences.budgetRange.currency_1"),
    question(&WAYRA, "trips", || doc! { "owner": samples::id(1) }, || doc! { "createdAt": -1 }, "owner_1_createdAt_1"),
    question(&WAYRA, "trips", || doc! { "collaborators.userId": samples::id(2) }, || doc! {}, "collaborators.userId_1"),
    question(&WAYRA, "trips", || doc! { "dates.start": { "$gte": samples::time() } }, || doc! { "dates.start": 1, "dates.end": 1 }, "dates.start_1_dates.end_1"),
    question(&TRAVEL_AGENT, "sessions", || doc! { "session_id": "user123::chat1" }, || doc! {}, "session_id_1"),
    question(&TRAVEL_AGENT, "sessions", || doc! { "user_id": "user123" }, || doc! { "last_updated": -1 }, "user_id_1_last_updated_1"),
    question(&TRAVEL_AGENT, "bookings", || doc! { "user_id": "user123" }, || doc! { "created_at": -1 }, "user_id_1_created_at_1"),
    question(&TRAVEL_AGENT, "conversations", || doc! { "session_id": "user123::chat1" }, || doc! { "updated_at": -1 }, "session_id_1_updated_at_1"),
    question(&TOURISM_BOT, "users", || doc! { "email": "ana@example.com" }, || doc! {}, "email_1"),
    question(&TOURISM_BOT, "attractions", || doc! { "category": "beach" }, || doc! {}, "category_1"),
    question(&TOURISM_BOT, "attractions", || doc! {}, || doc! { "rating": -1 }, "rating_-1"),
    question(&TOURISM_BOT, "attractions", near_colombo, || doc! {}, "location.coordinates_2dsphere"),
    question(&TOURISM_BOT, "attractions", || doc! { "$text": { "$search": "beach temple" } }, || doc! {}, "name_text_description_text"),
    question(&TOURISM_BOT, "conversations", || doc! { "user_id": samples::id(1) }, || doc! { "created_at": -1 }, "user_id_1_created_at_-1"),
];

#[test]
fn the_pages_questions_are_answered_by_indexes() {
    answered_by_indexes(Kind::Engine);
}

#[test]
fn the_pages_questions_are_answered_by_indexes_of_the_embedded_engine() {
    answered_by_indexes(Kind::Embedded);
}

fn answered_by_indexes(kind: Kind) {
    for system in [&WAYRA, &TRAVEL_AGENT, &TOURISM_BOT] {
        let place = Place::new(system, kind);
        place.run(&["init"], 0);
        for question in QUESTIONS.iter().filter(|question| question.system.name == system.name) {
            let mut find = doc! { "find": question.collection, "filter": (question.filter)() };
            let sort = (question.sort)();
            if !sort.is_empty() {
                find.insert("sort", sort);
            }
            let reply = place.database.run(doc! { "explain": find, "verbosity": "queryPlanner" }).unwrap();
            let plan =
                reply.get_document("queryPlanner").unwrap().get_document("winningPlan").unwrap().to_string();
            let index = format!("\"indexName\": \"{}\"", question.index);
            assert!(plan.contains(&index), "{}.{}: {plan}", system.name, question.collection);
            assert!(!plan.contains("\"SORT\""), "{}.{} sorts: {plan}", system.name, question.collection);
        }
    }
}

#[test]
fn the_tourism_bot_finds_what_is_near_and_what_is_named() {
    for server in Kind::ALL {
        let place = Place::new(&TOURISM_BOT, server);
        let lack = lack_of(&TOURISM_BOT, server);
        place.run(&["migrate", "--to", lack.map_or("0008", |lack| lack.before)], 0);
        for (number, name, category, city, longitude, latitude) in [
            (1, "Gangaramaya Temple", "temple", "Colombo", 79.8563, 6.9166),
            (2, "Galle Face Green", "beach", "Colombo", 79.8446, 6.9270),
            (3, "Unawatuna", "beach", "Galle", 80.2489, 6.0094),
        ] {
            let mut attraction = samples::attraction(number);
            attraction.extend(doc! { "name": name, "category": category, "city": city, "description": name });
            attraction.insert("location", doc! { "coordinates": samples::point(longitude, latitude) });
            place.insert("attractions", &attraction).unwrap();
        }
        let names = |found: Vec<Document>| -> Vec<String> {
            found.iter().map(|each| each.get_str("name").unwrap().to_owned()).collect()
        };
        let mut near = names(place.find("attractions", near_colombo()));
        if server == Kind::SecantusDb && full_mongo_server_url().is_none() {
            // It finds them in no particular order, as the table of capabilities says.
            near.sort();
            near.reverse();
        }
        assert_eq!(near, ["Gangaramaya Temple", "Galle Face Green"], "{server:?}");

        let pipeline = vec![
            doc! { "$match": { "category": "beach" } },
            doc! { "$group": { "_id": "$city", "count": { "$sum": 1 } } },
            doc! { "$sort": { "_id": 1 } },
        ];
        let counted = place.batch(doc! { "aggregate": "attractions", "pipeline": pipeline, "cursor": {} });
        assert_eq!(counted, [doc! { "_id": "Colombo", "count": 1 }, doc! { "_id": "Galle", "count": 1 }]);

        if lack.is_none() {
            let named = doc! { "$text": { "$search": "beach temple" } };
            assert_eq!(names(place.find("attractions", named)), ["Gangaramaya Temple"], "{server:?}");
        }
    }
}
