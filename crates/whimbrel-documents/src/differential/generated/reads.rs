//! Random commands that read: find, count, distinct.

use bson::{Bson, Document, bson, doc};

use super::documents::PATHS;
use super::exclusions::{keeps_one, sorts_by_a_rest};
use super::expressions::{Expressions, as_field};
use super::filters::Filters;
use super::indexes::path;
use super::random::Random;
use super::scene::Generated;

/// The commands that read, each of which has to be drawn.
pub(super) const READS: [&str; 5] = ["find", "count", "distinct", "expression", "aggregate"];
/// The kinds of projections, each of which has to be drawn.
pub(super) const PROJECTIONS: [&str; 9] = [
    "none",
    "inclusion",
    "exclusion",
    "computed",
    "$slice",
    "$elemMatch",
    "positional",
    "nested",
    "exclusion nested",
];
/// The kinds of sorts, each of which has to be drawn.
pub(super) const SORTS: [&str; 4] = ["by id", "by path", "by two paths", "none"];

/// How many filters are tried until one returns some but not all documents.
pub(super) const MOST_DRAWS: usize = 12;

/// A sort that leaves nothing open.
pub(super) fn sort(random: &mut Random) -> Option<Document> {
    let kind = random.deal("sort", &SORTS);
    let direction = |random: &mut Random| if random.chance(50) { 1 } else { -1 };
    let mut keys = Document::new();
    match kind {
        "by id" => {}
        "none" => return None,
        "by path" => _ = keys.insert(path(random), direction(random)),
        _ => {
            keys.insert(path(random), direction(random));
            keys.insert(path(random), direction(random));
        }
    }
    keys.insert("_id", direction(random));
    Some(keys)
}

/// A command over a filter.
pub(super) fn read(random: &mut Random, documents: &[Document], filter: Document) -> Generated {
    match random.below(10) {
        0 => {
            random.note("command", "count");
            let mut command = doc! { "count": "docs", "query": filter };
            if random.chance(40) {
                command.insert("limit", random.between(0, 8));
            }
            if random.chance(40) {
                command.insert("skip", random.between(0, 8));
            }
            Generated::read("count", command)
        }
        1 => {
            random.note("command", "distinct");
            let key = *random.pick(&PATHS);
            let mut case =
                Generated::read("distinct", doc! { "distinct": "docs", "key": key, "query": filter });
            case.manner.any_number_type = true;
            case
        }
        _ => find(random, documents, filter),
    }
}

fn find(random: &mut Random, documents: &[Document], filter: Document) -> Generated {
    random.note("command", "find");
    let mut command = doc! { "find": "docs", "batchSize": 100_000 };
    let sort = sort(random);
    let projection = projection(random, documents, &filter);
    let needs_limit =
        matches!((&sort, &projection), (Some(keys), Some(shown)) if sorts_by_a_rest(keys, shown));
    if let Some(projection) = projection {
        command.insert("projection", projection);
    }
    command.insert("filter", filter);
    let mut case = Generated::read("find", Document::new());
    match sort {
        Some(keys) => {
            command.insert("sort", keys);
            if random.chance(20) {
                command.insert("skip", random.between(1, 5));
            }
            if random.chance(20) || needs_limit {
                command.insert("limit", random.between(1, 12));
            }
        }
        None => case.manner.unordered = true,
    }
    case.manner.any_number_type = keeps_one(&command);
    case.manner.nested = command.get_document("projection").is_ok_and(|shown| shown.contains_key("z"));
    case.command = command;
    case
}

/// A projection as find takes it.
pub(super) fn projection(random: &mut Random, documents: &[Document], filter: &Document) -> Option<Document> {
    let kind = random.deal("projection", &PROJECTIONS);
    let mut projection = Document::new();
    let paths = ["a", "b", "s", "n", "l", "m", "o", "q"];
    let inner = ["n.b", "n.c", "n.c.d", "l.b", "l.c", "m.x", "o.x", "q.0", "zz.y"];
    match kind {
        "none" => return None,
        "inclusion" | "exclusion" => {
            let flag = i32::from(kind == "inclusion");
            for _ in 0..=random.below(3) {
                projection.insert(*random.pick(&paths), flag);
            }
            if random.chance(25) {
                projection.insert("_id", random.between(0, 1));
            }
        }
        "nested" | "exclusion nested" => {
            let flag = i32::from(kind == "nested");
            projection.insert(*random.pick(&inner), flag);
            if random.chance(40) {
                projection.insert(*random.pick(&["a", "s", "m"]), flag);
            }
        }
        "computed" => {
            projection.insert("a", 1);
            projection.insert("z", as_field(Expressions::new(random).next(1)));
        }
        "$slice" => {
            let slice = match random.below(3) {
                0 => bson!({ "$slice": random.between(-2, 3) }),
                _ => bson!({ "$slice": [random.between(-3, 2), random.between(1, 3)] }),
            };
            projection.insert(*random.pick(&["l", "m", "a", "q", "l.b", "n.b"]), slice);
            if random.chance(40) {
                projection.insert("a", random.between(0, 1));
            }
        }
        "$elemMatch" => {
            let mut filters = Filters { random, documents };
            let element = filters.element(1);
            projection.insert("l", doc! { "$elemMatch": element });
            if random.chance(40) {
                projection.insert("a", 1);
            }
        }
        _ => {
            // Of several predicates, and of places in arrays, the server's optimizer decides which one matched an element.
            let path = filter.keys().next().filter(|path| filter.len() == 1 && !path.contains(['0', '1']))?;
            let array = ["l", "m", "q", "a"].into_iter().find(|name| path.split('.').next() == Some(name));
            projection.insert(format!("{}.$", array?), 1);
        }
    }
    Some(projection)
}

/// A pipeline that computes an expression over some of the documents.
pub(super) fn compute(random: &mut Random, documents: &[Document]) -> Generated {
    random.note("command", "expression");
    // One operator over plain operands is refused as there, to the code; inside others the order decides what is told.
    let depth = if random.chance(50) { 0 } else { 2 };
    let expression = as_field(Expressions::new(random).next(depth));
    let mut stages = vec![];
    if random.chance(40) {
        let id = random.pick(documents).get("_id").cloned().unwrap_or(Bson::Null);
        stages.push(doc! { "$match": { "_id": id } });
    } else {
        stages.push(doc! { "$sort": { "_id": 1 } });
    }
    stages.push(doc! { "$project": { "v": expression } });
    let command = doc! { "aggregate": "docs", "pipeline": stages, "cursor": { "batchSize": 100_000 } };
    let any_number_type = keeps_one(&command);
    let mut case = Generated::read("expression", command);
    case.manner.any_number_type = any_number_type;
    case.manner.nested = depth > 0;
    case
}
