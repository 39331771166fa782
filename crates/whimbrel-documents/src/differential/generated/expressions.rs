//! Random expressions, built by what operators take and give so that most of them compute something.

use bson::{Bson, Document, bson, doc};

use super::documents::{Kind, paths_of, value};
use super::exclusions::{WITHOUT_TEXT, takes_no_decimal};
use super::random::Random;
use super::signatures::{FORMS, SIGNATURES, Signature, TOTAL};

/// How often an argument is of any kind instead of its own, in percent.
const STRAYS: usize = 4;

/// The names of all operators of expressions.
pub(super) fn operators() -> Vec<&'static str> {
    let functions = SIGNATURES.iter().map(|signature| signature.name);
    let forms = FORMS.iter().map(|(name, _)| *name);
    functions.chain(forms).collect()
}

/// An expression that no document makes fail.
pub(super) fn total(random: &mut Random, depth: usize) -> Bson {
    let name = random.draw("expression", &TOTAL);
    let signature = find(name).expect("a function of the table");
    let count = signature.takes.len();
    let arguments: Vec<Bson> = (0..count)
        .map(|_| {
            if depth > 0 && random.chance(30) {
                total(random, depth - 1)
            } else if random.chance(70) {
                let kind = *random.pick(&[
                    Kind::Any,
                    Kind::Number,
                    Kind::Text,
                    Kind::List,
                    Kind::Object,
                    Kind::Date,
                ]);
                field(random, kind)
            } else {
                literal(value(random, Kind::Any, 1))
            }
        })
        .collect();
    bson!({ name.trim_end(): arguments })
}

fn find(name: &str) -> Option<&'static Signature> {
    SIGNATURES.iter().find(|signature| signature.name == name)
}

/// A value as an expression: what could be read as an expression is quoted.
pub(super) fn literal(value: Bson) -> Bson {
    match value {
        Bson::Array(_) | Bson::Document(_) | Bson::String(_) => bson!({ "$literal": value }),
        other => other,
    }
}

/// A value, or null where it is one of which no text is made.
fn with_text(value: &Bson) -> Bson {
    bson!({ "$cond": [{ "$in": [{ "$type": value.clone() }, WITHOUT_TEXT.to_vec()] }, Bson::Null, value.clone()] })
}

fn field(random: &mut Random, kind: Kind) -> Bson {
    bson!(format!("${}", random.pick(paths_of(kind))))
}

/// An expression as the value of a field: a document of fields would be read as a specification of theirs.
pub(super) fn as_field(expression: Bson) -> Bson {
    match &expression {
        Bson::Document(fields) if !fields.keys().next().is_some_and(|key| key.starts_with('$')) => {
            bson!([expression])
        }
        _ => expression,
    }
}

/// What expressions are made of: the random numbers, and the variables in sight.
pub(super) struct Expressions<'g> {
    pub(super) random: &'g mut Random,
    pub(super) variables: Vec<&'static str>,
}

impl<'g> Expressions<'g> {
    pub(super) fn new(random: &'g mut Random) -> Self {
        Expressions { random, variables: Vec::new() }
    }

    /// The next operator of all, over arguments that are expressions themselves.
    pub(super) fn next(&mut self, depth: usize) -> Bson {
        let name = self.random.deal("expression", &operators());
        self.call(name, depth)
    }

    /// An expression that gives a kind, mostly.
    pub(super) fn of(&mut self, kind: Kind, depth: usize) -> Bson {
        let kind = if self.random.chance(STRAYS) { Kind::Any } else { kind };
        if depth == 0 || self.random.chance(35) {
            return self.leaf(kind);
        }
        let fits = |gives: Kind| {
            gives == kind || kind == Kind::Any || (kind == Kind::Number && gives == Kind::Whole)
        };
        let functions =
            SIGNATURES.iter().filter(|signature| fits(signature.gives)).map(|signature| signature.name);
        let forms = FORMS.iter().filter(|(_, gives)| fits(*gives)).map(|(name, _)| *name);
        let candidates: Vec<&'static str> = functions.chain(forms).collect();
        if candidates.is_empty() {
            return self.leaf(kind);
        }
        let name = self.random.draw("expression", &candidates);
        self.call(name, depth - 1)
    }

