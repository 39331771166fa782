//! What is added to refusals on their way to the caller, and how one becomes a write error.

use bson::{Bson, Document, doc};
use whimbrel_engine::document::Refusal;

/// The same refusal with one more field in its reply, such as `keyPattern`.
pub(crate) fn with_field(mut refusal: Refusal, name: &str, value: impl Into<Bson>) -> Refusal {
    refusal.reply.insert(name, value);
    refusal
}

/// The same refusal with an error label, such as `TransientTransactionError`.
pub(crate) fn with_label(mut refusal: Refusal, label: &str) -> Refusal {
    if !refusal.labels.iter().any(|known| known == label) {
        refusal.labels.push(label.to_owned());
    }
    let labels: Vec<Bson> = refusal.labels.iter().map(|label| Bson::from(label.as_str())).collect();
    refusal.reply.insert("errorLabels", labels);
    refusal
}

/// The same refusal with words before its message.
pub(crate) fn with_context(refusal: Refusal, context: &str) -> Refusal {
    let message = format!("{context} :: caused by :: {}", refusal.message);
    let mut reply: Document = refusal.reply;
    reply.insert("errmsg", &message);
    Refusal { message, reply, ..refusal }
}

/// A refusal as an element of `writeErrors`.
pub(crate) fn write_error(index: usize, refusal: &Refusal) -> Document {
    let mut error = doc! { "index": count(index), "code": refusal.code, "errmsg": &refusal.message };
    for (name, value) in &refusal.reply {
        if !matches!(name.as_str(), "ok" | "errmsg" | "code" | "codeName" | "errorLabels") {
            error.insert(name, value.clone());
        }
    }
    error
}

/// A number of things as a reply counts them.
pub(crate) fn count(number: usize) -> Bson {
    match i32::try_from(number) {
        Ok(number) => Bson::Int32(number),
        Err(_) => Bson::Int64(i64::try_from(number).unwrap_or(i64::MAX)),
    }
}

/// A successful reply.
pub(crate) fn ok(mut reply: Document) -> Document {
    reply.insert("ok", 1.0);
    reply
}
