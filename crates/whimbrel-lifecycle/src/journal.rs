//! Running one step: as one transaction where it can be, else unit by unit with the journal.

use std::sync::Arc;
use std::time::Instant;

use miette::{NamedSource, SourceSpan};
use sha2::{Digest as _, Sha256};
use whimbrel_engine::{
    Applied, EngineError, JournalEntry, JournalState, Notice, Source, Statement, StatementReport, Unit,
    Verdict, Watch as _,
};

use crate::batch;
use crate::error::Result;
use crate::events::{Event, Guarantee, Moment, Observer, Watched};
use crate::migration::{Direction, MigrationError, PlannedStep, hex};
use crate::preflight::{self, Known};
use crate::scripted::{self, Ahead};
use crate::session::Session;

/// A step that is under way.
pub(crate) struct Run<'r> {
    pub(crate) planned: &'r PlannedStep,
    pub(crate) observer: &'r mut dyn Observer,
    /// What is known of the catalogue: from one step of a plan to the next.
    pub(crate) known: &'r mut Known,
    /// The step that comes after it.
    pub(crate) next: Option<&'r PlannedStep>,
    /// The script that was prepared while the step before ran.
    pub(crate) ahead: &'r mut Ahead,
}

/// What is promised of the step should it be interrupted.
///
/// # Errors
/// A `-- whimbrel:transaction on` group holds what cannot run in a transaction.
pub fn guarantee(session: &mut Session<'_>, planned: &PlannedStep) -> Result<Guarantee> {
    if let Some(words) = scripted::words(planned) {
        return scripted::guarantee(session, words);
    }
    Ok(match units(session, planned)? {
        None => Guarantee::Transaction,
        Some(_) => Guarantee::Journal,
    })
}

/// The units of a step that is not one transaction.
pub(crate) fn units(session: &mut Session<'_>, planned: &PlannedStep) -> Result<Option<Vec<Unit>>> {
    let step = &planned.step;
    if scripted::words(planned).is_some() {
        return Ok(None);
    }
    let outside = session.relational()?.runs_outside();
    if let Some(statement) = step.misgrouped(&outside) {
        return Err(directive_error(
            &step.source,
            statement,
            "it cannot be part of a transaction",
            "take it out of the `-- whimbrel:transaction on` group",
        ));
    }
    Ok(step.units(&outside))
}

/// Checks that a file of which a part stands is still cut into units.
///
/// # Errors
/// It was changed into a file that is one transaction: what ran would run again.
pub(crate) fn check_still_journalled(session: &mut Session<'_>, planned: &PlannedStep) -> Result<()> {
    if scripted::words(planned).is_some() || units(session, planned)?.is_some() {
        return Ok(());
    }
    let source = &planned.step.source;
    let first = planned.step.statements.first();
    let span = first.map_or_else(|| (source.text.len(), 0).into(), |first| span(source, first));
    Err(MigrationError::JournalMismatch {
        file: source.name.clone(),
        position: 1,
        source_code: NamedSource::new(&source.name, Arc::clone(&source.text)),
        span,
    }
    .into())
}

/// The statements that an earlier run has left of the step: those of units that do not stand whole.
pub(crate) async fn statements_left(
    session: &mut Session<'_>,
    planned: &PlannedStep,
) -> Result<Vec<Statement>> {
    let entries = session.engine.journal().entries().await?;
    let own = |entry: &&JournalEntry| {
        entry.version == planned.version.as_str() && entry.direction == direction_word(planned.direction)
    };
    let done = |position: usize| {
        entries
            .iter()
            .filter(own)
            .any(|entry| usize::try_from(entry.position) == Ok(position) && entry.state == JournalState::Done)
    };
    let Some(units) = units(session, planned)? else { return Ok(planned.step.statements.clone()) };
    let left = units.iter().enumerate().filter(|(index, _)| !done(index + 1));
    Ok(left.flat_map(|(_, unit)| unit.statements().to_vec()).collect())
}

