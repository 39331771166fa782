//! `--sql`: what a run would do, as a script for the engine's own client. Nothing is changed, and where the first
//! version is said, nothing is asked of a database.

use whimbrel_engine::{HistoryChange, JournalEntry, JournalState, ScriptWriter, Step, Unit, Written};

use crate::declared::snapshot_hash;
use crate::error::Result;
use crate::hooks;
use crate::journal::{checksum, direction_word};
use crate::migration::{Batched, Direction, Folder, MigrationError, PlannedStep, State, Target, Version};
use crate::project::Project;
use crate::session::{Session, check_seal};
use crate::{migrate, repeatable, squash, unfinished};

/// A script, and what it leaves out or does otherwise.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// The text.
    pub text: String,
    /// A sentence each; the script has them as comments too.
    pub warnings: Vec<String>,
}

/// The script that takes the connected database to the target.
///
/// # Errors
/// Files and history disagree.
pub async fn online(
    session: &mut Session<'_>,
    target: &Target,
    writer: &mut dyn ScriptWriter,
) -> Result<Script> {
    let folder = session.folder()?;
    let state = session.state(&folder).await?;
    if let Some(unfinished) = unfinished::unfinished(session).await? {
        // A script begins a file at its beginning.
        unfinished.check(&folder, None)?;
    }
    session.check_seal(&folder, false)?;
    let squashed = squash::steps(&folder, &state, session.engine.dialect());
    let steps = migrate::plan(session, &folder, &state, target).await?;
    if let Some(unfinished) = unfinished::unfinished(session).await? {
        // A script begins each file anew.
        unfinished.check(&folder, None)?;
    }
    Ok(Composer::begin(session.project, &state, writer).write(&squashed, &steps))
}

/// The script that takes a database which is at `from` to the target; no database is asked.
///
/// # Errors
/// There is no such version, the files are not the sealed ones, or one has no way back.
pub fn offline(
    project: &Project,
    from: &Version,
    target: &Target,
    deployer: &str,
    writer: &mut dyn ScriptWriter,
) -> Result<Script> {
    let folder = Folder::read(&project.migrations_folder.value)?;
    if !from.is_zero() && folder.find(from).is_none() {
        return Err(MigrationError::UnknownVersion { version: from.to_string() }.into());
    }
    check_seal(project, &folder, false)?;
    let hash = |version: &Version| snapshot_hash(&folder, version);
    let dialect = writer.dialect();
    let before =
        State::new(&folder, Vec::new())?.plan(&Target::Version(from.clone()), dialect, deployer, &hash)?;
    let mut history = Vec::new();
    for planned in before {
        writer.assume(&planned.step)?;
        if let HistoryChange::Insert(entry) = planned.step.history {
            history.push(entry);
        }
    }
    let state = State::new(&folder, history)?;
    let mut steps = state.plan(target, dialect, deployer, &hash)?;
    if repeatable::follow(&folder, &state, target, &steps) {
        for found in &folder.repeatables {
            steps.push(repeatable::planned(found, dialect, deployer)?);
        }
    }
    Ok(Composer::begin(project, &state, writer).write(&[], &steps))
}

/// Puts a script together.
struct Composer<'w> {
    project: &'w Project,
    writer: &'w mut dyn ScriptWriter,
    /// The applied versions, as they stand at this place of the script.
    applied: Vec<String>,
    script: Script,
}

impl<'w> Composer<'w> {
    fn begin(project: &'w Project, state: &State<'_>, writer: &'w mut dyn ScriptWriter) -> Self {
        let applied = state.applied().iter().map(|entry| entry.version.clone()).collect();
        Composer { project, writer, applied, script: Script::default() }
    }

    fn write(mut self, squashed: &[Step], steps: &[PlannedStep]) -> Script {
        let from = self.applied.last().cloned();
        let name = &self.project.name.value;
        let at = from.as_deref().unwrap_or("nothing applied");
        self.line(&format!(
            "-- whimbrel: the project {name}, for a database at {at} ({})",
            self.writer.dialect()
        ));
        if squashed.is_empty() && steps.is_empty() {
            self.line("-- Nothing to do.");
            return self.script;
        }
        let opening = self.writer.opening();
        self.line(&opening);
        let guard = self.writer.guard(from.as_deref());
        self.line(&guard);
        for step in squashed {
            self.line(&format!("\n-- {} takes the place of the files that it stands for", step.source.name));
            let text = self.writer.finish(&step.history);
            self.line(&text);
        }
        let directions: Vec<Direction> = steps.iter().map(|step| step.direction).collect();
        for hook in hooks::around(self.project, directions.into_iter()) {
            self.warn(&format!("the hook {hook} is no part of the script: run it yourself"));
        }
        for planned in steps {
            self.step(planned);
        }
        self.script
    }

