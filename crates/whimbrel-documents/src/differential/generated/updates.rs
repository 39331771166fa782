//! Random commands that write: update, findAndModify, delete, insert.

use bson::{Bson, Document, bson, doc};

use super::documents::{Kind, Temper, any, document, present, value};
use super::exclusions::{MOST_TAKEN_OVER, PUSH_SORTS_SOMETHING, REMOVED};
use super::expressions::{Expressions, as_field};
use super::filters::Filters;
use super::random::Random;
use super::scene::Generated;

/// The kinds of updates, each of which has to be drawn.
pub(super) const UPDATES: [&str; 22] = [
    "$set",
    "$unset",
    "$inc",
    "$mul",
    "$min",
    "$max",
    "$rename",
    "$setOnInsert",
    "$currentDate",
    "$push",
    "$push $each",
    "$addToSet",
    "$addToSet $each",
    "$pop",
    "$pull",
    "$pullAll",
    "$bit",
    "replacement",
    "pipeline",
    "positional",
    "all positional",
    "arrayFilters",
];
/// The commands that write, each of which has to be drawn.
pub(super) const WRITES: [&str; 10] = [
    "update one",
    "update one",
    "update one",
    "update many",
    "upsert",
    "findAndModify",
    "findAndModify",
    "findAndModify remove",
    "delete",
    "insert",
];
const PATHS: [&str; 28] = [
    "a",
    "b",
    "i",
    "i",
    "s",
    "d",
    "t",
    "w",
    "k",
    "n.b",
    "n.i",
    "n.new",
    "n.c.d",
    "l",
    "l.0",
    "l.0.b",
    "l.1.c",
    "l.b",
    "m",
    "m.0",
    "m.5",
    "q.0",
    "q.0.1",
    "o.x",
    "o.new.deep",
    "new",
    "new.deep.er",
    "a.b",
];
const ARRAYS: [&str; 8] = ["m", "m", "l", "q", "q.0", "new", "n.list", "a"];
const NUMBERS: [&str; 6] = ["i", "w", "n.i", "new", "l.0.c", "k"];

/// What updates are made of: the random numbers, and the documents they change.
pub(super) struct Updates<'g> {
    pub(super) random: &'g mut Random,
    pub(super) documents: &'g [Document],
}

/// An update and what goes with it.
struct Change {
    update: Bson,
    array_filters: Option<Vec<Document>>,
    /// What the filter has to say for the update to know its position.
    condition: Document,
}