/// Runs the step, or what an earlier run left of it.
pub(crate) async fn run_step(session: &mut Session<'_>, run: &mut Run<'_>) -> Result<Applied> {
    let planned = run.planned;
    if let Some(words) = scripted::words(planned) {
        return scripted::run_step(session, run, words).await;
    }
    match units(session, planned)? {
        None => {
            preflight::announce(session, run, &planned.step.statements).await?;
            run.known.take(&planned.step.statements);
            let mut watched = Watched { file: &planned.file_name, observer: run.observer };
            Ok(session.relational()?.apply(&planned.step, &mut watched).await?)
        }
        Some(units) => run_units(session, run, &units).await,
    }
}

async fn run_units(session: &mut Session<'_>, run: &mut Run<'_>, units: &[Unit]) -> Result<Applied> {
    let entries = session.engine.journal().entries().await?;
    run.compare(units, &entries)?;
    let mut applied = Applied::default();
    for (index, unit) in units.iter().enumerate() {
        let position = index + 1;
        let known = entries.iter().find(|entry| usize::try_from(entry.position) == Ok(position));
        if let Some(entry) = known.filter(|entry| entry.state == JournalState::Done) {
            applied.duration_ms += entry.duration_ms;
            session_settings(session, run, unit).await?;
            run.unit_done(position, units.len(), entry.duration_ms, true);
            continue;
        }
        let statement =
            unit.statements().first().map(|first| StatementReport::shown(&first.sql)).unwrap_or_default();
        let file = run.planned.file_name.clone();
        run.observer.event(&Event::UnitStarted { file, position, total: units.len(), statement });
        if known.is_none() {
            preflight::announce(session, run, unit.statements()).await?;
        }
        run.known.take(unit.statements());
        let done = match known {
            Some(entry) => run_unit(session, run, unit, entry.clone(), true).await?,
            None => run_unit(session, run, unit, run.new_entry(position, unit), false).await?,
        };
        run.journal(position, Moment::Done);
        run.unit_done(position, units.len(), done.duration_ms, false);
        applied.duration_ms += done.duration_ms;
        applied.statements.extend(done.statements);
        applied.waits.extend(done.waits);
    }
    session.engine.journal().finish(&run.planned.step.history, applied.duration_ms).await?;
    run.journal(units.len(), Moment::Finished);
    Ok(applied)
}

/// Runs one unit; `begun` says whether an earlier run has written its entry.
async fn run_unit(
    session: &mut Session<'_>,
    run: &mut Run<'_>,
    unit: &Unit,
    mut entry: JournalEntry,
    begun: bool,
) -> Result<Applied> {
    let source = &run.planned.step.source;
    match unit {
        Unit::Together(statements) => {
            entry.state = JournalState::Done;
            let mut watched = Watched { file: &run.planned.file_name, observer: run.observer };
            let relational = session.relational()?;
            Ok(relational.run_together(source, statements, &entry, &mut watched).await?)
        }
        Unit::Batched(statement, batch) => batch::run(session, run, statement, batch, entry).await,
        Unit::Outside(statement) => run_outside(session, run, statement, entry, begun).await,
    }
}

