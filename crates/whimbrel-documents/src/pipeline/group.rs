//! `$group`.

use std::collections::HashMap;

use bson::{Bson, Document};

use super::Records;
use crate::expression::{Accumulator, AccumulatorState, Expression, Frame, Parser};
use crate::refusal::{Result, at_location};
use crate::value::{HashedKey, Number};

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
        let mut places: HashMap<HashedKey, usize> = HashMap::new();
        let mut groups: Vec<(Bson, Vec<AccumulatorState>)> = Vec::new();
        for record in records {
            let record = record?;
            let document = record.as_doc();
            let key = HashedKey(self.id.evaluate(document, frame)?.unwrap_or(Bson::Null));
            let at = match places.get(&key) {
                Some(at) => *at,
                None => {
                    groups.push((key.0.clone(), new_states(&self.fields, frame)?));
                    places.insert(key, groups.len() - 1);
                    groups.len() - 1
                }
            };
            for ((_, accumulator), state) in self.fields.iter().zip(&mut groups[at].1) {
                accumulator.accumulate(state, document, frame)?;
            }
        }
        Ok(groups.into_iter().map(|(id, states)| finish(id, &self.fields, states)).collect())
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
