//! Comparing two answers to a generated case.

use std::time::{Duration, SystemTime};

use bson::{Bson, Document, doc};

use crate::differential::compare::same;
use crate::refusal::Refusal;

/// The parts of a reply that are compared; all others are dropped.
const KEPT: [&str; 5] = ["n", "nModified", "value", "values", "upserted"];
/// The parts of a refusal that a program reads, and that are compared beside its code.
const READ_BY_PROGRAMS: [&str; 3] = ["errInfo", "keyPattern", "keyValue"];
/// A date or an id no older than this was made by the command itself.
const FRESH: Duration = Duration::from_secs(600);

/// What is compared, for the report of a run.
pub(super) fn rules() -> String {
    format!(
        "kept of a reply: cursor.firstBatch, {}; kept of a refusal: code, {}, the message of code 11000 from that code on; ids and \
         dates that the command made itself count as equal; a NaN has no sign",
        KEPT.join(", "),
        READ_BY_PROGRAMS.join(", ")
    )
}

/// How answers are compared.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manner {
    /// The order of the results is not defined.
    pub(super) unordered: bool,
    /// Which of several equal numbers stands for them is not defined.
    pub(super) any_number_type: bool,
    /// Operators stand inside others: of several that are refused, or done with a null before, either may be told.
    pub(super) nested: bool,
    /// A filter follows what computes: MongoDB may filter first, and then never meets the document that cannot be computed.
    pub(super) filters_later: bool,
}

/// How the answers differ, if they do.
pub(super) fn difference(
    manner: Manner,
    ours: &Result<Document, Refusal>,
    theirs: &Result<Document, Refusal>,
) -> Option<String> {
    match (ours, theirs) {
        (Err(_), Err(_)) if manner.nested => None,
        (Err(_), Ok(reply)) | (Ok(reply), Err(_)) if manner.nested && computes_nothing(reply) => None,
        (Err(_), Ok(_)) if manner.filters_later => None,
        (Ok(ours), Ok(theirs)) => {
            let (ours, theirs) = (payload(manner, ours), payload(manner, theirs));
            (!same(&ours, &theirs, true)).then(|| {
                let (ours, theirs) = (apart(&ours, &theirs), apart(&theirs, &ours));
                format!("  ours:   {}\n  theirs: {}", shown(&ours), shown(&theirs))
            })
        }
        (Err(ours), Err(theirs)) => {
            let (left, right) = (read_by_programs(ours), read_by_programs(theirs));
            let equal = same(&Bson::Document(left.clone()), &Bson::Document(right.clone()), true);
            (!equal).then(|| {
                format!(
                    "  ours refuses:   {left} {}\n  theirs refuses: {right} {}",
                    ours.message, theirs.message
                )
            })
        }
        (Ok(ours), Err(theirs)) => Some(format!(
            "  ours:   {}\n  theirs refuses: {} {}",
            shown(&payload(manner, ours)),
            theirs.code,
            theirs.message
        )),
        (Err(ours), Ok(theirs)) => Some(format!(
            "  ours refuses: {} {}\n  theirs: {}",
            ours.code,
            ours.message,
            shown(&payload(manner, theirs))
        )),
    }
}

/// Of a list only the items that the other one lacks, unless it lacks none.
fn apart(these: &Bson, those: &Bson) -> Bson {
    let (Bson::Array(items), Bson::Array(others)) = (these, those) else { return these.clone() };
    let missing = |item: &&Bson| !others.iter().any(|other| same(item, other, true));
    let left: Vec<Bson> = items.iter().filter(missing).cloned().collect();
    if left.is_empty() && items.len() == others.len() { these.clone() } else { Bson::Array(left) }
}

fn shown(payload: &Bson) -> String {
    payload.to_string().chars().take(1500).collect()
}

