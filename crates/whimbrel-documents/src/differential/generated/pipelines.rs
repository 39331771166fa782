//! Random pipelines.

use bson::{Bson, Document, bson, doc};

use super::documents::{Kind, PATHS};
use super::exclusions::{JOINED, OVERWRITTEN, PRESERVED, REMOVED, SORTED_BY, keeps_one};
use super::expressions::{Expressions, as_field};
use super::random::Random;
use super::reads;
use super::scene::{Generated, OTHER};

/// The stages, each of which has to be drawn.
pub(super) const STAGES: [&str; 24] = [
    "$match",
    "$project",
    "$project exclusion",
    "$set",
    "$addFields",
    "$unset",
    "$sort",
    "$skip",
    "$limit",
    "$group",
    "$unwind",
    "$lookup",
    "$lookup pipeline",
    "$lookup both",
    "$count",
    "$facet",
    "$bucket",
    "$bucketAuto",
    "$sortByCount",
    "$replaceRoot",
    "$replaceWith",
    "$unionWith",
    "$merge",
    "$out",
];
/// The accumulators, each of which has to be drawn.
pub(super) const ACCUMULATORS: [&str; 20] = [
    "$sum",
    "$avg",
    "$min",
    "$max",
    "$first",
    "$last",
    "$push",
    "$addToSet",
    "$stdDevPop",
    "$stdDevSamp",
    "$mergeObjects",
    "$count",
    "$firstN",
    "$lastN",
    "$minN",
    "$maxN",
    "$top",
    "$bottom",
    "$topN",
    "$bottomN",
];
/// Stages that may stand where the order of the documents is not defined.
const ORDERLESS: [&str; 6] = ["$project", "$set", "$unset", "$count", "$replaceRoot", "$sortByCount"];
/// Stages that may stand inside another.
const INNER: [&str; 8] = ["$match", "$project", "$set", "$sort", "$skip", "$limit", "$unwind", "$count"];

/// Whether a stage leaves documents as they are.
fn only_chooses(stage: &Document) -> bool {
    ["$match", "$sort", "$skip", "$limit"].iter().any(|name| stage.contains_key(name))
}

/// What pipelines are made of.
pub(super) struct Pipelines<'g> {
    pub(super) random: &'g mut Random,
    pub(super) ordered: bool,
    /// Whether equal numbers of different types stand for each other, one of which a boundary shows.
    pub(super) any_number_type: bool,
    /// Whether one `_id` may come several times, so that no sort leaves nothing open.
    pub(super) repeats: bool,
    /// Whether `$set` has written a whole field.
    pub(super) writes_whole: bool,
    /// Where `$set` writes after a `$lookup`.
    pub(super) joined: Option<&'static str>,
    /// Whether a stage has read the other collection.
    pub(super) reads_other: bool,
}

