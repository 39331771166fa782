//! Comparing answers, and the report of a test.

use std::collections::BTreeMap;

use bson::{Bson, Decimal128, Document};
use dec::{Context, Decimal128 as Quad};

use super::Case;
use crate::refusal::Refusal;
use crate::value::decimal;

/// The parts of an answer that are dropped before the comparison.
const DROPPED_PATHS: [&str; 7] =
    ["ok", "cursor.id", "cursor.ns", "opTime", "electionId", "writeErrors.index", "upserted"];

/// What stands before a message and is the server's own: where in the command it was raised.
const DROPPED_PREFIXES: [&str; 6] = [
    "Executor error during ",
    "PlanExecutor error during ",
    "Plan executor error during ",
    "Failed to optimize pipeline",
    "Invalid $",
    "Error in $",
];

/// What stands before a list of types that has no order.
const TYPES_BEFORE: &str = "expected types '[";

/// Codes whose messages hold text of another library (PCRE, the date parser) or of the server's memory.
const FREE_MESSAGES: [i32; 8] = [51091, 51111, 241, 40228, 40096, 26, 5_166_406, 31249];

/// How many failures are printed.
const MOST_PRINTED: usize = 40;

/// The commands that this engine still answers differently, a line each. One that has come to be answered alike must leave the
/// list, and no other may differ.
const KNOWN: &str = include_str!("known.txt");

/// What a test has seen.
pub(crate) struct Tally {
    name: String,
    pub(crate) cases: usize,
    pub(crate) kinds: BTreeMap<String, usize>,
    pub(crate) refused_by_both: usize,
    /// Answers with some documents but not all.
    pub(crate) partial: usize,
    failures: Vec<String>,
    /// Known differences that came up, and whether an answer differed.
    known: BTreeMap<String, bool>,
}

impl Tally {
    pub(crate) fn new(name: &str) -> Self {
        Tally {
            name: name.to_owned(),
            cases: 0,
            kinds: BTreeMap::new(),
            refused_by_both: 0,
            partial: 0,
            failures: Vec::new(),
            known: BTreeMap::new(),
        }
    }

    /// Prints the histogram and fails where answers differed.
    pub(crate) fn report(&self) {
        println!(
            "{}: {} cases, {} refused by both, {} partial, {} known to differ",
            self.name,
            self.cases,
            self.refused_by_both,
            self.partial,
            self.known.len()
        );
        println!("  dropped paths: {DROPPED_PATHS:?}; dropped prefixes of messages: {DROPPED_PREFIXES:?}");
        println!("  in any order: {TYPES_BEFORE}…]");
        for (kind, count) in &self.kinds {
            println!("  {count:6} {kind}");
        }
        for failure in self.failures.iter().take(MOST_PRINTED) {
            println!("{failure}");
        }
        let stale: Vec<&String> =
            self.known.iter().filter(|(_, differs)| !**differs).map(|(line, _)| line).collect();
        assert!(stale.is_empty(), "answered alike by now: take out of known.txt: {stale:#?}");
        assert!(
            self.failures.is_empty(),
            "{}: {} of {} cases differ",
            self.name,
            self.failures.len(),
            self.cases
        );
    }

    pub(crate) fn fail(&mut self, failure: String) {
        self.failures.push(failure);
    }
}

/// Compares the two answers to a case.
pub(crate) fn check(
    tally: &mut Tally,
    case: &Case,
    ours: &Result<Document, Refusal>,
    theirs: &Result<Document, Refusal>,
) {
    tally.cases += 1;
    *tally.kinds.entry(case.kind.clone()).or_default() += 1;
    let difference = match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => differing_replies(case, ours, theirs),
        (Err(ours), Err(theirs)) => {
            tally.refused_by_both += 1;
            differing_refusals(ours, theirs)
        }
        (Ok(ours), Err(theirs)) => Some(format!(
            "ours answers {}\n    theirs refuses: {} {}",
            shown(&payload(ours)),
            theirs.code,
            theirs.message
        )),
        (Err(ours), Ok(theirs)) => Some(format!(
            "ours refuses: {} {}\n    theirs answers {}",
            ours.code,
            ours.message,
            shown(&payload(theirs))
        )),
    };
    let line = case.line();
    if KNOWN.lines().any(|known| known == line) {
        *tally.known.entry(line).or_default() |= difference.is_some();
    } else if let Some(difference) = difference {
        tally.fail(format!("[{}] {}\n    {difference}", case.kind, case.command));
    }
}

fn shown(payload: &Bson) -> String {
    let text = payload.to_string();
    if text.len() > 1500 { format!("{}…", text.chars().take(1500).collect::<String>()) } else { text }
}

