//! What the driver's errors mean.

use mongodb::error::{Error, ErrorKind};
use percent_encoding::percent_decode_str;
use whimbrel_engine::EngineError;
use whimbrel_engine::document::{CommandError, Refusal};

use crate::PRODUCT;
use crate::options::setting;

/// The codes of a server that refuses a user's name or password.
const AUTHENTICATION_CODES: [i32; 3] = [18, 11, 334];
/// What stands in a secret's place.
const MASK: &str = "****";

/// The secrets of a URL, which must not stand in a message.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// The password as it is written and as it is meant.
    pub(crate) fn of_url(url: &str) -> Self {
        let Some(password) =
            user_info(url).and_then(|info| info.split_once(':')).map(|(_, password)| password)
        else {
            return Secrets::default();
        };
        let decoded = percent_decode_str(password).decode_utf8_lossy().into_owned();
        let mut secrets = vec![password.to_owned(), decoded];
        secrets.retain(|secret| !secret.is_empty());
        secrets.dedup();
        Secrets(secrets)
    }

    /// The text with every secret masked.
    pub(crate) fn masked(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), MASK))
    }
}

/// What stands before the last `@` of a URL's authority.
fn user_info(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.rsplit_once('@').map(|(info, _)| info)
}

/// The hosts of a URL, as written.
pub(crate) fn hosts_of_url(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default().to_owned()
}

/// The error of a connection that did not come to be.
pub(crate) fn of_connecting(
    error: &Error,
    secrets: &Secrets,
    location: &str,
    user: Option<&str>,
) -> EngineError {
    let location = location.to_owned();
    let told = |text: &str| secrets.masked(text);
    match error.kind.as_ref() {
        ErrorKind::InvalidArgument { message, .. } => setting("url", told(message)),
        ErrorKind::InvalidTlsConfig { message, .. } => EngineError::Tls { location, reason: told(message) },
        ErrorKind::Authentication { message, .. } => EngineError::Authentication {
            product: PRODUCT,
            location,
            user: user.unwrap_or_default().to_owned(),
            reason: told(&authentication_reason(error, message)),
        },
        ErrorKind::Command(command) if AUTHENTICATION_CODES.contains(&command.code) => {
            EngineError::Authentication {
                product: PRODUCT,
                location,
                user: user.unwrap_or_default().to_owned(),
                reason: told(&format!("{} ({} {})", command.message, command.code_name, command.code)),
            }
        }
        ErrorKind::ServerSelection { message, .. } => {
            let reason = told(&selection_reason(message));
            if is_about_tls(&reason) {
                EngineError::Tls { location, reason }
            } else {
                EngineError::Unreachable { product: PRODUCT, location, reason }
            }
        }
        ErrorKind::Io(reason) => {
            let reason = told(&reason.to_string());
            if is_about_tls(&reason) {
                EngineError::Tls { location, reason }
            } else {
                EngineError::Unreachable { product: PRODUCT, location, reason }
            }
        }
        ErrorKind::DnsResolve { message, .. } => {
            EngineError::Unreachable { product: PRODUCT, location, reason: told(message) }
        }
        ErrorKind::IncompatibleServer { message, .. } => {
            EngineError::TooOld { product: PRODUCT, version: told(message), oldest: crate::OLDEST }
        }
        _ => match refusal(error) {
            Some(refusal) => CommandError::from(refusal).while_doing(&location, "connecting"),
            None => EngineError::Unreachable { product: PRODUCT, location, reason: told(&error.to_string()) },
        },
    }
}

/// The error of a command on a connection that stands.
pub(crate) fn of_command(
    error: &Error,
    secrets: &Secrets,
    location: &str,
    user: Option<&str>,
) -> CommandError {
    if let Some(refusal) = refusal(error) {
        return refusal.into();
    }
    let told = match error.kind.as_ref() {
        ErrorKind::Io(reason) => reason.to_string(),
        ErrorKind::ConnectionPoolCleared { message, .. } | ErrorKind::InvalidResponse { message, .. } => {
            message.clone()
        }
        ErrorKind::ServerSelection { message, .. } => selection_reason(message),
        ErrorKind::SessionsNotSupported | ErrorKind::Transaction { .. } => {
            return Refusal {
                code: 20,
                code_name: "IllegalOperation".to_owned(),
                message: error.kind.to_string(),
                labels: labels(error),
                reply: bson::Document::new(),
            }
            .into();
        }
        _ => return of_connecting(error, secrets, location, user).into(),
    };
    EngineError::ConnectionLost {
        location: location.to_owned(),
        doing: "running a command".to_owned(),
        reason: secrets.masked(&told),
    }
    .into()
}

