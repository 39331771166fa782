//! docs/reference/scripts.md names what there is.

use whimbrel_script::Entry;

use crate::server::{Database, Server, play};

const PAGE: &str = include_str!("../../../../docs/reference/scripts.md");

/// The names of a section: its words in backticks that are plain names.
fn names(section: &str) -> Vec<&'static str> {
    let start = PAGE.find(&format!("\n## {section}\n")).expect("the section is there");
    let body = &PAGE[start + 4..];
    let body = &body[..body.find("\n## ").unwrap_or(body.len())];
    let quoted = body.split('`').skip(1).step_by(2);
    quoted.filter(|name| !name.is_empty() && name.chars().all(char::is_alphanumeric)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_name_on_the_page_exists() {
    let database = Database::fresh(Server::SecantusDb).await;
    let owners = [
        ("Collection", "db.collection('x')"),
        ("Cursor", "db.collection('x').find()"),
        ("Database", "db"),
        ("Client", "client"),
        ("Session", "session"),
        ("Globals", "globalThis"),
        ("Modules", "require('mongodb')"),
    ];
    for (section, owner) in owners {
        let names = names(section);
        assert!(names.len() > 2, "{section}");
        let list = names.iter().filter(|name| !(section == "Globals" && matches!(**name, "db" | "client")));
        let list: Vec<String> = list.map(|name| format!("'{name}'")).collect();
        // A database and a mongosh collection make a collection of any unknown name, so that functions are asked for.
        let text = format!(
            "module.exports.up = (db, client) => {{ const session = client.startSession(); const owner = {owner}; \
             return [{}].filter((name) => !['function', 'object'].includes(typeof owner[name]) || owner[name]?.collectionName === name); }};",
            list.join(", ")
        );
        let missing = play(&database, &text, Entry::Up).await.json();
        assert_eq!(missing, serde_json::json!([]), "{section}");
    }
}
