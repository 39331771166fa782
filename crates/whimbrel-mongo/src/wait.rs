//! How long a server is waited for that takes connections and does not answer.

use std::future::Future;
use std::io;
use std::time::Duration;

use bson::Document;
use mongodb::error::Error;
use mongodb::options::ClientOptions;

/// The driver's own limits where neither the URL nor a setting names one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const SELECTION_TIMEOUT: Duration = Duration::from_secs(30);
/// Commands that take no limit of their own: the cursor has one, and the end of a transaction must be known.
const UNLIMITED: [&str; 4] = ["getmore", "killcursors", "killsessions", "committransaction"];

/// The limits of one connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waits {
    /// For what the server must answer at once.
    answer: Duration,
    /// For finding a server and learning what it is.
    detection: Duration,
    /// For a command to run.
    statement: Option<Duration>,
}

impl Waits {
    pub(crate) fn new(options: &ClientOptions, statement: Option<Duration>) -> Self {
        let answer = options.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
        let detection = answer + options.server_selection_timeout.unwrap_or(SELECTION_TIMEOUT);
        Waits { answer, detection, statement }
    }

    /// The command with the limit that the server itself keeps, where one is set.
    pub(crate) fn limited(&self, mut command: Document) -> Document {
        let name = command.keys().next().map(|name| name.to_ascii_lowercase()).unwrap_or_default();
        if let Some(limit) = self.statement
            && !UNLIMITED.contains(&name.as_str())
            && !command.contains_key("maxTimeMS")
        {
            command.insert("maxTimeMS", i64::try_from(limit.as_millis()).unwrap_or(i64::MAX));
        }
        command
    }

    /// Waits until it is known what a deployment is.
    pub(crate) async fn for_detection<T>(
        &self,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        within(self.detection, answer).await
    }

    /// Waits for a command: as long as it takes, unless its time is limited. The server is given the time of an answer more,
    /// so that it is the one who ends the command, where it can.
    pub(crate) async fn for_command<T>(
        &self,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        match self.statement {
            Some(limit) => within(limit.saturating_add(self.answer), answer).await,
            None => answer.await,
        }
    }

    /// Waits for what ends a transaction without effect: without it the server does so by itself.
    pub(crate) async fn for_end<T>(
        &self,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        within(self.answer, answer).await
    }
}

async fn within<T>(limit: Duration, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
        let reason = format!("the server takes connections, and has not answered within {limit:?}");
        Err(Error::from(io::Error::new(io::ErrorKind::TimedOut, reason)))
    })
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn a_limit_is_sent_with_what_takes_one() {
        let waits = |statement| Waits { answer: CONNECT_TIMEOUT, detection: CONNECT_TIMEOUT, statement };
        let limited = waits(Some(Duration::from_millis(300)));
        assert_eq!(limited.limited(doc! { "find": "a" }), doc! { "find": "a", "maxTimeMS": 300_i64 });
        for same in
            [doc! { "getMore": 1_i64 }, doc! { "find": "a", "maxTimeMS": 5 }, doc! { "killSessions": [] }]
        {
            assert_eq!(limited.limited(same.clone()), same);
        }
        assert_eq!(waits(None).limited(doc! { "find": "a" }), doc! { "find": "a" });
    }
}
