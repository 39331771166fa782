//! Running an UPDATE or a DELETE in batches by ranges of a key, each with the journal's cursor in its transaction.

use std::time::{Duration, Instant};

use whimbrel_engine::{
    Applied, Batch, JournalEntry, JournalState, Notice, Statement, StatementReport, Watch,
};
use whimbrel_schema::catalog::{DEFAULT_SCHEMA, QualifiedName};

use crate::error::Result;
use crate::events::{Event, Moment, Watched};
use crate::journal::{Run, directive_error, milliseconds};
use crate::migration::{Batched, Range};
use crate::session::Session;

/// A replica that is further behind makes the batches wait.
pub(crate) const LAG_LIMIT: Duration = Duration::from_secs(5);
/// How often is looked whether the replicas have caught up.
pub(crate) const LAG_POLL: Duration = Duration::from_millis(500);
/// How long the batches wait at most for replicas that do not catch up: one that is meant to be late stops nothing for ever.
/// Then they go on, and wait again only once the replicas have caught up in between.
pub(crate) const LAG_PATIENCE: Duration = Duration::from_secs(300);
/// How often the lag is asked for.
pub(crate) const LAG_INTERVAL: Duration = Duration::from_secs(1);
/// How often a pause gives a sign of life: the shortest lease lasts a second.
const SIGN_INTERVAL: Duration = Duration::from_millis(300);
/// A batch that takes longer is made smaller.
const LONG_BATCH: Duration = Duration::from_secs(2);
/// The smallest part of the size asked for that a batch shrinks to.
const SMALLEST_PART: u64 = 16;

/// A statement that runs in batches, with what is known of its table.
struct Backfill {
    batched: Batched,
    key: String,
    size: Size,
    /// The rows that are left to pass, where it is known.
    total: Option<u64>,
    passed: u64,
    started: Instant,
    lag_asked: Option<Instant>,
    patience_left: Duration,
}

/// How many rows a batch covers: fewer while others are in the way.
struct Size {
    wanted: u64,
    current: u64,
}

impl Size {
    /// After a batch; `retried` says whether an attempt at it was rolled back for a lock.
    fn adapt(&mut self, applied: &Applied, retried: bool) {
        let took = Duration::from_millis(applied.duration_ms.unsigned_abs());
        if retried || !applied.waits.is_empty() || took > LONG_BATCH {
            let smallest = (self.wanted / SMALLEST_PART).max(1);
            self.current = (self.current / 2).max(smallest);
        } else {
            self.current = (self.current + self.current / 4 + 1).min(self.wanted);
        }
    }
}

/// Passes notices on, and remembers whether a batch had to be tried again. A wait that ends in a short `lock_timeout` is seen
/// by nobody else.
struct Heard<'a> {
    watched: Watched<'a>,
    retried: bool,
}

impl Watch for Heard<'_> {
    fn notice(&mut self, notice: Notice) {
        self.retried |= matches!(notice, Notice::Retry { .. });
        self.watched.notice(notice);
    }
}

/// Runs the statement to its end, from where the entry's cursor stands.
pub(crate) async fn run(
    session: &mut Session<'_>,
    run: &mut Run<'_>,
    statement: &Statement,
    batch: &Batch,
    mut entry: JournalEntry,
) -> Result<Applied> {
    let mut backfill = Backfill::prepare(session, run, statement, batch).await?;
    let mut sum = Applied::default();
    let rows_before = entry.rows;
    loop {
        let end = backfill.next_end(session, entry.cursor.as_deref()).await?;
        let is_last = end.is_none();
        let range = Range { above: entry.cursor.as_deref(), up_to: end.as_deref() };
        let bounded = Statement {
            batch: None,
            ..Statement::new(backfill.batched.within(&backfill.key, range), statement.offset)
        };
        let mut next = entry.clone();
        next.state = if is_last { JournalState::Done } else { JournalState::Running };
        next.cursor = end.or(next.cursor);
        let watched = Watched { file: &run.planned.file_name, observer: run.observer };
        let mut heard = Heard { watched, retried: false };
        let relational = session.relational()?;
        let applied =
            relational.run_together(&run.planned.step.source, &[bounded], &next, &mut heard).await?;
        let retried = heard.retried;
        let rows = applied.statements.iter().filter_map(|report| report.rows).sum::<u64>();
        next.rows = next.rows.saturating_add(i64::try_from(rows).unwrap_or(i64::MAX));
        next.duration_ms = next.duration_ms.saturating_add(applied.duration_ms);
        entry = next;
        run.journal(position(&entry), Moment::Batched);
        sum.duration_ms = sum.duration_ms.saturating_add(applied.duration_ms);
        backfill.progress(run, position(&entry), is_last);
        if is_last {
            break;
        }
        backfill.size.adapt(&applied, retried);
        for wait in applied.waits {
            if !sum.waits.iter().any(|seen| seen.object == wait.object && seen.mode == wait.mode) {
                sum.waits.push(wait);
            }
        }
        pause(session, batch.pause).await?;
        backfill.throttle(session, run).await?;
    }
    let rows = u64::try_from(entry.rows - rows_before).ok();
    let duration_ms = sum.duration_ms.unsigned_abs();
    let shown = StatementReport::shown(&statement.sql);
    sum.statements.push(StatementReport { statement: shown, duration_ms, rows });
    Ok(sum)
}

