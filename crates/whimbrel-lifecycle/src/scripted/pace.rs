//! How a batch of a script comes along: the time left, and the pauses for replicas that are behind.

use std::time::{Duration, Instant};

use bson::{Bson, Document, doc};
use whimbrel_engine::document::Commands;
use whimbrel_script::Batch;

use super::command::whole;
use crate::batch::{LAG_INTERVAL, LAG_LIMIT, LAG_PATIENCE, LAG_POLL};
use crate::events::{Event, Observer};
use crate::journal::milliseconds;

/// The pace of one batch.
pub(super) struct Pace {
    started: Instant,
    /// The documents that earlier runs did.
    earlier: u64,
    /// The documents that match its filter; none where that cannot be told.
    total: Option<u64>,
    lag_asked: Option<Instant>,
    patience_left: Duration,
}

impl Pace {
    /// Counts what the batch goes over.
    pub(super) async fn begin(commands: &dyn Commands, batch: &Batch, earlier: u64) -> Self {
        let count = doc! { "count": &batch.collection, "query": batch.filter.clone() };
        let database = batch.database.as_deref().unwrap_or_else(|| commands.database());
        let counted = commands.run_on(database, count, None).await.ok();
        Pace {
            started: Instant::now(),
            earlier,
            total: counted.and_then(|reply| whole(&reply, "n")),
            lag_asked: None,
            patience_left: LAG_PATIENCE,
        }
    }

    /// The event that says how far the batch is.
    pub(super) fn event(&self, file: &str, position: usize, size: u32, done: u64) -> Event {
        let passed = done.saturating_sub(self.earlier);
        let left_ms = self.total.map(|total| {
            milliseconds(self.started).saturating_mul(total.saturating_sub(done)) / passed.max(1)
        });
        Event::Batch {
            file: file.to_owned(),
            position,
            size: u64::from(size),
            done,
            total: self.total,
            left_ms,
        }
    }

    /// Waits while a replica is far behind, as long as the patience lasts.
    pub(super) async fn throttle(
        &mut self,
        commands: &dyn Commands,
        file: &str,
        observer: &mut dyn Observer,
    ) {
        if self.lag_asked.is_some_and(|asked| asked.elapsed() < LAG_INTERVAL) {
            return;
        }
        loop {
            let asked = Instant::now();
            self.lag_asked = Some(asked);
            // A deployment without replicas refuses to be asked, and so may one whose user may not ask.
            let status = commands.run_on("admin", doc! { "replSetGetStatus": 1 }, None).await.ok();
            let lag = status.as_ref().and_then(replica_lag).filter(|lag| *lag >= LAG_LIMIT);
            let Some(lag) = lag else {
                self.patience_left = LAG_PATIENCE;
                return;
            };
            if self.patience_left.is_zero() {
                return;
            }
            let lag_ms = u64::try_from(lag.as_millis()).unwrap_or(u64::MAX);
            observer.event(&Event::Throttled { file: file.to_owned(), lag_ms });
            tokio::time::sleep(LAG_POLL).await;
            self.patience_left = self.patience_left.saturating_sub(asked.elapsed());
        }
    }
}

/// How far the slowest secondary is behind the primary.
fn replica_lag(status: &Document) -> Option<Duration> {
    let members = status.get_array("members").ok()?;
    let applied = |state: &str| {
        let of_state = members
            .iter()
            .filter_map(Bson::as_document)
            .filter(|member| member.get_str("stateStr").is_ok_and(|found| found == state))
            .filter_map(|member| member.get_datetime("optimeDate").ok());
        of_state.map(|date| date.timestamp_millis()).collect::<Vec<_>>()
    };
    let newest = applied("PRIMARY").into_iter().max()?;
    let oldest = applied("SECONDARY").into_iter().min()?;
    Some(Duration::from_millis(u64::try_from(newest - oldest).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_secondary_counts() {
        let member =
            |state: &str, at: i64| doc! { "stateStr": state, "optimeDate": bson::DateTime::from_millis(at) };
        let status = |members: Vec<Document>| doc! { "ok": 1, "members": members };
        for (members, expected) in [
            (
                vec![member("PRIMARY", 9_000), member("SECONDARY", 8_000), member("SECONDARY", 2_500)],
                Some(6_500),
            ),
            (vec![member("PRIMARY", 9_000), member("SECONDARY", 9_500)], Some(0)),
            (vec![member("PRIMARY", 9_000), member("RECOVERING", 1_000)], None),
            (vec![member("SECONDARY", 1_000)], None),
        ] {
            assert_eq!(replica_lag(&status(members)), expected.map(Duration::from_millis));
        }
        assert_eq!(replica_lag(&doc! { "ok": 0 }), None);
    }
}
