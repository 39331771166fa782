//! Mistakes in schema.rs: each at its place, with the way to write it, before anything is connected or changed.

use super::{points_at, refused, standing};
use crate::project::{Engine, Project};

/// A body of schema.rs; code, place, and words of the error. The body begins on line 3.
type Mistake = (&'static str, &'static str, &'static str, &'static [&'static str]);

const MISTAKES: &[Mistake] = &[
    (
        "#[derive(Model)]\n#[db(tabel = \"trips\")]\npub struct Trip {\n    #[db(id)]\n    pub id: Uuid,\n}\n",
        "schema::unknown_attribute",
        "src/schema.rs:4:6",
        &["`tabel`", "did you mean `table`?"],
    ),
    (
        "#[derive(Model)]\n#[db(table = \"trips\")]\npub struct Trip {\n    #[db(id)]\n    pub id: Uuid,\n    #[db(uniqe)]\n    pub name: String,\n}\n",
        "schema::unknown_attribute",
        "src/schema.rs:8:10",
        &["`uniqe`", "did you mean `unique`?"],
    ),
    (
        "#[derive(Model)]\n#[db(table = \"trips\")]\npub struct Trip {\n    #[db(id)]\n    pub id: Uuid,\n    pub tags: HashMap<String, String>,\n}\n",
        "schema::unsupported",
        "src/schema.rs:8:15",
        &["`HashMap`", "`Json`"],
    ),
    (
        "#[derive(Model)]\n#[db(table = \"trips\")]\npub struct Trip {\n    #[db(id)]\n    pub id: u32,\n}\n",
        "schema::",
        "src/schema.rs:7:13",
        &["u32", "i64"],
    ),
    (
        "#[derive(Model)]\n#[db(table = \"trips\")]\npub struct Trip {\n    #[db(id)]\n    pub id: Uuid,\n    #[db(references = User::id)]\n    pub owner: Uuid,\n}\n",
        "schema::",
        "src/schema.rs:8:",
        &["User"],
    ),
    (
        "#[derive(Model)]\n#[db(table = \"trips\")]\npub struct Trip {\n    #[db(id)]\n    pub id: Uuid,\n    #[db(default = Missing)]\n    pub kind: String,\n}\n",
        "schema::attribute_fit",
        "src/schema.rs:8:20",
        &["`kind`"],
    ),
    (
        "#[derive(Model)]\n#[db(index(nme), table = \"trips\")]\npub struct Trip {\n    #[db(id)]\n    pub id: Uuid,\n    pub name: String,\n}\n",
        "schema::",
        "src/schema.rs:4:12",
        &["nme", "name"],
    ),
    (
        "#[derive(Model)]\n#[db(check(dear = price + 1), table = \"trips\")]\npub struct Trip {\n    #[db(id)]\n    pub id: Uuid,\n    pub price: i32,\n}\n",
        "schema::",
        "src/schema.rs:4:",
        &["not a condition", "compare it with something"],
    ),
    (
        "#[derive(Model)]\n#[db(table = \"trips\")]\npub struct Trip {\n    pub id: i64\n    pub title: String,\n}\n",
        "schema::syntax",
        "src/schema.rs:",
        &["not Rust"],
    ),
    (
        "#[derive(Model)]\n#[db(table = \"trips\")]\npub struct Trip<T> {\n    #[db(id)]\n    pub id: Uuid,\n}\n",
        "schema::unsupported",
        "src/schema.rs:5:",
        &["cannot have parameters", "write the types themselves"],
    ),
    (
        "#[derive(Model)]\n#[db(table = \"trips\")]\npub struct Trip {\n    #[db(id)]\n    pub id: Uuid,\n    #[cfg(feature = \"x\")]\n    pub extra: i32,\n}\n",
        "schema::unsupported",
        "src/schema.rs:8:",
        &["cfg"],
    ),
    (
        "#[derive(Model)]\n#[db(table = \"trips\")]\npub struct Trip {\n    #[db(id)]\n    pub id: Uuid,\n}\n\n\
         #[derive(Model)]\n#[db(table = \"trips\")]\npub struct Tour {\n    #[db(id)]\n    pub id: Uuid,\n}\n",
        "schema::",
        "src/schema.rs:",
        &["trips", "Trip"],
    ),
    (
        "#[derive(Model)]\n#[db(table = \"trips\")]\npub struct Trip {\n    #[db(id)]\n    pub id: Uuid,\n    #[db(varchar = \"255\")]\n    pub title: String,\n}\n",
        "schema::attribute_value",
        "src/schema.rs:8:20",
        &["expected a number", "varchar"],
    ),
];

fn with_schema(body: &str) -> Project {
    let project = standing(Engine::Sqlite, "0001");
    project.declare(body);
    project
}

#[test]
fn each_mistake_is_shown_at_its_place() {
    for (body, prefix, place, words) in MISTAKES {
        let project = with_schema(body);
        // The whole code, where the case names only its area.
        let json = project.run(&["schema", "print", "--json"], 1);
        let code = super::last_json(&json.stderr)["code"].as_str().unwrap().to_owned();
        assert!(code.starts_with(prefix) && code != "schema::mistakes", "{body}: {}", json.stderr);
        for command in [
            &["schema", "print"][..],
            &["migrate", "check"],
            &["migrate", "create", "--auto", "--name", "x"],
            &["init"],
            &["status"],
            &["schema", "diff"],
        ] {
            points_at(&refused(&project, command, (1, &code, words)), place);
        }
        let doctor = project.run(&["doctor"], 1);
        assert!(doctor.stdout.contains("FAIL  schema"), "{}", doctor.stdout);
    }
}

#[test]
fn many_mistakes_are_shown_together() {
    let project = with_schema(&[MISTAKES[0].0, &MISTAKES[1].0.replace("Trip", "Tour")].concat());
    let stderr = refused(&project, &["schema", "print"], (1, "schema::mistakes", &["2 mistakes"]));
    points_at(&stderr, "src/schema.rs:4:6");
    points_at(&stderr, "did you mean `unique`?");
}

#[test]
fn no_schema() {
    let project = standing(Engine::Sqlite, "0001");
    for command in [&["schema", "print"][..], &["status"], &["init"], &["migrate", "check"]] {
        refused(&project, command, (1, "schema::missing", &["src/schema.rs", "whimbrel schema pull"]));
    }
}

#[test]
fn a_bad_document() {
    let project = standing(Engine::Sqlite, "0001");
    project
        .sandbox
        .write("whimbrel.toml", "name = \"case\"\nmodel = \"relational\"\nschema = \"schema.json\"\n")
        .unwrap();
    project.sandbox.write("schema.json", "{\"format\": 1,").unwrap();
    let words: &[&str] = &["schema.json", "line 1", "whimbrel schema print --format json"];
    refused(&project, &["status"], (1, "schema::syntax", words));
}