/// Waits, and tells the others now and then that this deployer still works.
async fn pause(session: &mut Session<'_>, length: Duration) -> Result<()> {
    let until = Instant::now() + length;
    loop {
        session.engine.keep_lock().await?;
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        tokio::time::sleep(left.min(SIGN_INTERVAL)).await;
    }
}

fn position(entry: &JournalEntry) -> usize {
    usize::try_from(entry.position).unwrap_or_default()
}

impl Backfill {
    async fn prepare(
        session: &mut Session<'_>,
        run: &Run<'_>,
        statement: &Statement,
        batch: &Batch,
    ) -> Result<Self> {
        let source = &run.planned.step.source;
        let wrong = |what: &str, help: &str| directive_error(source, statement, what, help);
        let batched = Batched::read(&statement.sql).ok_or_else(|| {
            wrong(
                "this statement cannot be cut into batches",
                "write it as `UPDATE table SET … WHERE …` or `DELETE FROM table WHERE …`, without WITH in front of it",
            )
        })?;
        let (schema, name) = batched.table_name();
        let table = QualifiedName::new(schema.unwrap_or_else(|| DEFAULT_SCHEMA.to_owned()), name);
        let key = match &batch.key {
            Some(key) => key.clone(),
            None => primary_key(session, &table).await?.ok_or_else(|| {
                wrong(
                    "its table has no primary key of one column to cut it by",
                    "name a column without NULLs that has an index: `-- whimbrel:batch size=… key=column`",
                )
            })?,
        };
        let rows = session.relational()?.rows(&batched.without_key_query(&key)).await?;
        if rows.first().and_then(|row| row.first()).is_some_and(|count| count.as_deref() != Some("0")) {
            return Err(wrong(
                &format!("rows without a `{key}` would be left out"),
                "name a column without NULLs: `-- whimbrel:batch size=… key=column`",
            ));
        }
        let total = session.relational()?.table_size(&table).await?.map(|size| size.rows);
        Ok(Backfill {
            batched,
            key,
            size: Size { wanted: batch.size, current: batch.size },
            total,
            passed: 0,
            started: Instant::now(),
            lag_asked: None,
            patience_left: LAG_PATIENCE,
        })
    }

    /// The key at which the next batch ends; none for the last one.
    async fn next_end(&mut self, session: &mut Session<'_>, cursor: Option<&str>) -> Result<Option<String>> {
        let query = self.batched.end_query(&self.key, cursor, self.size.current);
        let rows = session.relational()?.rows(&query).await?;
        Ok(rows.into_iter().next().and_then(|row| row.into_iter().next()).flatten())
    }

    fn progress(&mut self, run: &mut Run<'_>, position: usize, is_last: bool) {
        self.passed = self.passed.saturating_add(self.size.current);
        let done = if is_last { self.total.map_or(self.passed, |total| total.max(1)) } else { self.passed };
        let left_ms = self.total.map(|total| {
            let left = total.saturating_sub(done);
            milliseconds(self.started).saturating_mul(left) / self.passed.max(1)
        });
        let file = run.planned.file_name.clone();
        let size = self.size.current;
        run.observer.event(&Event::Batch { file, position, size, done, total: self.total, left_ms });
    }

    /// Waits while a replica is far behind, as long as the patience lasts.
    async fn throttle(&mut self, session: &mut Session<'_>, run: &mut Run<'_>) -> Result<()> {
        if self.lag_asked.is_some_and(|asked| asked.elapsed() < LAG_INTERVAL) {
            return Ok(());
        }
        loop {
            let asked = Instant::now();
            self.lag_asked = Some(asked);
            let lag = session.relational()?.replica_lag().await?.filter(|lag| *lag >= LAG_LIMIT);
            let Some(lag) = lag else {
                self.patience_left = LAG_PATIENCE;
                return Ok(());
            };
            if self.patience_left.is_zero() {
                return Ok(());
            }
            let lag_ms = u64::try_from(lag.as_millis()).unwrap_or(u64::MAX);
            run.observer.event(&Event::Throttled { file: run.planned.file_name.clone(), lag_ms });
            tokio::time::sleep(LAG_POLL).await;
            session.engine.keep_lock().await?;
            self.patience_left = self.patience_left.saturating_sub(asked.elapsed());
        }
    }
}

/// The primary key's column, where it has one.
async fn primary_key(session: &mut Session<'_>, table: &QualifiedName) -> Result<Option<String>> {
    let mut scope = session.scope(&[]);
    if !table.in_default_schema() && !scope.schemas.contains(&table.schema) {
        scope.schemas.push(table.schema.clone());
    }
    let present = session.relational()?.introspect(&scope).await?;
    let key = present.table(table).and_then(|table| table.primary_key.clone());
    Ok(key.and_then(|key| <[String; 1]>::try_from(key.columns).ok()).map(|[column]| column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_shrinks_while_others_wait_and_grows_again() {
        let mut size = Size { wanted: 1_000, current: 1_000 };
        let long = Applied { duration_ms: 10_000, ..Applied::default() };
        for _ in 0..10 {
            size.adapt(&long, false);
        }
        assert_eq!(size.current, 62);
        for _ in 0..30 {
            size.adapt(&Applied::default(), false);
        }
        assert_eq!(size.current, 1_000);
        size.adapt(&Applied::default(), true);
        assert_eq!(size.current, 500);
    }
}