impl Pipelines<'_> {
    /// A command whose pipeline begins with a filter.
    pub(super) fn aggregate(&mut self, filter: Option<Document>) -> Generated {
        self.random.note("command", "aggregate");
        let mut stages = Vec::new();
        if let Some(filter) = filter {
            stages.push(doc! { "$match": filter });
        }
        stages.push(doc! { "$sort": { "_id": 1 } });
        let (mut writes, mut filters_later) = (false, false);
        for _ in 0..=self.random.below(3) {
            let name = if self.ordered {
                self.random.deal("stage", &STAGES)
            } else {
                self.random.draw("stage", &ORDERLESS)
            };
            writes = matches!(name, "$merge" | "$out");
            filters_later |= name == "$match" && !stages.iter().all(only_chooses);
            stages.push(self.stage(name));
            if writes {
                break;
            }
        }
        let command = doc! { "aggregate": "docs", "pipeline": stages, "cursor": { "batchSize": 100_000 } };
        let any_number_type = self.any_number_type || keeps_one(&command);
        let mut case = Generated::read("aggregate", command);
        case.manner.unordered = !self.ordered;
        case.manner.any_number_type = any_number_type;
        case.manner.nested = true;
        case.manner.filters_later = filters_later;
        (case.writes, case.halfway) = (writes, writes);
        case
    }

    fn expression(&mut self, kind: Kind, depth: usize) -> Bson {
        Expressions::new(self.random).of(kind, depth)
    }

    fn stage(&mut self, name: &'static str) -> Document {
        match name {
            "$sort" if self.repeats => doc! { "$match": { "a": { "$exists": true } } },
            "$match" => doc! { name: { *self.random.pick(&PATHS): { "$gt": self.random.between(-1, 4) } } },
            "$project" => self.project(),
            "$project exclusion" => {
                doc! { "$project": { *self.random.pick(&REMOVED): 0, *self.random.pick(&REMOVED): 0 } }
            }
            "$set" | "$addFields" => {
                let path = self.joined.unwrap_or_else(|| {
                    *self.random.pick(&["a", "z", "n.b", "n.z", "l.b", "l.z", "m.z", "o"])
                });
                self.writes_whole |= !path.contains('.');
                doc! { name: { path: as_field(self.expression(Kind::Any, 2)) } }
            }
            "$unset" => doc! { name: [*self.random.pick(&REMOVED)] },
            "$sort" => doc! { name: self.sort() },
            "$skip" => doc! { name: self.random.between(0, 6) },
            "$limit" => doc! { name: self.random.between(1, 12) },
            "$count" => doc! { name: "count" },
            "$group" => self.group(),
            "$unwind" => self.unwind(),
            "$lookup" | "$lookup pipeline" | "$lookup both" => self.lookup(name),
            "$facet" => {
                let mut facets = Document::new();
                for facet in ["one", "two"] {
                    let count = 1 + self.random.below(2);
                    let stages = self.inner(count);
                    facets.insert(facet, stages);
                }
                doc! { name: facets }
            }
            "$bucket" => self.bucket(),
            "$bucketAuto" => {
                let path = *self.random.pick(&["$_id", "$i", "$a", "$s"]);
                self.any_number_type = true;
                doc! { name: { "groupBy": path, "buckets": self.random.between(1, 5) } }
            }
            "$sortByCount" => {
                self.ordered = false;
                doc! { name: format!("${}", self.random.pick(&["i", "w", "t", "s", "a", "n.b"])) }
            }
            "$replaceRoot" => doc! { name: { "newRoot": self.root() } },
            "$replaceWith" => doc! { name: self.root() },
            "$unionWith" => {
                // Two documents may have one _id now: no sort is complete any more.
                let stage = if self.random.chance(50) {
                    doc! { name: OTHER }
                } else {
                    doc! { name: { "coll": OTHER, "pipeline": self.inner(1) } }
                };
                self.ordered = false;
                self.reads_other = true;
                stage
            }
            "$merge" => self.merge(),
            _ => doc! { "$out": "target" },
        }
    }

    fn root(&mut self) -> Bson {
        // A new root may have no _id.
        self.repeats = true;
        match self.random.below(3) {
            0 => bson!({ "$mergeObjects": ["$$ROOT", "$n"] }),
            1 => bson!({ "_id": "$_id", "z": self.expression(Kind::Any, 1) }),
            _ => bson!({ "$ifNull": ["$o", { "_id": "$_id" }] }),
        }
    }

    fn inner(&mut self, count: usize) -> Vec<Bson> {
        (0..count)
            .map(|_| {
                let name = self.random.draw("inner stage", &INNER);
                Bson::Document(self.stage(name))
            })
            .collect()
    }

    fn overwrites(&self, path: &str) -> bool {
        self.writes_whole && OVERWRITTEN.contains(&path)
    }

    fn project(&mut self) -> Document {
        let mut fields = Document::new();
        for _ in 0..=self.random.below(2) {
            let name = *self.random.pick(&["a", "s", "m", "q", "d"]);
            if !self.overwrites(name) {
                fields.insert(name, 1);
            }
        }
        if self.random.chance(60) {
            let mut path = *self.random.pick(&["z", "o.z", "x.y"]);
            if self.overwrites(path) {
                path = "z";
            }
            fields.insert(path, as_field(self.expression(Kind::Any, 2)));
        }
        if fields.is_empty() {
            fields.insert("s", 1);
        }
        doc! { "$project": fields }
    }

    fn group(&mut self) -> Document {
        self.ordered = false;
        let id = match self.random.below(5) {
            0 => Bson::Null,
            1 => bson!({ "x": format!("${}", self.random.pick(&PATHS)), "t": "$t" }),
            2 => self.expression(Kind::Any, 1),
            _ => bson!(format!("${}", self.random.pick(&["i", "w", "t", "s", "a", "n.b", "l", "m"]))),
        };
        let mut group = doc! { "_id": id };
        for number in 0..4 {
            let mut name = self.random.deal("accumulator", &ACCUMULATORS);
            while self.repeats && (name.starts_with("$top") || name.starts_with("$bottom")) {
                name = self.random.deal("accumulator", &ACCUMULATORS);
            }
            let field = if name == "$addToSet" { format!("set{number}") } else { format!("f{number}") };
            group.insert(field, self.accumulator(name, number));
        }
        doc! { "$group": group }
    }

    fn accumulator(&mut self, name: &'static str, number: usize) -> Bson {
        let kind = match name {
            "$sum" | "$avg" | "$stdDevPop" | "$stdDevSamp" => Kind::Number,
            "$mergeObjects" => Kind::Object,
            _ => Kind::Any,
        };
        let argument = match name {
            "$count" => bson!({}),
            "$firstN" | "$lastN" | "$minN" | "$maxN" => {
                bson!({ "n": self.random.between(1, 3), "input": self.expression(kind, 1) })
            }
            "$top" | "$bottom" | "$topN" | "$bottomN" => {
                let mut stated = doc! { "sortBy": { SORTED_BY[number]: 1, "_id": -1 }, "output": self.expression(kind, 1) };
                if name.ends_with('N') {
                    stated.insert("n", self.random.between(1, 3));
                }
                Bson::Document(stated)
            }
            _ => self.expression(kind, 1),
        };
        bson!({ name: argument })
    }

    /// A sort by one path at most beside the `_id`: one by two may be refused, and MongoDB puts a later filter before it.
    fn sort(&mut self) -> Document {
        let mut keys = reads::sort(self.random).unwrap_or_else(|| doc! { "_id": -1 });
        while keys.len() > 2 {
            let first = keys.keys().next().cloned().unwrap_or_default();
            keys.remove(&first);
        }
        keys
    }

    fn unwind(&mut self) -> Document {
        self.repeats = true;
        let path = format!("${}", self.random.pick(&["m", "l", "a", "q", "n.b", "zz", "l.b"]));
        if self.random.chance(40) {
            return doc! { "$unwind": path };
        }
        let mut stated = if self.random.chance(60) {
            doc! { "path": format!("${}", self.random.pick(&PRESERVED)), "preserveNullAndEmptyArrays": true }
        } else {
            doc! { "path": path, "preserveNullAndEmptyArrays": false }
        };
        if self.random.chance(50) {
            stated.insert("includeArrayIndex", *self.random.pick(&["at", "n.at"]));
        }
        doc! { "$unwind": stated }
    }

    fn lookup(&mut self, name: &'static str) -> Document {
        self.reads_other = true;
        let (field, inside) = *self.random.pick(&JOINED);
        self.joined = Some(inside);
        let mut stated = doc! { "from": OTHER, "as": field };
        if name != "$lookup pipeline" {
            stated.insert("localField", *self.random.pick(&["a", "i", "w", "m", "n.b", "l.b", "_id", "zz"]));
            stated
                .insert("foreignField", *self.random.pick(&["_id", "a", "i", "w", "m", "l.b", "n.b", "zz"]));
        }
        if name != "$lookup" {
            stated.insert("let", doc! { "v": self.expression(Kind::Any, 0) });
            let test =
                doc! { "$match": { "$expr": { *self.random.pick(&["$eq", "$lt", "$gte"]): ["$w", "$$v"] } } };
            let mut stages = vec![Bson::Document(test)];
            stages.extend(self.inner(1));
            stated.insert("pipeline", stages);
        }
        doc! { "$lookup": stated }
    }

    fn bucket(&mut self) -> Document {
        let group_by = *self.random.pick(&["$i", "$w", "$_id", "$a"]);
        let mut stated = doc! { "groupBy": group_by, "boundaries": [-5, 0, 2, 7, 30] };
        if self.random.chance(80) {
            stated.insert("default", *self.random.pick(&["rest", "none"]));
        }
        if self.random.chance(50) {
            let mut name = self.random.deal("accumulator", &ACCUMULATORS);
            while self.repeats && (name.starts_with("$top") || name.starts_with("$bottom")) {
                name = self.random.deal("accumulator", &ACCUMULATORS);
            }
            let field = if name == "$addToSet" { "set" } else { "f" };
            stated.insert("output", doc! { field: self.accumulator(name, 0) });
        }
        doc! { "$bucket": stated }
    }

    fn merge(&mut self) -> Document {
        // What a pipeline reads while it writes is not defined.
        let into = if self.reads_other { "target" } else { *self.random.pick(&[OTHER, "target", OTHER]) };
        let mut stated = doc! { "into": into };
        match self.random.below(6) {
            0 => {}
            1 => _ = stated.insert("whenMatched", "replace"),
            2 => _ = stated.insert("whenMatched", "keepExisting"),
            3 => _ = stated.insert("whenMatched", "merge"),
            4 => {
                _ = stated.insert(
                    "whenMatched",
                    bson!([{ "$set": { "z": "$$new.a", "y": self.expression(Kind::Any, 1) } }]),
                )
            }
            _ => _ = stated.insert("whenMatched", "fail"),
        }
        stated.insert("whenNotMatched", *self.random.pick(&["insert", "insert", "discard"]));
        doc! { "$merge": stated }
    }
}