/// The part of an answer that is compared.
fn payload(reply: &Document) -> Bson {
    if let Ok(cursor) = reply.get_document("cursor") {
        return cursor.get("firstBatch").cloned().unwrap_or(Bson::Null);
    }
    let kept = ["n", "nModified", "value", "values"];
    Bson::Document(
        reply
            .iter()
            .filter(|(key, _)| kept.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    )
}

fn differing_replies(case: &Case, ours: &Document, theirs: &Document) -> Option<String> {
    let (ours, theirs) = (payload(ours), payload(theirs));
    let equal = same(&ours, &theirs, case.approximate);
    (!equal).then(|| {
        if let (Bson::Array(left), Bson::Array(right)) = (&ours, &theirs) {
            let extra: Vec<&Bson> = left
                .iter()
                .filter(|item| !right.iter().any(|other| same(item, other, case.approximate)))
                .take(4)
                .collect();
            let missing: Vec<&Bson> = right
                .iter()
                .filter(|item| !left.iter().any(|other| same(item, other, case.approximate)))
                .take(4)
                .collect();
            return format!(
                "ours has {} of {}: only ours {}\n    only theirs {}",
                left.len(),
                right.len(),
                shown(&Bson::Array(extra.into_iter().cloned().collect())),
                shown(&Bson::Array(missing.into_iter().cloned().collect()))
            );
        }
        format!("ours   {}\n    theirs {}", shown(&ours), shown(&theirs))
    })
}

/// Whether two values are the same to the last bit, but for the sign of a NaN.
pub(crate) fn same(left: &Bson, right: &Bson, approximate: bool) -> bool {
    match (left, right) {
        (Bson::Document(left), Bson::Document(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|((name, left), (other, right))| name == other && same(left, right, approximate))
        }
        (Bson::Array(left), Bson::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| same(left, right, approximate))
        }
        (Bson::Double(left), Bson::Double(right)) if left.is_nan() && right.is_nan() => true,
        (Bson::Double(left), Bson::Double(right)) if approximate => {
            left.to_bits() == right.to_bits() || (left - right).abs() <= 1e-12 * left.abs().max(right.abs())
        }
        (Bson::Double(left), Bson::Double(right)) => left.to_bits() == right.to_bits(),
        (Bson::Decimal128(left), Bson::Decimal128(right)) if approximate => {
            left == right || nearly(*left, *right)
        }
        (Bson::Decimal128(left), Bson::Decimal128(right)) => {
            left == right || (left.to_string().contains("NaN") && right.to_string().contains("NaN"))
        }
        (left, right) => left == right,
    }
}

/// Whether two decimals differ in their last digits only. What is equal has to have the same digits.
fn nearly(left: Decimal128, right: Decimal128) -> bool {
    let (left, right) = (decimal::quad(left), decimal::quad(right));
    if left.is_nan() && right.is_nan() {
        return true;
    }
    let difference = decimal::to_f64(decimal::combine(left, right, Context::<Quad>::sub)).abs();
    difference > 0.0 && difference <= 1e-32 * decimal::to_f64(left).abs()
}

fn without_prefixes(mut message: &str) -> &str {
    while DROPPED_PREFIXES.iter().any(|prefix| message.starts_with(prefix)) {
        let Some((_, rest)) = message.split_once(" :: caused by :: ") else { break };
        message = rest;
    }
    message
}

/// The message with its list of types in order, which the server takes from a hash table.
fn with_sorted_types(message: &str) -> String {
    let Some((before, after)) = message.split_once(TYPES_BEFORE) else { return message.to_owned() };
    let Some((types, rest)) = after.split_once(']') else { return message.to_owned() };
    let mut types: Vec<&str> = types.split(", ").collect();
    types.sort_unstable();
    format!("{before}{TYPES_BEFORE}{}]{rest}", types.join(", "))
}

fn differing_refusals(ours: &Refusal, theirs: &Refusal) -> Option<String> {
    let comparable = |refusal: &Refusal| with_sorted_types(without_prefixes(&refusal.message));
    let (own, message) = (comparable(ours), comparable(theirs));
    let details = |refusal: &Refusal| refusal.reply.get("errInfo").cloned();
    let same_message = own == message || FREE_MESSAGES.contains(&ours.code);
    if ours.code == theirs.code && same_message && details(ours) == details(theirs) {
        return None;
    }
    Some(format!(
        "ours refuses   {} {own} {}\n    theirs refuses {} {message} {}",
        ours.code,
        details(ours).map_or_else(String::new, |details| details.to_string()),
        theirs.code,
        details(theirs).map_or_else(String::new, |details| details.to_string())
    ))
}
