//! Random indexes.

use bson::{Document, bson, doc};

use super::documents::PATHS;
use super::exclusions::{NESTED_PLACES, is_place};
use super::random::Random;

/// The kinds of indexes, each of which has to be drawn.
pub(super) const INDEXES: [&str; 8] =
    ["single", "descending", "compound", "compound", "unique", "sparse", "partial", "wide"];

/// A path that a sort goes by.
pub(super) fn path(random: &mut Random) -> &'static str {
    loop {
        let path = *random.pick(&PATHS);
        if !NESTED_PLACES.contains(&path) {
            return path;
        }
    }
}

/// A path that an index goes by.
fn indexed(random: &mut Random) -> &'static str {
    loop {
        let path = path(random);
        if !is_place(path) {
            return path;
        }
    }
}

/// The specifications of a few indexes.
pub(super) fn indexes(random: &mut Random) -> Vec<Document> {
    let mut indexes = Vec::new();
    for number in 0..random.below(4) {
        let kind = random.deal("index", &INDEXES);
        let mut key = Document::new();
        let width = match kind {
            "compound" => 2,
            "wide" => 3,
            _ => 1,
        };
        for _ in 0..width {
            let direction = if kind == "descending" || random.chance(25) { -1 } else { 1 };
            key.insert(indexed(random), direction);
        }
        let mut index = doc! { "key": key, "name": format!("index{number}") };
        match kind {
            "unique" => {
                // Of a field that every document has for itself until it is updated.
                let mut key = doc! { "k": 1 };
                if random.chance(50) {
                    key.insert(indexed(random), 1);
                }
                index.insert("key", key);
                index.insert("unique", true);
            }
            "sparse" => _ = index.insert("sparse", true),
            "partial" => {
                let path = *random.pick(&["a", "i", "s", "n.b"]);
                let condition = match random.below(3) {
                    0 => bson!({ "$exists": true }),
                    1 => bson!({ "$gt": random.between(-2, 3) }),
                    _ => bson!({ "$type": "string" }),
                };
                index.insert("partialFilterExpression", doc! { path: condition });
            }
            _ => {}
        }
        indexes.push(index);
    }
    indexes
}
