//! Refusals: MongoDB's error codes, names and messages.

use bson::doc;
pub(crate) use whimbrel_engine::document::Refusal;

/// The result of evaluating something.
pub(crate) type Result<T> = std::result::Result<T, Refusal>;

/// Makes a refusal with MongoDB's code, its name, and the message.
pub(crate) fn refuse(code: i32, code_name: &str, message: impl Into<String>) -> Refusal {
    let message = message.into();
    let reply = doc! { "ok": 0.0, "errmsg": &message, "code": code, "codeName": code_name };
    Refusal { code, code_name: code_name.to_owned(), message, labels: Vec::new(), reply }
}

/// Makes the refusal of a number that MongoDB gives no name of its own: `Location40324`.
pub(crate) fn at_location(code: i32, message: impl Into<String>) -> Refusal {
    refuse(code, &format!("Location{code}"), message)
}

/// Code 2: a value that the operator does not take.
pub(crate) fn bad_value(message: impl Into<String>) -> Refusal {
    refuse(2, "BadValue", message)
}

/// Code 9: an argument that is not formed as it should be.
pub(crate) fn failed_to_parse(message: impl Into<String>) -> Refusal {
    refuse(9, "FailedToParse", message)
}

/// Code 14: a value of the wrong type.
pub(crate) fn type_mismatch(message: impl Into<String>) -> Refusal {
    refuse(14, "TypeMismatch", message)
}

/// Code 238: something that MongoDB knows and this engine does not.
pub(crate) fn not_implemented(what: &str) -> Refusal {
    refuse(
        238,
        "NotImplemented",
        format!("{what} is not supported by the embedded document engine; use a MongoDB server for it"),
    )
}