impl Updates<'_> {
    /// A command that writes; `filter` chooses documents where it may be several.
    pub(super) fn write(&mut self, filter: Document) -> Generated {
        let kind = self.random.deal("write", &WRITES);
        match kind {
            "delete" => {
                let many = self.random.chance(40);
                let query = if many { filter } else { self.one() };
                let deletes = bson!([{ "q": query, "limit": i32::from(!many) }]);
                Generated::write("delete", doc! { "delete": "docs", "deletes": deletes })
            }
            "insert" => self.insert(),
            "findAndModify remove" => {
                let command =
                    doc! { "findAndModify": "docs", "query": filter, "sort": { "_id": 1 }, "remove": true };
                Generated::write("findAndModify", command)
            }
            "findAndModify" => self.find_and_modify(filter),
            _ => self.update(kind, filter),
        }
    }

    fn one(&mut self) -> Document {
        let id = self.random.pick(self.documents).get("_id").cloned().unwrap_or(Bson::Null);
        doc! { "_id": id }
    }

    /// An insert of a few documents, one of which may be there already.
    pub(super) fn insert(&mut self) -> Generated {
        let temper = if self.random.chance(50) { Temper::Tame } else { Temper::Wild };
        let documents: Vec<Document> = (0..=self.random.below(2))
            .map(|_| {
                let id = self.random.between(0, 300);
                document(self.random, temper, id)
            })
            .collect();
        let ordered = self.random.chance(70);
        Generated::write("insert", doc! { "insert": "docs", "documents": documents, "ordered": ordered })
    }

    fn update(&mut self, kind: &'static str, filter: Document) -> Generated {
        let change = self.change();
        let many = kind == "update many" && !change.update.as_document().is_some_and(is_replacement);
        let mut query = if many {
            filter
        } else if kind == "upsert" {
            self.absent()
        } else {
            self.one()
        };
        query.extend(change.condition);
        let mut statement = doc! { "q": query, "u": change.update };
        if let Some(filters) = change.array_filters {
            statement.insert("arrayFilters", filters);
        }
        if many {
            statement.insert("multi", true);
        }
        if kind == "upsert" {
            statement.insert("upsert", true);
        }
        let mut case = Generated::write("update", doc! { "update": "docs", "updates": [statement] });
        case.halfway = many;
        case
    }

    /// A filter that no document passes, of equalities that an upsert takes over.
    fn absent(&mut self) -> Document {
        let mut filter = doc! { "_id": self.random.between(400, 900) };
        for _ in 0..self.random.below(MOST_TAKEN_OVER + 1) {
            let path = *self.random.pick(&["a", "b", "n.b", "new", "m", "o.x"]);
            let value = any(self.random, 1);
            let said = match self.random.below(6) {
                0 => bson!({ "$eq": value }),
                1 => bson!({ "$gt": value }),
                2 => bson!({ "$in": [value] }),
                3 => bson!({ "$all": [value] }),
                _ if value.as_document().is_some() => bson!(1),
                _ => value,
            };
            filter.insert(path, said);
        }
        if self.random.chance(20) {
            filter = doc! { "$and": [filter] };
        }
        filter
    }

    fn find_and_modify(&mut self, filter: Document) -> Generated {
        let change = self.change();
        let mut query = if change.condition.is_empty() { filter } else { Document::new() };
        query.extend(change.condition);
        let mut command =
            doc! { "findAndModify": "docs", "query": query, "sort": { "_id": 1 }, "update": change.update };
        if let Some(filters) = change.array_filters {
            command.insert("arrayFilters", filters);
        }
        if self.random.chance(50) {
            command.insert("new", true);
        }
        if self.random.chance(30) {
            let fields = *self.random.pick(&["a", "n.b", "l.b", "m"]);
            command.insert("fields", doc! { fields: self.random.between(0, 1) });
        }
        Generated::write("findAndModify", command)
    }

    fn value(&mut self, path: &str) -> Bson {
        if self.random.chance(40)
            && let Some(found) = present(self.random, self.documents, path)
        {
            return found;
        }
        any(self.random, 2)
    }

    fn change(&mut self) -> Change {
        let kind = self.random.deal("update", &UPDATES);
        let mut change = Change { update: Bson::Null, array_filters: None, condition: Document::new() };
        change.update = match kind {
            "replacement" => {
                let id = self.random.between(0, 20);
                let mut new = document(self.random, Temper::Wild, id);
                if self.random.chance(85) {
                    new.remove("_id");
                }
                Bson::Document(new)
            }
            "pipeline" => self.pipeline(),
            "positional" => {
                let (condition, path) = self.position();
                change.condition = condition;
                self.at(path)
            }
            "all positional" => {
                let path =
                    *self.random.pick(&["m.$[]", "l.$[].b", "l.$[].c", "q.$[].$[]", "new.$[]", "q.$[]"]);
                self.at(path)
            }
            "arrayFilters" => {
                let (path, filter) = self.array_filter();
                change.array_filters = Some(vec![filter]);
                self.at(path)
            }
            _ => {
                let mut update = self.operator(kind);
                if self.random.chance(30) {
                    let other = self.random.draw("update", &["$set", "$inc", "$unset", "$push", "$max"]);
                    for (name, fields) in self.operator(other) {
                        update.entry(name).or_insert(fields);
                    }
                }
                Bson::Document(update)
            }
        };
        change
    }

    fn position(&mut self) -> (Document, &'static str) {
        match self.random.below(5) {
            0 => (doc! { "m": self.value("m") }, "m.$"),
            1 => (doc! { "m": { "$gte": self.value("m") } }, "m.$"),
            2 => (doc! { "l.b": self.value("l.b") }, "l.$.b"),
            3 => (doc! { "l": { "$elemMatch": { "c": { "$gte": self.random.between(-2, 3) } } } }, "l.$.c"),
            _ => (doc! { "m": { "$elemMatch": { "$in": [self.value("m"), self.value("m")] } } }, "m.$"),
        }
    }

    fn array_filter(&mut self) -> (&'static str, Document) {
        match self.random.below(5) {
            0 => ("m.$[e]", doc! { "e": self.value("m") }),
            1 => ("m.$[e]", doc! { "e": { "$gt": self.value("m") } }),
            2 => ("l.$[e].b", doc! { "e.c": { "$lte": self.random.between(-1, 5) } }),
            3 => {
                ("l.$[e].c", doc! { "$or": [{ "e.b": self.value("l.b") }, { "e.c": { "$exists": false } }] })
            }
            _ => ("q.$[].$[e]", doc! { "e": { "$type": "number" } }),
        }
    }

    /// An operator of one argument at a path.
    fn at(&mut self, path: &str) -> Bson {
        let operator = *self.random.pick(&["$set", "$set", "$unset", "$inc", "$mul", "$min", "$max"]);
        let argument = match operator {
            "$inc" | "$mul" => value(self.random, Kind::Number, 0),
            _ => any(self.random, 1),
        };
        bson!({ operator: { path: argument } })
    }

    fn operator(&mut self, kind: &'static str) -> Document {
        let mut fields = Document::new();
        let most = if kind == "$rename" { 1 } else { 2 };
        for _ in 0..=self.random.below(most) {
            let (path, argument) = self.field(kind);
            fields.insert(path, argument);
        }
        let name = kind.split(' ').next().unwrap_or(kind);
        doc! { name: fields }
    }

    fn field(&mut self, kind: &'static str) -> (&'static str, Bson) {
        let path = match kind {
            "$inc" | "$mul" | "$bit" if self.random.chance(80) => *self.random.pick(&NUMBERS),
            "$push" | "$push $each" | "$addToSet" | "$addToSet $each" | "$pop" | "$pull" | "$pullAll"
                if self.random.chance(90) =>
            {
                *self.random.pick(&ARRAYS)
            }
            "$rename" => {
                *self.random.pick(&["a", "i", "s", "n.b", "n.i", "l.0", "l.0.b", "l.b", "m.0", "q.0", "zz"])
            }
            // Two documents that are changed in one moment would have one key.
            "$currentDate" => *self.random.pick(&["a", "n.new", "l.0", "new"]),
            _ => *self.random.pick(&PATHS),
        };
        let argument = match kind {
            "$unset" => bson!(""),
            "$inc" | "$mul" if self.random.chance(90) => value(self.random, Kind::Number, 0),
            "$rename" => bson!(*self.random.pick(&["new", "n.new", "b", "o.y", "fresh.path"])),
            "$currentDate" if self.random.chance(50) => bson!(true),
            "$currentDate" => bson!({ "$type": *self.random.pick(&["date", "timestamp"]) }),
            "$push $each" => self.pushed(),
            "$addToSet $each" => {
                bson!({ "$each": [self.value(path), self.value(path), any(self.random, 1)] })
            }
            "$pop" => bson!(*self.random.pick(&[1, -1])),
            "$pull" => self.pulled(path),
            "$pullAll" => bson!([self.value(path), self.value(path)]),
            "$bit" => {
                let operation = *self.random.pick(&["and", "or", "xor"]);
                if self.random.chance(70) {
                    bson!({ operation: self.random.between(0, 9) })
                } else {
                    bson!({ operation: i64::from(self.random.between(0, 9)) })
                }
            }
            _ => self.value(path),
        };
        (path, argument)
    }

    fn pushed(&mut self) -> Bson {
        let sorts = self.random.chance(40);
        let count = usize::from(sorts && PUSH_SORTS_SOMETHING) + self.random.below(2);
        let items: Vec<Bson> = (0..count).map(|_| any(self.random, 1)).collect();
        let mut clauses = doc! { "$each": items };
        if self.random.chance(40) {
            clauses.insert("$position", self.random.between(-3, 4));
        }
        if self.random.chance(40) {
            clauses.insert("$slice", self.random.between(-3, 3));
        }
        if sorts {
            let direction = *self.random.pick(&[1, -1]);
            let order =
                if self.random.chance(60) { bson!(direction) } else { bson!({ "b": direction, "c": 1 }) };
            clauses.insert("$sort", order);
        }
        Bson::Document(clauses)
    }

    fn pulled(&mut self, path: &str) -> Bson {
        match self.random.below(5) {
            0 | 1 => self.value(path),
            2 => {
                let operator = *self.random.pick(&["$gt", "$lte", "$ne", "$in", "$exists", "$type"]);
                match operator {
                    "$in" => bson!({ "$in": [self.value(path), self.value(path)] }),
                    "$exists" => bson!({ "$exists": true }),
                    "$type" => bson!({ "$type": "number" }),
                    _ => bson!({ operator: self.value(path) }),
                }
            }
            3 => bson!({ "b": self.value("l.b") }),
            _ => Bson::Document(Filters { random: self.random, documents: self.documents }.element(1)),
        }
    }

    fn pipeline(&mut self) -> Bson {
        let mut stages = Vec::new();
        // Each stage sets a path of its own, as the last one may have taken it out.
        let mut paths = vec!["a", "new", "n.b", "n.new", "l.b", "m", "o"];
        for _ in 0..=self.random.below(2) {
            let path = paths.swap_remove(self.random.below(paths.len()));
            let stage = match self.random.below(6) {
                0 => doc! { "$unset": *self.random.pick(&REMOVED) },
                1 => {
                    doc! { "$project": { "a": 1, "k": 1, "z": as_field(Expressions::new(self.random).of(Kind::Any, 1)) } }
                }
                2 => {
                    doc! { "$replaceWith": { "$mergeObjects": ["$$ROOT", { "z": as_field(Expressions::new(self.random).of(Kind::Any, 1)) }] } }
                }
                _ => doc! { "$set": { path: as_field(Expressions::new(self.random).of(Kind::Any, 2)) } },
            };
            stages.push(Bson::Document(stage));
        }
        Bson::Array(stages)
    }
}

fn is_replacement(update: &Document) -> bool {
    !update.keys().next().is_some_and(|key| key.starts_with('$'))
}
