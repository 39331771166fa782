//! What a right command is turned into: values, types, names and nesting are swapped, and bytes are broken.

use bson::{Bson, Document};

use super::random::Random;
use super::values::{deep, field, value};

/// Names that are put in the place of others.
const NAMES: [&str; 24] = [
    "$and",
    "$not",
    "$in",
    "$elemMatch",
    "$regex",
    "$options",
    "$expr",
    "$each",
    "$set",
    "$inc",
    "$group",
    "$match",
    "$near",
    "$geometry",
    "$add",
    "$cond",
    "$map",
    "$let",
    "$literal",
    "$sum",
    "$nonsense",
    "filter",
    "pipeline",
    "limit",
];
/// The most changes of one command.
const MOST: usize = 3;
/// The most bytes that are broken.
const MOST_BYTES: usize = 4;

/// Changes a command somewhere below its name.
pub(super) fn mutated(random: &mut Random, command: Document) -> Document {
    let mut changed = command;
    for _ in 0..=random.below(MOST) {
        let keys: Vec<String> = changed.keys().cloned().collect();
        // The command's own name stays mostly, so that the change is looked at.
        let first = usize::from(keys.len() > 1 && !random.percent(5));
        let nested: Vec<&String> = keys[first..]
            .iter()
            .filter(|key| matches!(changed.get(key.as_str()), Some(Bson::Document(_) | Bson::Array(_))))
            .collect();
        // What is nested has more to change than what is not.
        let key = if nested.is_empty() || random.percent(20) {
            &keys[first + random.below(keys.len() - first)]
        } else {
            nested[random.below(nested.len())]
        };
        let mut target = changed.remove(key).unwrap_or(Bson::Null);
        change(random, &mut target);
        // It is put back at its place.
        changed = keys
            .iter()
            .filter_map(|name| {
                if name == key {
                    Some((name.clone(), target.clone()))
                } else {
                    changed.remove(name).map(|value| (name.clone(), value))
                }
            })
            .collect();
    }
    changed
}

/// Goes down at random, and changes what it meets.
fn change(random: &mut Random, target: &mut Bson) {
    match target {
        Bson::Document(document) if !document.is_empty() && random.percent(75) => {
            let place = random.below(document.len());
            let key = document.keys().nth(place).cloned().unwrap_or_default();
            match random.below(8) {
                0 => drop(document.remove(&key)),
                1 => {
                    let moved = document.remove(&key).unwrap_or(Bson::Null);
                    document.insert(random.of(&NAMES), moved);
                }
                2 => {
                    let moved = document.remove(&key).unwrap_or(Bson::Null);
                    document.insert(field(random), moved);
                }
                3 => drop(document.insert(random.of(&NAMES), value(random, 2))),
                _ => {
                    if let Some(inner) = document.get_mut(&key) {
                        change(random, inner);
                    }
                }
            }
        }
        Bson::Array(values) if !values.is_empty() && random.percent(75) => {
            let place = random.below(values.len());
            match random.below(6) {
                0 => drop(values.remove(place)),
                1 => values.push(values[place].clone()),
                2 => values.insert(place, value(random, 2)),
                _ => change(random, &mut values[place]),
            }
        }
        other => *other = replaced(random, other.clone()),
    }
}

fn replaced(random: &mut Random, old: Bson) -> Bson {
    match random.below(8) {
        0 => Bson::Array(vec![old]),
        1 => Bson::Document([(random.of(&NAMES).to_owned(), old)].into_iter().collect()),
        2 => Bson::Array(vec![old.clone(), old]),
        3 if random.percent(20) => deep(random),
        4 => Bson::Null,
        _ => value(random, 2),
    }
}

/// The bytes of a command with some of them broken; none where no document can be read from them.
pub(super) fn broken(random: &mut Random, command: &Document) -> Option<Document> {
    let bytes = broken_bytes(random, command.to_vec().ok()?);
    Document::from_reader(bytes.as_slice()).ok()
}

/// Flips, cuts off and repeats.
pub(super) fn broken_bytes(random: &mut Random, mut bytes: Vec<u8>) -> Vec<u8> {
    for _ in 0..=random.below(MOST_BYTES) {
        if bytes.is_empty() {
            break;
        }
        let place = random.below(bytes.len());
        match random.below(5) {
            0 => bytes.truncate(place),
            1 => bytes.insert(place, random.next().to_le_bytes()[0]),
            2 => drop(bytes.remove(place)),
            _ => bytes[place] ^= 1 << random.below(8),
        }
    }
    bytes
}