    fn leaf(&mut self, kind: Kind) -> Bson {
        if !self.variables.is_empty() && kind == Kind::Any && self.random.chance(50) {
            let name = *self.random.pick(&self.variables);
            let rest = if self.random.chance(30) { ".b" } else { "" };
            return bson!(format!("$${name}{rest}"));
        }
        match self.random.below(100) {
            0..=64 => field(self.random, kind),
            65..=68 if kind == Kind::Any => {
                bson!(*self.random.pick(&["$zz", "$$ROOT.b", "$$CURRENT.a"]))
            }
            _ => literal(value(self.random, kind, 2)),
        }
    }

    fn call(&mut self, name: &'static str, depth: usize) -> Bson {
        let Some(signature) = find(name) else { return self.form(name, depth) };
        let mut kinds = signature.takes.to_vec();
        while signature.variadic && self.random.chance(25) {
            kinds.push(*kinds.last().expect("a variadic function takes something"));
        }
        let mut arguments: Vec<Bson> = kinds.into_iter().map(|kind| self.of(kind, depth)).collect();
        if takes_no_decimal(name) {
            arguments = arguments.into_iter().map(|argument| bson!({ "$toDouble": argument })).collect();
        }
        if matches!(name, "$toString" | "$toInt" | "$toLong" | "$toDouble" | "$toDecimal" | "$toDate") {
            arguments = arguments.iter().map(with_text).collect();
        }
        if matches!(name, "$slice" | "$substr") && self.random.chance(30) {
            arguments.truncate(3);
        }
        if name == "$range" && self.random.chance(40) {
            arguments.push(bson!(*self.random.pick(&[1, 2, -1, 3])));
        }
        let single = arguments.len() == 1 && (name.ends_with(' ') || self.random.chance(50));
        let argument = match arguments.pop() {
            Some(only) if single && only.as_array().is_none() => only,
            Some(last) => {
                arguments.push(last);
                Bson::Array(arguments)
            }
            None => Bson::Array(arguments),
        };
        bson!({ name.trim_end(): argument })
    }

    fn form(&mut self, name: &'static str, depth: usize) -> Bson {
        match name {
            "$cond" | "$switch" | "$let" | "$map" | "$filter" | "$reduce" | "$sortArray" | "$zip" => {
                self.binding(name, depth)
            }
            "$literal" => bson!({ "$literal": value(self.random, Kind::Any, 2) }),
            "object" => bson!({ "p": self.of(Kind::Any, depth), "r": self.of(Kind::Any, depth) }),
            "array" => bson!([self.of(Kind::Any, depth), self.of(Kind::Any, depth)]),
            "path" => bson!(format!("${}", self.random.pick(&super::documents::PATHS))),
            "$firstN" | "$lastN" | "$minN" | "$maxN" => {
                bson!({ name: { "n": self.random.between(1, 3), "input": self.of(Kind::List, depth) } })
            }
            "$getField" => {
                bson!({ name: { "field": *self.random.pick(&["b", "x", "c"]), "input": self.of(Kind::Object, depth) } })
            }
            "$setField" => {
                let new = self.of(Kind::Any, depth);
                let input = self.of(Kind::Object, 0);
                bson!({ name: { "field": *self.random.pick(&["b", "y", "c.d"]), "input": input, "value": new } })
            }
            "$unsetField" => {
                bson!({ name: { "field": *self.random.pick(&["b", "x"]), "input": self.of(Kind::Object, depth) } })
            }
            "$arrayToObject" if self.random.chance(50) => {
                bson!({ name: { "$objectToArray": self.of(Kind::Object, depth) } })
            }
            "$arrayToObject" => {
                let pairs = bson!([["p", self.of(Kind::Any, depth)], ["r", self.of(Kind::Any, depth)]]);
                bson!({ name: [pairs] })
            }
            "$convert" | "$toObjectId" => self.conversion(name, depth),
            _ if name.starts_with("$date") => self.dates(name, depth),
            _ => self.texts(name, depth),
        }
    }