/// A statement outside a transaction: what an earlier run left of it is looked at first.
async fn run_outside(
    session: &mut Session<'_>,
    run: &mut Run<'_>,
    statement: &Statement,
    mut entry: JournalEntry,
    begun: bool,
) -> Result<Applied> {
    let source = &run.planned.step.source;
    let position = usize::try_from(entry.position).unwrap_or_default();
    let mut watched = Watched { file: &run.planned.file_name, observer: run.observer };
    let outside = session.relational()?.outside_transactions().ok_or_else(|| no_outside(source))?;
    let mut verdict = outside.verify(source, statement).await?;
    let mut known = begun;
    // What is broken goes, whoever left it: `IF NOT EXISTS` would take it for whole.
    if let Verdict::Broken { what, repair } = &verdict {
        outside.repair(repair).await?;
        watched.notice(Notice::Repaired { what: what.clone() });
        verdict = outside.verify(source, statement).await?;
        known = true;
        run.journal(position, Moment::Repaired);
    }
    let mut applied = Applied::default();
    if !(known && verdict == Verdict::Done) {
        entry.state = JournalState::Intended;
        session.engine.journal().write(&entry).await?;
        run.journal(position, Moment::Intended);
        let mut watched = Watched { file: &run.planned.file_name, observer: run.observer };
        applied = attempt_outside(session, source, statement, &mut watched).await?;
        run.journal(position, Moment::Ran);
    }
    entry.state = JournalState::Done;
    entry.duration_ms = entry.duration_ms.saturating_add(applied.duration_ms);
    session.engine.journal().write(&entry).await?;
    Ok(applied)
}

/// Runs a statement outside a transaction that no journal knows: what it is to do is looked for first, and what a crash has
/// left of it is cleared away.
///
/// # Errors
/// As [`whimbrel_engine::OutsideTransactions::run_outside`].
pub(crate) async fn settle_outside(
    session: &mut Session<'_>,
    source: &Source,
    statement: &Statement,
    watched: &mut Watched<'_>,
) -> Result<Applied> {
    let outside = session.relational()?.outside_transactions().ok_or_else(|| no_outside(source))?;
    let mut verdict = outside.verify(source, statement).await?;
    if let Verdict::Broken { what, repair } = &verdict {
        outside.repair(repair).await?;
        watched.notice(Notice::Repaired { what: what.clone() });
        verdict = outside.verify(source, statement).await?;
    }
    match verdict {
        Verdict::Done => Ok(Applied::default()),
        _ => attempt_outside(session, source, statement, watched).await,
    }
}

async fn attempt_outside(
    session: &mut Session<'_>,
    source: &Source,
    statement: &Statement,
    watched: &mut Watched<'_>,
) -> Result<Applied> {
    // No fence holds for a statement outside a transaction: the lock is looked at as late as can be.
    session.engine.keep_lock().await?;
    let outside = session.relational()?.outside_transactions().ok_or_else(|| no_outside(source))?;
    match outside.run_outside(source, statement, watched).await {
        Ok(applied) => Ok(applied),
        Err(error) => {
            // What another deployer builds now is not this one's to clear away.
            if let Err(lost @ EngineError::LockLost { .. }) = session.engine.keep_lock().await {
                return Err(lost.into());
            }
            let outside = session.relational()?.outside_transactions().ok_or_else(|| no_outside(source))?;
            // The statement said what is wrong; nothing of it shall stay, so that it may be corrected.
            if let Ok(Verdict::Broken { what, repair }) = outside.verify(source, statement).await
                && outside.repair(&repair).await.is_ok()
            {
                watched.notice(Notice::Repaired { what });
            }
            Err(error.into())
        }
    }
}

/// Makes the settings again that a finished unit made for the session.
async fn session_settings(session: &mut Session<'_>, run: &mut Run<'_>, unit: &Unit) -> Result<()> {
    let Unit::Together(statements) = unit else { return Ok(()) };
    for statement in statements.iter().filter(|statement| sets_session(&statement.sql)) {
        let mut watched = Watched { file: &run.planned.file_name, observer: run.observer };
        if let Some(outside) = session.relational()?.outside_transactions() {
            outside.run_outside(&run.planned.step.source, statement, &mut watched).await?;
        }
    }
    Ok(())
}

/// `SET x = …` and `RESET x` last for the session; `SET LOCAL`, `SET CONSTRAINTS` and `SET TRANSACTION` do not.
fn sets_session(sql: &str) -> bool {
    let mut words = sql.split_whitespace();
    let first = words.next().unwrap_or_default();
    let second = words.next().unwrap_or_default();
    let is = |word: &str, known: &str| word.eq_ignore_ascii_case(known);
    is(first, "reset")
        || is(first, "set") && !["local", "constraints", "transaction"].iter().any(|known| is(second, known))
}

