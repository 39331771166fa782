//! What the interpreter answers when it does not do what it is asked: MongoDB's codes and their names.

use bson::{Bson, Document, doc};
use whimbrel_engine::document::Refusal;

/// A refusal with one of MongoDB's codes, and the reply that goes with it.
pub(crate) fn refuse(code: i32, code_name: &str, message: impl Into<String>) -> Refusal {
    let message = message.into();
    let reply = doc! { "ok": 0.0, "errmsg": &message, "code": code, "codeName": code_name };
    Refusal { code, code_name: code_name.to_owned(), message, labels: Vec::new(), reply }
}

/// The same refusal with one more field in its reply, such as `keyPattern` or `errInfo`.
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

/// A value that the command cannot use.
pub(crate) fn bad_value(message: impl Into<String>) -> Refusal {
    refuse(2, "BadValue", message)
}

/// A document that is not of the form the command asks for.
pub(crate) fn failed_to_parse(message: impl Into<String>) -> Refusal {
    refuse(9, "FailedToParse", message)
}

/// A value of a type that does not fit there.
pub(crate) fn type_mismatch(message: impl Into<String>) -> Refusal {
    refuse(14, "TypeMismatch", message)
}

/// One of the codes without a name, which MongoDB numbers by the place in its source.
pub(crate) fn located(code: i32, message: impl Into<String>) -> Refusal {
    refuse(code, &format!("Location{code}"), message)
}
