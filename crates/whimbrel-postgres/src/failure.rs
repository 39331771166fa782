//! The driver's errors, classified at the edge.

use std::error::Error as _;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};
use whimbrel_engine::EngineError;

use crate::url::Target;

/// The product's name in messages.
pub(crate) const PRODUCT: &str = "PostgreSQL";

/// The class of an error that a statement met.
pub(crate) fn classify(error: &Error, target: &Target, doing: &str) -> EngineError {
    let doing = doing.to_owned();
    let Some(server) = error.as_db_error() else {
        let reason = chain(error);
        return if is_lost(error) {
            EngineError::ConnectionLost { location: target.location.clone(), doing, reason }
        } else {
            EngineError::Refused { doing, reason }
        };
    };
    let reason = reason(server);
    match server.code().code() {
        "57P01" | "57P02" | "57P03" | "57P05" => {
            EngineError::ConnectionLost { location: target.location.clone(), doing, reason }
        }
        code if code.starts_with("08") => {
            EngineError::ConnectionLost { location: target.location.clone(), doing, reason }
        }
        "42501" => EngineError::PermissionDenied { doing, reason },
        "25006" | "53100" => EngineError::NotWritable { database: target.database.clone(), doing, reason },
        "55P03" => EngineError::Refused {
            doing,
            reason: format!("{reason}; another session holds the lock for longer than lock_timeout"),
        },
        _ => EngineError::Refused { doing, reason },
    }
}

/// The class of an error that came up while connecting.
pub(crate) fn classify_connect(error: &Error, target: &Target) -> EngineError {
    let location = target.location.clone();
    if let Some(server) = error.as_db_error() {
        let reason = reason(server);
        return match server.code().code() {
            "28P01" | "28000" => {
                EngineError::Authentication { product: PRODUCT, location, user: target.user.clone(), reason }
            }
            "3D000" => {
                EngineError::UnknownDatabase { product: PRODUCT, location, database: target.database.clone() }
            }
            "57P03" => EngineError::Unreachable { product: PRODUCT, location, reason },
            _ => classify(error, target, "the connection"),
        };
    }
    // The driver keeps its kinds to itself; their fixed words are all that tells them apart.
    match error.to_string().as_str() {
        "error performing TLS handshake" => EngineError::Tls { location, reason: cause(error) },
        "authentication error" | "invalid configuration" => EngineError::Authentication {
            product: PRODUCT,
            location,
            user: target.user.clone(),
            reason: cause(error),
        },
        _ => EngineError::Unreachable { product: PRODUCT, location, reason: cause(error) },
    }
}

/// The server's words: message, detail, hint and SQLSTATE.
pub(crate) fn reason(error: &DbError) -> String {
    let mut text = error.message().to_owned();
    if let Some(detail) = error.detail() {
        text.push_str(": ");
        text.push_str(detail.trim_end_matches('.'));
    }
    if let Some(hint) = error.hint() {
        text.push_str("; ");
        text.push_str(hint.trim_end_matches('.'));
    }
    format!("{text} (SQLSTATE {})", error.code().code())
}

/// Whether the connection is gone.
pub(crate) fn is_lost(error: &Error) -> bool {
    error.is_closed() || error.source().is_some_and(|source| source.is::<std::io::Error>())
}

/// Whether the server does not know the table, or its schema.
pub(crate) fn is_missing_table(error: &Error) -> bool {
    matches!(error.code(), Some(code) if *code == SqlState::UNDEFINED_TABLE || *code == SqlState::INVALID_SCHEMA_NAME)
}

fn chain(error: &Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn cause(error: &Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}
