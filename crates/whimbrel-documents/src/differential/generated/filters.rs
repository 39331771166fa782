//! Random filters.

use bson::{Bson, Document, bson, doc};

use super::documents::{PATHS, any, present};
use super::expressions;
use super::random::Random;
use crate::differential::values::regex;

/// The operators of a filter, each of which has to be drawn.
pub(super) const OPERATORS: [&str; 30] = [
    "equality",
    "$eq",
    "$ne",
    "$lt",
    "$lte",
    "$gt",
    "$gte",
    "$in",
    "$nin",
    "$exists",
    "$type",
    "$mod",
    "$size",
    "$all",
    "$elemMatch",
    "$elemMatch object",
    "$not",
    "$regex",
    "regex",
    "$bitsAllSet",
    "$bitsAnySet",
    "$bitsAllClear",
    "$bitsAnyClear",
    "$and",
    "$or",
    "$nor",
    "$expr",
    "$jsonSchema",
    "$comment",
    "range",
];
const TYPES: [&str; 16] = [
    "double",
    "string",
    "object",
    "array",
    "binData",
    "objectId",
    "bool",
    "date",
    "null",
    "regex",
    "int",
    "timestamp",
    "long",
    "decimal",
    "minKey",
    "number",
];
const PATTERNS: [(&str, &str); 10] = [
    ("a", ""),
    ("^a", ""),
    ("^A", "i"),
    ("c$", ""),
    ("^abc$", "m"),
    ("é", ""),
    ("^$", ""),
    ("b.?c?", "s"),
    ("[0-9]", ""),
    ("^a|b$", ""),
];

/// What filters are made of: the random numbers, and the documents whose values they look for.
pub(super) struct Filters<'g> {
    pub(super) random: &'g mut Random,
    pub(super) documents: &'g [Document],
}

impl Filters<'_> {
    /// A filter of one or a few parts.
    pub(super) fn filter(&mut self, depth: usize) -> Document {
        let mut filter = Document::new();
        let parts = if self.random.chance(65) { 1 } else { 2 };
        for _ in 0..parts {
            let operator = self.random.deal("filter", &OPERATORS);
            filter.extend(self.part(operator, depth));
        }
        filter
    }

    fn path(&mut self) -> &'static str {
        PATHS[self.random.below(PATHS.len())]
    }

    /// A value that the documents hold there, or any.
    fn value(&mut self, path: &str) -> Bson {
        if self.random.chance(75)
            && let Some(found) = present(self.random, self.documents, path)
        {
            return found;
        }
        any(self.random, 1)
    }

    fn part(&mut self, operator: &'static str, depth: usize) -> Document {
        match operator {
            "$and" | "$or" | "$nor" => {
                let count = 1 + self.random.below(3);
                let branches: Vec<Bson> = (0..count)
                    .map(|_| Bson::Document(if depth == 0 { self.leaf() } else { self.filter(depth - 1) }))
                    .collect();
                doc! { operator: branches }
            }
            "$expr" => doc! { "$expr": expressions::total(self.random, 2) },
            "$jsonSchema" => doc! { "$jsonSchema": super::validators::schema(self.random, 2, false) },
            "$comment" => doc! { "$comment": "generated", "a": { "$exists": true } },
            _ => {
                let path = self.path();
                let predicate = self.predicate(operator, path, depth);
                doc! { path: predicate }
            }
        }
    }

    fn leaf(&mut self) -> Document {
        let operator = self.random.draw("filter", &OPERATORS[..23]);
        self.part(operator, 0)
    }

    /// What is said about one path.
    fn predicate(&mut self, operator: &'static str, path: &str, depth: usize) -> Bson {
        let value = self.value(path);
        match operator {
            "equality" => value,
            "$eq" | "$ne" | "$lt" | "$lte" | "$gt" | "$gte" => bson!({ operator: value }),
            "range" => self.range(path),
            "$in" | "$nin" | "$all" => {
                let mut items = vec![value];
                while self.random.chance(50) {
                    items.push(self.value(path));
                }
                bson!({ operator: items })
            }
            "$exists" => bson!({ "$exists": self.random.chance(50) }),
            "$type" if self.random.chance(20) => {
                bson!({ "$type": [*self.random.pick(&TYPES), *self.random.pick(&TYPES)] })
            }
            "$type" => bson!({ "$type": *self.random.pick(&TYPES) }),
            "$mod" => bson!({ "$mod": [self.random.between(1, 4), self.random.between(-1, 3)] }),
            "$size" => bson!({ "$size": self.random.between(0, 3) }),
            "$regex" => {
                let (pattern, options) = *self.random.pick(&PATTERNS);
                bson!({ "$regex": pattern, "$options": options })
            }
            "regex" => {
                let (pattern, options) = *self.random.pick(&PATTERNS);
                regex(pattern, options)
            }
            "$bitsAllSet" | "$bitsAnySet" | "$bitsAllClear" | "$bitsAnyClear" => {
                let mask = if self.random.chance(50) {
                    bson!(self.random.between(0, 9))
                } else {
                    bson!([self.random.between(0, 3), self.random.between(0, 40)])
                };
                bson!({ operator: mask })
            }
            "$not" => {
                let inner = self.random.draw("filter", &OPERATORS[1..19]);
                let inner = self.predicate(inner, path, 0);
                match inner {
                    Bson::Document(inner) if inner.keys().next().is_some_and(|key| key.starts_with('$')) => {
                        bson!({ "$not": inner })
                    }
                    other @ Bson::RegularExpression(_) => bson!({ "$not": other }),
                    other => bson!({ "$not": { "$eq": other } }),
                }
            }
            "$elemMatch" => {
                let inner = self.random.draw("filter", &OPERATORS[1..14]);
                match self.predicate(inner, path, 0) {
                    Bson::Document(inner) => bson!({ "$elemMatch": inner }),
                    other => bson!({ "$elemMatch": { "$eq": other } }),
                }
            }
            "$elemMatch object" => bson!({ "$elemMatch": self.element(depth) }),
            _ => bson!({ "$exists": true }),
        }
    }

    fn range(&mut self, path: &str) -> Bson {
        let (low, high) = (self.value(path), self.value(path));
        let from = *self.random.pick(&["$gt", "$gte"]);
        let to = *self.random.pick(&["$lt", "$lte"]);
        bson!({ from: low, to: high })
    }

    /// A filter over the documents in an array.
    pub(super) fn element(&mut self, depth: usize) -> Document {
        let name = *self.random.pick(&["b", "c", "b", "c", "zz", "0"]);
        let operator = self.random.draw("filter", &OPERATORS[..19]);
        let path = format!("l.{name}");
        let mut filter = doc! { name: self.predicate(operator, &path, 0) };
        if depth > 0 && self.random.chance(25) {
            let other = self.element(depth - 1);
            filter = doc! { *self.random.pick(&["$and", "$or", "$nor"]): [filter, other] };
        }
        filter
    }
}