fn read_by_programs(refusal: &Refusal) -> Document {
    let mut read = doc! { "code": refusal.code };
    for part in READ_BY_PROGRAMS {
        if let Some(value) = refusal.reply.get(part) {
            read.insert(part, value.clone());
        }
    }
    for (name, value) in read.iter_mut() {
        settle(value, false, name);
    }
    if refusal.code == 11000 {
        let from = refusal.message.find("E11000").unwrap_or_default();
        // Of $out the collection is one for the time being.
        let from = refusal.message.find("index: ").filter(|_| is_temporary(&refusal.message)).unwrap_or(from);
        read.insert("message", &refusal.message[from..]);
    }
    read
}

/// The results of a command, or what it says of its effects.
fn payload(manner: Manner, reply: &Document) -> Bson {
    let mut payload = match reply.get_document("cursor") {
        Ok(cursor) => cursor.get("firstBatch").cloned().unwrap_or(Bson::Null),
        Err(_) => {
            let kept = reply.iter().filter(|(key, _)| KEPT.contains(&key.as_str()));
            Bson::Document(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
        }
    };
    settle(&mut payload, manner.any_number_type, "");
    match &mut payload {
        Bson::Array(items) if manner.unordered => sort(items),
        Bson::Document(reply) => {
            if let Some(Bson::Array(values)) = reply.get_mut("values") {
                sort(values);
            }
        }
        _ => {}
    }
    payload
}

/// Whether an expression came out null for every document.
fn computes_nothing(reply: &Document) -> bool {
    let items = reply.get_document("cursor").and_then(|cursor| cursor.get_array("firstBatch"));
    items.is_ok_and(|items| {
        items
            .iter()
            .filter_map(Bson::as_document)
            .all(|item| ["v", "z"].iter().all(|name| matches!(item.get(name), None | Some(Bson::Null))))
    })
}

fn is_temporary(message: &str) -> bool {
    message.contains(".tmp.agg_out.") || message.contains(".target index: _id_")
}

fn sort(items: &mut [Bson]) {
    items.sort_by_cached_key(|item| format!("{item:?}"));
}

/// Replaces what two runs of one command cannot have in common, and sorts the sets, which are named so.
fn settle(value: &mut Bson, any_number_type: bool, name: &str) {
    match value {
        Bson::Document(document) => {
            for (name, value) in document.iter_mut() {
                settle(value, any_number_type, name);
            }
        }
        Bson::Array(items) => {
            for item in items.iter_mut() {
                settle(item, any_number_type, "");
            }
            if name.starts_with("set") {
                sort(items);
            }
        }
        Bson::DateTime(at) if fresh(at.to_system_time()) => *value = Bson::String("now".to_owned()),
        Bson::Timestamp(at) if fresh(SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(at.time))) => {
            *value = Bson::String("now".to_owned());
        }
        Bson::ObjectId(id) if fresh(id.timestamp().to_system_time()) => {
            *value = Bson::String("new id".to_owned())
        }
        Bson::Int32(number) if any_number_type => *value = Bson::Double(f64::from(*number)),
        Bson::Int64(number) if any_number_type && number.abs() < 1 << 53 => {
            #[expect(clippy::cast_precision_loss, reason = "the number fits: it was just compared")]
            let number = *number as f64;
            *value = Bson::Double(number);
        }
        Bson::Double(number) if any_number_type && *number == 0.0 => *value = Bson::Double(0.0),
        Bson::Decimal128(number) if any_number_type => {
            if let Ok(number) = number.to_string().parse::<f64>() {
                *value = Bson::Double(number);
            }
        }
        _ => {}
    }
}

/// Whether documents hold what a command made up itself, so that the two sides hold different values.
pub(super) fn is_fresh(documents: &[Document]) -> bool {
    let stated = Bson::Array(documents.iter().cloned().map(Bson::Document).collect());
    let mut settled = stated.clone();
    settle(&mut settled, false, "");
    !same(&stated, &settled, false)
}

fn fresh(at: SystemTime) -> bool {
    let now = SystemTime::now();
    now.duration_since(at).unwrap_or_else(|error| error.duration()) < FRESH
}
