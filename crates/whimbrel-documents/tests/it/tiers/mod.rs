//! The two tiers: what is answered as MongoDB answers it, and what is refused by name.
//!
//! Both lists are written by hand (`tier1.toml`, `tier2.toml`). Nothing here reads the engine's own tables.

mod names;
mod refusals;
mod replies;
mod secantus;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bson::Bson;

use crate::reference::Pair;
use crate::tables::command;
use names::Names;

/// The cases of tier 1, one command on a line.
const CASES: &str = include_str!("tier1.jsonl");

/// A tier: its names by group, and for tier 1 the tests that stand in for a case.
pub(crate) struct Tier {
    pub(crate) groups: BTreeMap<String, Vec<String>>,
    elsewhere: BTreeMap<String, String>,
}

impl Tier {
    /// Reads one of the two files.
    pub(crate) fn read(file: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let table: toml::Table = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let groups = table["groups"].clone().try_into().unwrap();
        let elsewhere = table.get("elsewhere").map(|tests| tests.clone().try_into().unwrap());
        Self { groups, elsewhere: elsewhere.unwrap_or_default() }
    }

    /// Every name as `group name`.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let named = |(group, names): (&String, &Vec<String>)| -> Vec<String> {
            names.iter().map(|name| format!("{group} {name}")).collect()
        };
        self.groups.iter().flat_map(named).collect()
    }
}

fn is_answered(reply: &Bson) -> bool {
    let Bson::Document(reply) = reply else { return false };
    reply.get("ok").is_some_and(|ok| *ok == Bson::Double(1.0)) && !reply.contains_key("writeErrors")
}

#[tokio::test]
async fn every_name_of_tier_one_has_a_case_that_both_engines_answer_alike() {
    let tier = Tier::read("tier1.toml");
    let pair = Pair::new().await;
    let mut seen = Names::default();
    let mut troubles = Vec::new();
    let mut cases = 0;
    for (number, line) in CASES.lines().enumerate() {
        if line.is_empty() || line.starts_with("//") {
            continue;
        }
        let (on, command) = command(line, &pair.database);
        let (theirs, ours) = pair.run(&on, &command).await;
        cases += 1;
        if theirs != ours {
            troubles.push(format!("line {}: {line}\n  MongoDB: {theirs}\n  here:    {ours}", number + 1));
        } else if is_answered(&ours) {
            seen.command(&command);
            if command.contains_key("explain") {
                seen.explanation(&ours);
            }
        } else {
            troubles.push(format!("line {}: both refuse {line}\n  {ours}", number + 1));
        }
    }
    pair.finish().await;
    println!("{cases} cases, {} names seen", seen.0.len());
    assert!(troubles.is_empty(), "{} of {cases} cases:\n{}", troubles.len(), troubles.join("\n"));
    let elsewhere: BTreeSet<String> = tier.elsewhere.keys().cloned().collect();
    let without: Vec<String> =
        tier.names().into_iter().filter(|name| !seen.0.contains(name) && !elsewhere.contains(name)).collect();
    assert!(without.is_empty(), "no case in tier1.jsonl for {without:#?}");
    let unlisted: Vec<&String> = seen.0.iter().filter(|name| !tier.names().contains(*name)).collect();
    assert!(unlisted.is_empty(), "cases use what tier1.toml does not name: {unlisted:#?}");
}

#[test]
fn every_test_that_stands_in_for_a_case_exists() {
    let tier = Tier::read("tier1.toml");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    for (name, test) in &tier.elsewhere {
        assert!(tier.names().contains(name), "{name} is no name of tier 1");
        let (file, function) = test.split_once("::").unwrap();
        let source = std::fs::read_to_string(folder.join(format!("{file}.rs"))).unwrap();
        assert!(source.contains(&format!("fn {function}()")), "{name}: there is no test {test}");
    }
}

#[test]
fn no_name_stands_in_both_tiers_or_twice_in_one() {
    let (first, second) = (Tier::read("tier1.toml"), Tier::read("tier2.toml"));
    let both: Vec<String> = first.names().intersection(&second.names()).cloned().collect();
    assert!(both.is_empty(), "in both tiers: {both:?}");
    for tier in [first, second] {
        let stated: usize = tier.groups.values().map(Vec::len).sum();
        assert_eq!(tier.names().len(), stated, "a name stands twice");
    }
}