fn no_outside(source: &Source) -> EngineError {
    EngineError::Refused {
        doing: format!("running {}", source.name),
        reason: "the engine runs no statement outside a transaction".to_owned(),
    }
}

impl Run<'_> {
    /// Checks that what ran is still what the file says.
    fn compare(&self, units: &[Unit], entries: &[JournalEntry]) -> Result<()> {
        for entry in entries {
            let position = usize::try_from(entry.position).unwrap_or_default();
            let unit = position.checked_sub(1).and_then(|index| units.get(index));
            if unit.is_some_and(|unit| checksum(unit) == entry.checksum) {
                continue;
            }
            let source = &self.planned.step.source;
            let first = unit.and_then(|unit| unit.statements().first());
            let span = first.map_or_else(|| (source.text.len(), 0).into(), |first| span(source, first));
            return Err(MigrationError::JournalMismatch {
                file: source.name.clone(),
                position,
                source_code: NamedSource::new(&source.name, Arc::clone(&source.text)),
                span,
            }
            .into());
        }
        Ok(())
    }

    fn new_entry(&self, position: usize, unit: &Unit) -> JournalEntry {
        JournalEntry {
            version: self.planned.version.as_str().to_owned(),
            direction: direction_word(self.planned.direction).to_owned(),
            position: i64::try_from(position).unwrap_or(i64::MAX),
            checksum: checksum(unit),
            state: JournalState::Intended,
            cursor: None,
            rows: 0,
            duration_ms: 0,
            act: None,
        }
    }

    /// Tells of a moment in the journal.
    pub(crate) fn journal(&mut self, position: usize, moment: Moment) {
        let file = self.planned.file_name.clone();
        self.observer.event(&Event::Journal { file, position, moment });
    }

    fn unit_done(&mut self, position: usize, total: usize, duration_ms: i64, earlier: bool) {
        let file = self.planned.file_name.clone();
        self.observer.event(&Event::UnitDone { file, position, total, duration_ms, earlier });
    }
}

/// The word that the journal keeps.
pub(crate) fn direction_word(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "up",
        Direction::Down => "down",
    }
}

/// The checksum over the tokens of a unit's statements: white space and comments do not count.
pub(crate) fn checksum(unit: &Unit) -> String {
    let mut hasher = Sha256::new();
    for statement in unit.statements() {
        let mut start = 0;
        for token in squawk_lexer::tokenize(&statement.sql) {
            use squawk_lexer::TokenKind as Kind;
            let end = start + usize::try_from(token.len).expect("a token's length fits");
            if !matches!(token.kind, Kind::Whitespace | Kind::LineComment | Kind::BlockComment { .. }) {
                hasher.update(&statement.sql[start..end]);
                hasher.update([0x1f]);
            }
            start = end;
        }
        hasher.update([0x1e]);
    }
    hex(&hasher.finalize())
}

/// The place of a statement in its file.
pub(crate) fn span(source: &Source, statement: &Statement) -> SourceSpan {
    let start = statement.offset.min(source.text.len());
    (start, statement.sql.len().min(source.text.len() - start)).into()
}

/// The error of a directive that asks for what cannot be.
pub(crate) fn directive_error(
    source: &Source,
    statement: &Statement,
    what: &str,
    help: &str,
) -> crate::LifecycleError {
    MigrationError::Directive {
        file: source.name.clone(),
        what: what.to_owned(),
        help: help.to_owned(),
        source_code: NamedSource::new(&source.name, Arc::clone(&source.text)),
        span: span(source, statement),
    }
    .into()
}

/// The time since a moment, in milliseconds.
pub(crate) fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
