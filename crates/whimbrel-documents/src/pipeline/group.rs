//! `$group`.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use bson::{Bson, Document};

use super::Records;
use crate::expression::{Accumulator, AccumulatorState, Expression, Frame, Parser};
use crate::refusal::{Result, at_location};
use crate::value::{DocRef, Number, ValueRef, compare, hash_value};

/// A parsed `$group`.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(super) id: Expression,
    pub(super) fields: Vec<(String, Accumulator)>,
}

impl Group {
    /// Parses `{_id: …, field: {$sum: …}}`.
    pub(super) fn parse(parser: &Parser, argument: &Bson) -> Result<Self> {
        let Bson::Document(stated) = argument else {
            return Err(at_location(15947, "a group's fields must be specified in an object"));
        };
        let fields = parse_fields(parser, stated)?;
        let Some(id) = stated.get("_id") else {
            return Err(at_location(15955, "a group specification must include an _id"));
        };
        if let Bson::Document(id) = id
            && id.keys().next().is_some_and(|key| !key.starts_with('$'))
            && id
                .values()
                .any(|value| matches!(value, Bson::Boolean(_)) || Number::of(value.into()).is_some())
        {
            return Err(at_location(17390, "$group does not support inclusion-style expressions"));
        }
        Ok(Group { id: parser.parse(id)?, fields })
    }

    /// Groups records; groups come in the order of their first record.
    pub(super) fn run(&self, records: Records<'_>, frame: Option<&Frame<'_>>) -> Result<Vec<Document>> {
        let mut grouping = self.begin(frame);
        for record in records {
            grouping.add(record?.as_doc())?;
        }
        Ok(grouping.finish())
    }

    /// Begins to group, without a document.
    pub(super) fn begin<'g>(&'g self, frame: Option<&'g Frame<'g>>) -> Grouping<'g> {
        Grouping {
            group: self,
            frame,
            hashing: RandomState::new(),
            latest: HashMap::default(),
            groups: Vec::new(),
        }
    }
}

/// A group on its way.
pub(super) struct Grouping<'g> {
    group: &'g Group,
    frame: Option<&'g Frame<'g>>,
    hashing: RandomState,
    /// The place of the latest group of each hash; the earlier ones follow by [`Place::before`].
    latest: HashMap<u64, usize>,
    groups: Vec<Place>,
}

/// One group.
struct Place {
    key: Bson,
    states: Vec<AccumulatorState>,
    /// Another group whose key has the same hash.
    before: Option<usize>,
}

impl Grouping<'_> {
    /// Adds a document to its group.
    ///
    /// # Errors
    /// An expression fails on it.
    pub(super) fn add(&mut self, document: DocRef<'_>) -> Result<()> {
        let at = match self.group.id.borrowed(document) {
            Some(key) => self.place(key.unwrap_or(ValueRef::Null))?,
            None => {
                let key = self.group.id.evaluate(document, self.frame)?.unwrap_or(Bson::Null);
                self.place((&key).into())?
            }
        };
        for ((_, accumulator), state) in self.group.fields.iter().zip(&mut self.groups[at].states) {
            accumulator.accumulate(state, document, self.frame)?;
        }
        Ok(())
    }

    /// The groups, in the order of their first document.
    pub(super) fn finish(self) -> Vec<Document> {
        let fields = &self.group.fields;
        self.groups.into_iter().map(|place| finish(place.key, fields, place.states)).collect()
    }

    /// The place of a key's group, which is made where there is none.
    fn place(&mut self, key: ValueRef<'_>) -> Result<usize> {
        let mut hasher = self.hashing.build_hasher();
        hash_value(key, &mut hasher);
        let hash = hasher.finish();
        let latest = self.latest.get(&hash).copied();
        let mut candidate = latest;
        while let Some(at) = candidate {
            let place = &self.groups[at];
            if compare((&place.key).into(), key).is_eq() {
                return Ok(at);
            }
            candidate = place.before;
        }
        let states = new_states(&self.group.fields, self.frame)?;
        self.groups.push(Place { key: key.to_bson(), states, before: latest });
        let at = self.groups.len() - 1;
        self.latest.insert(hash, at);
        Ok(at)
    }
}

/// The states of a new group.
pub(super) fn new_states(
    fields: &[(String, Accumulator)],
    frame: Option<&Frame<'_>>,
) -> Result<Vec<AccumulatorState>> {
    fields.iter().map(|(_, accumulator)| accumulator.state(frame)).collect()
}

/// The document of a group.
pub(super) fn finish(id: Bson, fields: &[(String, Accumulator)], states: Vec<AccumulatorState>) -> Document {
    let mut document = Document::from_iter([("_id".to_owned(), id)]);
    for ((name, accumulator), state) in fields.iter().zip(states) {
        document.insert(name, accumulator.finish(state));
    }
    document
}