/// Whether the connection broke before or while a command ran, so that asking again may do.
pub(crate) fn is_network(error: &Error) -> bool {
    matches!(error.kind.as_ref(), ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. })
}

/// Whether the server has not answered in time.
pub(crate) fn is_silence(error: &Error) -> bool {
    matches!(error.kind.as_ref(), ErrorKind::Io(reason) if reason.kind() == std::io::ErrorKind::TimedOut)
}

/// What the server said, where it was the server who refused.
fn refusal(error: &Error) -> Option<Refusal> {
    let reply = error.server_response().and_then(|raw| bson::Document::try_from(raw.as_ref()).ok());
    let ErrorKind::Command(command) = error.kind.as_ref() else {
        return reply.filter(|reply| reply.contains_key("code")).map(Refusal::from_reply);
    };
    Some(Refusal {
        code: command.code,
        code_name: command.code_name.clone(),
        message: command.message.clone(),
        labels: labels(error),
        reply: reply.unwrap_or_default(),
    })
}

fn labels(error: &Error) -> Vec<String> {
    let mut labels: Vec<String> = error.labels().iter().cloned().collect();
    labels.sort();
    labels
}

/// The server's own words where the driver kept them.
fn authentication_reason(error: &Error, message: &str) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string);
    match source {
        Some(source) if !message.contains(&source) => format!("{message}: {source}"),
        _ => message.to_owned(),
    }
}

/// The driver prints its whole view of the deployment; what went wrong with each server is in there.
fn selection_reason(message: &str) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for part in message.split("Address: ").skip(1) {
        let address = part.split(',').next().unwrap_or_default().trim();
        let kind = part.split("Type: ").nth(1).and_then(|rest| rest.split([',', ' ', '}']).next());
        let Some((_, error)) = part.split_once("Error: ") else {
            reasons.extend(kind.map(|kind| format!("{address} is of the type {kind}")));
            continue;
        };
        let error = error.strip_prefix("Kind: ").unwrap_or(error);
        let error = error.split(", labels: ").next().unwrap_or(error).trim_end_matches([' ', '}', ']']);
        reasons.push(format!("{address}: {}", error.trim_start_matches("I/O error: ")));
    }
    if reasons.is_empty() {
        let short = message.split(" Topology:").next().unwrap_or(message);
        return short.trim_start_matches("Server selection timeout: ").to_owned();
    }
    reasons.dedup();
    reasons.join("; ")
}

fn is_about_tls(reason: &str) -> bool {
    const SIGNS: [&str; 7] = [
        "certificate",
        "received fatal alert",
        "TLS",
        "tls",
        "InvalidContentType",
        "corrupt message",
        "peer is incompatible",
    ];
    SIGNS.iter().any(|sign| reason.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_error_says_what_went_wrong_with_which_server() {
        let message = "Server selection timeout: No available servers. Topology: { Type: Unknown, Servers: [ \
            { Address: 127.0.0.1:1, Type: Unknown, Error: Kind: I/O error: Connection refused (os error 111), \
            labels: {} }, { Address: b:2, Type: Unknown, Error: Kind: I/O error: timed out, labels: {\"X\"} } ] }";
        assert_eq!(
            selection_reason(message),
            "127.0.0.1:1: Connection refused (os error 111); b:2: timed out"
        );
        let none =
            "Server selection timeout: No available servers. Topology: { Type: Unknown, Servers: [  ] }";
        assert_eq!(selection_reason(none), "No available servers.");
        let secondary = "Server selection timeout: None of the available servers suitable for criteria X. Topology: \
            { Type: ReplicaSetNoPrimary, Servers: [ { Address: a:1, Type: RsSecondary, Average RTT: 1ms } ] }";
        assert_eq!(selection_reason(secondary), "a:1 is of the type RsSecondary");
    }

    #[test]
    fn secrets_are_masked_as_written_and_as_meant() {
        let secrets = Secrets::of_url("mongodb://ana:p%40ss@h/d");
        assert_eq!(secrets.masked("p%40ss and p@ss"), "**** and ****");
        assert_eq!(Secrets::of_url("mongodb://h/d").masked("text"), "text");
        assert_eq!(hosts_of_url("mongodb://ana:p%40ss@h:1,i:2/d?x=y"), "h:1,i:2");
        assert_eq!(hosts_of_url("mongodb+srv://h"), "h");
    }
}