    fn line(&mut self, text: &str) {
        self.script.text.push_str(text.trim_end_matches('\n'));
        self.script.text.push('\n');
    }

    fn warn(&mut self, sentence: &str) {
        self.line(&format!("-- NOTE: {}", sentence.replace('\n', "\n-- ")));
        self.script.warnings.push(sentence.to_owned());
    }

    fn take(&mut self, written: Written) {
        for warning in &written.warnings {
            self.warn(warning);
        }
        self.line(&written.text);
    }

    /// One file; what cannot be written becomes a comment, and the rest of the script waits until it was done.
    fn step(&mut self, planned: &PlannedStep) {
        let verb = if planned.direction == Direction::Up { "apply" } else { "roll back" };
        self.line(&format!("\n-- {verb} {}", planned.file_name));
        let before = self.script.text.len();
        let outcome = self.written(planned);
        match &planned.step.history {
            HistoryChange::Insert(entry) => self.applied.push(entry.version.clone()),
            HistoryChange::Remove { .. } => {
                self.applied.pop();
            }
            _ => {}
        }
        if let Err(error) = outcome {
            self.script.text.truncate(before);
            let command = match (planned.direction, self.applied.last()) {
                (Direction::Up, _) if planned.version.is_zero() => "whimbrel migrate".to_owned(),
                (Direction::Up, _) => format!("whimbrel migrate --to {}", planned.version),
                (Direction::Down, below) => {
                    format!("whimbrel rollback --to {}", below.map_or("0", String::as_str))
                }
            };
            self.warn(&format!(
                "{} cannot be written as a script: {error}; run `{command}` against the database at this place",
                planned.file_name
            ));
            if !planned.version.is_zero() {
                let newest = self.applied.last().cloned();
                let guard = self.writer.guard(newest.as_deref());
                self.line(&guard);
            }
        }
    }

    fn written(&mut self, planned: &PlannedStep) -> Result<()> {
        let step = &planned.step;
        let outside = |statement: &whimbrel_engine::Statement| self.writer.runs_outside(statement);
        if step.misgrouped(&outside).is_some() {
            return Err(MigrationError::RepeatableOutside { file: planned.file_name.clone() }.into());
        }
        let Some(units) = step.units(&outside) else {
            let written = self.writer.together(&step.source, &step.statements, Some(&step.history), None)?;
            self.take(written);
            return Ok(());
        };
        if planned.version.is_zero() {
            return Err(MigrationError::RepeatableOutside { file: planned.file_name.clone() }.into());
        }
        self.line("-- Not one transaction: whimbrel_journal has what stands, and `whimbrel migrate` goes on from there.");
        for (index, unit) in units.iter().enumerate() {
            let written = self.unit(planned, index + 1, unit)?;
            self.take(written);
        }
        let text = self.writer.finish(&step.history);
        self.line(&text);
        Ok(())
    }

    fn unit(&mut self, planned: &PlannedStep, position: usize, unit: &Unit) -> Result<Written> {
        let entry = |state: JournalState| JournalEntry {
            version: planned.version.as_str().to_owned(),
            direction: direction_word(planned.direction).to_owned(),
            position: i64::try_from(position).unwrap_or(i64::MAX),
            checksum: checksum(unit),
            state,
            cursor: None,
            rows: 0,
            duration_ms: 0,
            act: None,
        };
        let source = &planned.step.source;
        let done = entry(JournalState::Done);
        Ok(match unit {
            Unit::Together(statements) => self.writer.together(source, statements, None, Some(&done))?,
            Unit::Outside(statement) => self.writer.outside(statement, &entry(JournalState::Intended), &done),
            Unit::Batched(statement, batch) => match Batched::read(&statement.sql) {
                Some(batched) => {
                    let template = batched.template(batch);
                    self.writer.batched(source, &template, &entry(JournalState::Running), &done)?
                }
                None => {
                    let mut plain = statement.clone();
                    plain.batch = None;
                    let mut written = self.writer.together(source, &[plain], None, Some(&done))?;
                    written
                        .warnings
                        .push("a statement that cannot be cut into batches is written whole".to_owned());
                    written
                }
            },
        })
    }
}