/// Parses the accumulators of a group or of buckets.
pub(super) fn parse_fields(parser: &Parser, stated: &Document) -> Result<Vec<(String, Accumulator)>> {
    let mut fields = Vec::with_capacity(stated.len());
    for (name, value) in stated.iter().filter(|(name, _)| *name != "_id") {
        if name.contains('.') {
            return Err(at_location(40235, format!("The field name '{name}' cannot contain '.'")));
        }
        if name.starts_with('$') {
            return Err(at_location(40236, format!("The field name '{name}' cannot be an operator name")));
        }
        fields.push((name.clone(), Accumulator::parse(parser, name, value)?));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use bson::{Decimal128, RawDocumentBuf, doc};

    use super::*;
    use crate::pipeline::Record;

    const ACCUMULATORS: [&str; 10] = [
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
    ];

    /// Values of every kind that two documents may agree on without being the same bytes.
    fn documents() -> Vec<Document> {
        let ten: Decimal128 = "10.0".parse().unwrap();
        let values: Vec<Bson> = vec![
            10.into(),
            Bson::Int64(10),
            10.0.into(),
            ten.into(),
            Bson::Null,
            Bson::Undefined,
            "10".into(),
            true.into(),
            vec![1, 2].into(),
            doc! { "c": 1 }.into(),
            doc! { "c": 1.0 }.into(),
            Bson::DateTime(bson::DateTime::from_millis(10)),
            f64::NAN.into(),
            (-0.0).into(),
            0.into(),
        ];
        let mut documents = vec![doc! {}, doc! { "a": [{ "b": 1 }, { "b": 2 }] }, doc! { "a": { "b": [3] } }];
        for (number, value) in values.iter().enumerate() {
            let other = &values[number * 7 % values.len()];
            documents.push(doc! { "a": value.clone(), "b": other.clone() });
            documents.push(doc! { "a": { "b": value.clone() }, "b": { "c": other.clone() } });
        }
        documents
    }

    fn grouped(id: &Bson, argument: &Bson, raw: bool) -> Vec<Document> {
        let mut stated = doc! { "_id": id.clone() };
        for accumulator in ACCUMULATORS {
            stated.insert(accumulator.trim_start_matches('$'), doc! { accumulator: argument.clone() });
        }
        let group = Group::parse(&Parser::new(), &Bson::Document(stated)).unwrap();
        let records = documents().into_iter().map(|document| {
            Ok(if raw {
                Record::Raw(RawDocumentBuf::try_from(&document).unwrap())
            } else {
                Record::Parsed(document)
            })
        });
        group.run(Box::new(records), None).unwrap()
    }

    #[test]
    fn what_comes_after_the_first_ones_is_not_evaluated() {
        let length = doc! { "$strLenCP": "$s" };
        let grouped = |name: &str, argument: Document| {
            let stated = Bson::Document(doc! { "_id": null, "f": { name: argument } });
            let records = [doc! { "s": "ab" }, doc! {}].map(|document| Ok(Record::Parsed(document)));
            Group::parse(&Parser::new(), &stated).unwrap().run(Box::new(records.into_iter()), None)
        };
        let counted = |count: i32| doc! { "n": count, "input": length.clone() };
        assert_eq!(grouped("$first", length.clone()).unwrap(), [doc! { "_id": null, "f": 2 }]);
        assert_eq!(grouped("$firstN", counted(1)).unwrap(), [doc! { "_id": null, "f": [2] }]);
        for (name, argument) in [("$firstN", counted(2)), ("$lastN", counted(1)), ("$last", length.clone())] {
            assert_eq!(grouped(name, argument).unwrap_err().code, 34471, "{name}");
        }
    }

    #[test]
    fn what_is_read_in_place_groups_as_what_is_evaluated() {
        let evaluated =
            |path: &Bson| Bson::Document(doc! { "$let": { "vars": { "v": path.clone() }, "in": "$$v" } });
        for id in ["$a", "$a.b", "$b", "$b.c", "$missing"].map(Bson::from).into_iter().chain([Bson::Null]) {
            for argument in
                ["$a", "$b", "$a.b", "$missing"].map(Bson::from).into_iter().chain([Bson::Int32(1)])
            {
                let expected = grouped(&evaluated(&id), &evaluated(&argument), false);
                assert!(!expected.is_empty());
                for raw in [true, false] {
                    // NaN is not equal to itself; as text it is.
                    let found = format!("{:?}", grouped(&id, &argument, raw));
                    assert_eq!(found, format!("{expected:?}"), "{id} {argument} {raw}");
                }
            }
        }
    }
}