    fn inside(&mut self, variables: &[&'static str], kind: Kind, depth: usize) -> Bson {
        let known = self.variables.len();
        self.variables.extend(variables);
        let body = self.of(kind, depth);
        self.variables.truncate(known);
        body
    }

    fn binding(&mut self, name: &'static str, depth: usize) -> Bson {
        match name {
            "$cond" if self.random.chance(50) => {
                bson!({ name: [self.of(Kind::Any, depth), self.of(Kind::Any, depth), self.of(Kind::Any, depth)] })
            }
            "$cond" => {
                let (yes, no) = (self.of(Kind::Any, depth), self.of(Kind::Any, depth));
                bson!({ name: { "if": self.of(Kind::Flag, depth), "then": yes, "else": no } })
            }
            "$switch" => {
                let mut branches = Vec::new();
                for _ in 0..=self.random.below(2) {
                    let then = self.of(Kind::Any, depth);
                    branches.push(bson!({ "case": self.of(Kind::Flag, depth), "then": then }));
                }
                let mut switch = doc! { "branches": branches };
                if self.random.chance(90) {
                    switch.insert("default", self.of(Kind::Any, depth));
                }
                bson!({ name: switch })
            }
            "$let" => {
                let vars = doc! { "v": self.of(Kind::Any, depth), "u": self.of(Kind::Any, depth) };
                bson!({ name: { "vars": vars, "in": [self.inside(&["v", "u"], Kind::Any, depth), "$$v", "$$u"] } })
            }
            "$map" => {
                let input = self.of(Kind::List, depth);
                if self.random.chance(50) {
                    bson!({ name: { "input": input, "as": "e", "in": self.inside(&["e"], Kind::Any, depth) } })
                } else {
                    bson!({ name: { "input": input, "in": self.inside(&["this"], Kind::Any, depth) } })
                }
            }
            "$filter" => {
                let input = self.of(Kind::List, depth);
                let test = if self.random.chance(70) {
                    let operator = *self.random.pick(&["$gt", "$lte", "$ne", "$eq"]);
                    bson!({ operator: ["$$this", self.inside(&["this"], Kind::Any, 0)] })
                } else {
                    self.inside(&["this"], Kind::Any, depth)
                };
                let mut filter = doc! { "input": input, "cond": test };
                if self.random.chance(30) {
                    filter.insert("limit", self.random.between(1, 2));
                }
                bson!({ name: filter })
            }
            "$reduce" => {
                let input = self.of(Kind::List, depth);
                let body = if self.random.chance(60) {
                    bson!({ "$concatArrays": ["$$value", [self.inside(&["this"], Kind::Any, depth)]] })
                } else {
                    self.inside(&["this", "value"], Kind::Any, depth)
                };
                bson!({ name: { "input": input, "initialValue": [], "in": body } })
            }
            "$sortArray" => {
                let direction = *self.random.pick(&[1, -1]);
                if self.random.chance(60) {
                    bson!({ name: { "input": self.of(Kind::List, depth), "sortBy": direction } })
                } else {
                    bson!({ name: { "input": "$l", "sortBy": { "b": direction, "c": 1 } } })
                }
            }
            _ => {
                let mut zip = doc! { "inputs": [self.of(Kind::List, depth), self.of(Kind::List, depth)] };
                if self.random.chance(40) {
                    zip.insert("useLongestLength", true);
                    if self.random.chance(50) {
                        zip.insert("defaults", bson!([0, "z"]));
                    }
                }
                bson!({ name: zip })
            }
        }
    }

    fn conversion(&mut self, name: &'static str, depth: usize) -> Bson {
        if name == "$toObjectId" {
            let text = "0102030405060708090a0b0c";
            return bson!({ name: if self.random.chance(80) { bson!(text) } else { self.of(Kind::Any, 0) } });
        }
        let to =
            *self.random.pick(&["int", "long", "double", "decimal", "bool", "string", "date", "objectId"]);
        let input = self.of(Kind::Any, depth);
        let input = with_text(&input);
        let mut convert = doc! { "input": input, "to": to };
        if self.random.chance(80) {
            convert.insert("onError", self.of(Kind::Any, 0));
        }
        if self.random.chance(50) {
            convert.insert("onNull", "none");
        }
        bson!({ name: convert })
    }

    fn dates(&mut self, name: &'static str, depth: usize) -> Bson {
        let unit = *self.random.pick(&[
            "year",
            "quarter",
            "month",
            "week",
            "day",
            "hour",
            "minute",
            "second",
            "millisecond",
        ]);
        let zone = *self.random.pick(&["UTC", "+05:30", "America/Sao_Paulo", "Europe/Madrid", "-03"]);
        let mut stated = match name {
            "$dateToString" => doc! { "date": self.of(Kind::Date, depth) },
            "$dateToParts" => doc! { "date": self.of(Kind::Date, depth) },
            "$dateFromString" => {
                let text =
                    *self.random.pick(&["2024-02-29", "2024-02-29T10:11:12Z", "2023-12-31T23:59:59.5", "x"]);
                doc! { "dateString": text, "onError": self.of(Kind::Any, 0) }
            }
            "$dateFromParts" => {
                doc! { "year": self.random.between(1999, 2030), "month": self.random.between(-2, 15), "day": self.of(Kind::Whole, 0), "hour": self.of(Kind::Whole, depth) }
            }
            "$dateAdd" | "$dateSubtract" => {
                doc! { "startDate": self.of(Kind::Date, depth), "unit": unit, "amount": self.of(Kind::Whole, 0) }
            }
            "$dateDiff" => {
                doc! { "startDate": self.of(Kind::Date, depth), "endDate": self.of(Kind::Date, depth), "unit": unit }
            }
            _ => {
                doc! { "date": self.of(Kind::Date, depth), "unit": unit, "binSize": self.random.between(1, 3) }
            }
        };
        if self.random.chance(50) && !stated.get_str("dateString").is_ok_and(|text| text.ends_with('Z')) {
            stated.insert("timezone", zone);
        }
        if name == "$dateToString" && self.random.chance(60) {
            stated
                .insert("format", *self.random.pick(&["%Y-%m-%d", "%H:%M:%S.%L", "%j %u %V %G", "%Y%m%d%z"]));
        }
        if name == "$dateToParts" && self.random.chance(30) {
            stated.insert("iso8601", true);
        }
        if matches!(name, "$dateDiff" | "$dateTrunc") && self.random.chance(40) {
            stated.insert("startOfWeek", *self.random.pick(&["monday", "sunday", "thu"]));
        }
        bson!({ name: stated })
    }

    fn texts(&mut self, name: &'static str, depth: usize) -> Bson {
        let input = self.of(Kind::Text, depth);
        match name {
            "$trim" | "$ltrim" | "$rtrim" => {
                let mut stated = doc! { "input": input };
                if self.random.chance(50) {
                    stated.insert("chars", *self.random.pick(&["x", "abc", "a b", "é"]));
                }
                bson!({ name: stated })
            }
            "$replaceOne" | "$replaceAll" => {
                let find = *self.random.pick(&["a", "b", "é", " ", "ab"]);
                bson!({ name: { "input": input, "find": find, "replacement": self.of(Kind::Text, 0) } })
            }
            _ => {
                let pattern = *self.random.pick(&["a", "^a", "(b)(c)?", "[0-9]+", "é", "$"]);
                let mut stated: Document = doc! { "input": input, "regex": pattern };
                if self.random.chance(30) {
                    stated.insert("options", "i");
                }
                bson!({ name: stated })
            }
        }
    }
}
