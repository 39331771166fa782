//! `distinct`.

use std::collections::BTreeMap;

use bson::{Bson, Document, doc};

use super::Work;
use super::fields::Fields;
use super::find::note_use;
use crate::answer::ok;
use crate::key::key_of_bson;
use crate::limits::LARGEST_DOCUMENT_BYTES;
use crate::planner::{Scan, parse_hint};
use crate::query::Query;
use crate::refusal::{refuse, type_mismatch};
use crate::storage::Outcome;
use crate::value::{DocRef, Path, ValueRef, type_name, visit_path};

/// The values of a path, each once.
pub(super) fn run(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let mut fields = Fields::of_command("distinct", command);
    let name = fields.collection()?;
    let path = match fields.require("key")? {
        Bson::String(path) => Path::new(&path),
        other => {
            let kind = type_name(ValueRef::from(&other));
            return Err(type_mismatch(format!(
                "BSON field 'distinct.key' is the wrong type '{kind}', expected type 'string'"
            ))
            .into());
        }
    };
    let filter = fields.document("query")?.unwrap_or_default();
    let hint = parse_hint(fields.take("hint").as_ref())?;
    fields.refuse_collation()?;
    fields.finish()?;
    let Some(collection) = work.collection(&name)? else {
        crate::matcher::Matcher::parse(&filter)?;
        return Ok(ok(doc! { "values": [] }));
    };
    let query = Query::new(&collection, &filter, &Document::new(), &hint)?;
    note_use(work.store, &query.plan);
    let mut values: BTreeMap<Vec<u8>, Bson> = BTreeMap::new();
    let mut size = 0;
    Scan::new(&query.plan).run(work.link, &collection, &mut |candidate| {
        if query.accepts(candidate.document)? {
            visit_path(DocRef::Raw(candidate.document), &path, false, &mut |value| {
                let mut add = |value: ValueRef<'_>| {
                    let value = value.to_bson();
                    if let Some(key) = key_of_bson(&value) {
                        size += key.len();
                        values.entry(key).or_insert(value);
                    }
                };
                match value {
                    Some(ValueRef::Array(elements)) => elements.values().for_each(&mut add),
                    Some(value) => add(value),
                    None => {}
                }
                false
            });
        }
        if size > LARGEST_DOCUMENT_BYTES {
            return Err(refuse(17217, "Location17217", "distinct too big, 16mb cap").into());
        }
        Ok(true)
    })?;
    Ok(ok(doc! { "values": values.into_values().collect::<Vec<_>>() }))
}
