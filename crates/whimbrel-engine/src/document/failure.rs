//! What a command's failure means to whoever does not run commands for their own sake.

use bson::{Bson, Document};

use super::commands::{CommandError, CommandResult, Refusal};
use crate::EngineError;

/// The codes of MongoDB's that are told apart.
pub(crate) mod code {
    pub(crate) const UNAUTHORIZED: i32 = 13;
    pub(crate) const AUTHENTICATION_FAILED: i32 = 18;
    pub(crate) const LOCK_TIMEOUT: i32 = 24;
    pub(crate) const NAMESPACE_NOT_FOUND: i32 = 26;
    pub(crate) const NAMESPACE_EXISTS: i32 = 48;
    pub(crate) const MAX_TIME_EXPIRED: i32 = 50;
    pub(crate) const WRITE_CONFLICT: i32 = 112;
    pub(crate) const DUPLICATE_KEY: i32 = 11000;
    /// The database does not take writes: it is no primary, it steps down, or it is read-only.
    pub(crate) const NOT_WRITABLE: [i32; 7] = [189, 10058, 10107, 11600, 11602, 13435, 13436];
}

impl CommandError {
    /// The error of an engine that was `doing` something when a command failed.
    #[must_use]
    pub fn while_doing(self, database: &str, doing: &str) -> EngineError {
        let refusal = match self {
            CommandError::Engine(error) => return *error,
            CommandError::Refused(refusal) => refusal,
        };
        let (doing, reason) = (doing.to_owned(), refusal.to_string());
        match refusal.code {
            code::UNAUTHORIZED | code::AUTHENTICATION_FAILED => {
                EngineError::PermissionDenied { doing, reason }
            }
            code if code::NOT_WRITABLE.contains(&code) => {
                EngineError::NotWritable { database: database.to_owned(), doing, reason }
            }
            _ => EngineError::Refused { doing, reason },
        }
    }
}

impl Refusal {
    /// Reads a reply with `ok: 0`.
    #[must_use]
    pub fn from_reply(reply: Document) -> Self {
        let text = |key: &str| reply.get_str(key).unwrap_or_default().to_owned();
        let labels = reply.get_array("errorLabels").map(Vec::as_slice).unwrap_or_default();
        Refusal {
            code: integer(reply.get("code")).and_then(|code| i32::try_from(code).ok()).unwrap_or_default(),
            code_name: text("codeName"),
            message: text("errmsg"),
            labels: labels.iter().filter_map(|label| label.as_str().map(str::to_owned)).collect(),
            reply,
        }
    }
}

/// Takes the errors out of a reply with `ok: 1`: those of its writes and of their concern.
///
/// # Errors
/// The first of them, as a refusal that holds the whole reply.
pub(crate) fn checked(reply: Document) -> CommandResult<Document> {
    let first = reply.get_array("writeErrors").ok().and_then(|errors| errors.first());
    let concern = reply.get("writeConcernError");
    let Some(error) = first.or(concern).and_then(Bson::as_document) else { return Ok(reply) };
    let mut refusal = Refusal::from_reply(error.clone());
    if refusal.code_name.is_empty() && refusal.code == code::DUPLICATE_KEY {
        "DuplicateKey".clone_into(&mut refusal.code_name);
    }
    refusal.reply = reply;
    Err(refusal.into())
}

/// A number of any of BSON's kinds, as far as it is whole.
pub(crate) fn integer(value: Option<&Bson>) -> Option<i64> {
    /// The largest number up to which a double holds every whole one.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value? {
        Bson::Int32(number) => Some(i64::from(*number)),
        Bson::Int64(number) => Some(*number),
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and within the exact range")]
        Bson::Double(number) if number.fract() == 0.0 && number.abs() <= EXACT => Some(*number as i64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn a_refusal_is_classified_by_its_code() {
        for (code, expected) in [
            (13, "database::permission_denied"),
            (10107, "database::not_writable"),
            (11000, "database::refused"),
        ] {
            let reply = doc! { "ok": 0.0, "code": code, "codeName": "Name", "errmsg": "no" };
            let error = CommandError::from(Refusal::from_reply(reply)).while_doing("trips", "reading");
            assert_eq!(miette::Diagnostic::code(&error).unwrap().to_string(), expected);
            assert!(error.to_string().contains(&format!("no (Name {code})")), "{error}");
        }
    }

    #[test]
    fn write_errors_are_refusals() {
        let reply =
            doc! { "ok": 1, "n": 0, "writeErrors": [{ "index": 0, "code": 11000, "errmsg": "E11000" }] };
        let error = checked(reply.clone()).unwrap_err();
        assert_eq!(error.code(), Some(11000));
        let CommandError::Refused(refusal) = error else { panic!("it was refused") };
        assert_eq!((refusal.code_name.as_str(), &refusal.reply), ("DuplicateKey", &reply));
        assert!(checked(doc! { "ok": 1, "n": 1 }).is_ok());
    }

    #[test]
    fn numbers_of_every_kind_are_read() {
        for (value, expected) in [
            (Bson::Int32(3), Some(3)),
            (Bson::Int64(3), Some(3)),
            (Bson::Double(3.0), Some(3)),
            (Bson::Double(3.5), None),
            (Bson::Double(1e300), None),
            (Bson::String("3".into()), None),
        ] {
            assert_eq!(integer(Some(&value)), expected, "{value}");
        }
    }
}
