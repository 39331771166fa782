//! Tables of commands, one on a line, that both engines run in order on an empty database.
//!
//! A line is a command in extended JSON. One that begins with `{"$on": "admin", …}` goes to another database, and
//! `$db` in a text stands for the test's own.

use std::path::{Path, PathBuf};

use bson::{Bson, Document};

use crate::reference::Pair;

fn tables() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tables");
    let mut tables: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    tables.sort();
    tables
}

pub(crate) fn command(line: &str, database: &str) -> (String, Document) {
    let value: serde_json::Value = serde_json::from_str(&line.replace("$db", database)).unwrap();
    let Ok(Bson::Document(mut command)) = Bson::try_from(value) else { panic!("{line} is no command") };
    let on = command.remove("$on").and_then(|on| on.as_str().map(str::to_owned)).unwrap_or_default();
    (on, command)
}

#[tokio::test]
async fn both_engines_answer_alike() {
    let mut different = Vec::new();
    let mut cases = 0;
    for table in tables() {
        let pair = Pair::new().await;
        let name = table.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&table).unwrap();
        for (number, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with("//") {
                continue;
            }
            let (on, command) = command(line, &pair.database);
            let (theirs, ours) = pair.run(&on, &command).await;
            cases += 1;
            if theirs != ours {
                different
                    .push(format!("{name}:{}: {line}\n  MongoDB: {theirs}\n  here:    {ours}", number + 1));
            }
        }
        pair.finish().await;
    }
    println!("{cases} commands compared");
    assert!(cases > 100, "the tables were not found");
    assert!(different.is_empty(), "{} of {cases} differ:\n{}", different.len(), different.join("\n"));
}
