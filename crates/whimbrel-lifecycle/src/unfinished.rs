//! A file that was begun and is not finished: telling of it, and declaring what has become of it by hand.

use serde::Serialize;
use whimbrel_engine::{HistoryChange, HistoryKind, JournalEntry, JournalState};

use crate::declared::snapshot_hash;
use crate::error::Result;
use crate::journal;
use crate::migrate::record;
use crate::migration::{Direction, Folder, MigrationError, PlannedStep, State, Target, Version};
use crate::project::Action;
use crate::session::Session;

/// A file that was begun and is not finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unfinished {
    /// Its version.
    pub version: String,
    /// Whether it was being applied.
    pub upwards: bool,
    /// How many of its units stand.
    pub done: usize,
    /// How many units it has; none where the file is no longer there, or no longer in units.
    pub total: Option<usize>,
}

/// What has become of an unfinished file by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// What it does stands, whole.
    Applied,
    /// Nothing of it stands.
    Undone,
}

/// The outcome of `migrate resolve`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResolveReport {
    /// The file that was unfinished.
    pub unfinished: Unfinished,
    /// What it counts as now.
    pub resolution: Resolution,
}

/// The file that was begun and is not finished; none where there is no such file.
pub(crate) async fn unfinished(session: &mut Session<'_>) -> Result<Option<Unfinished>> {
    let entries = session.engine.journal().entries().await?;
    Ok(Unfinished::of(&entries))
}

/// Declares what has become of an unfinished file: empties the journal, and keeps the history in step.
///
/// # Errors
/// No such file is unfinished, a guard refuses, or another deployer holds the lock.
pub async fn resolve(
    session: &mut Session<'_>,
    version: &Version,
    resolution: Resolution,
) -> Result<ResolveReport> {
    if !session.allow_destructive {
        session.project.guard(Action::Destructive)?;
    }
    let folder = session.folder()?;
    session.engine.lock(session.lock_timeout).await?;
    let outcome = resolve_locked(session, &folder, version, resolution).await;
    let unlocked = session.engine.unlock().await;
    let report = outcome?;
    unlocked?;
    Ok(report)
}

async fn resolve_locked(
    session: &mut Session<'_>,
    folder: &Folder,
    version: &Version,
    resolution: Resolution,
) -> Result<ResolveReport> {
    let state = session.state(folder).await?;
    let found = unfinished(session).await?;
    let Some(found) = found.filter(|found| Version::parse(&found.version).as_ref() == Some(version)) else {
        return Err(MigrationError::NotUnfinished { version: version.to_string() }.into());
    };
    let found = found.with_total(session, &state);
    let change = match (resolution, found.upwards) {
        (Resolution::Applied, true) => {
            let migration = folder
                .find(version)
                .ok_or_else(|| MigrationError::UnknownVersion { version: version.to_string() })?;
            let hash = snapshot_hash(folder, version);
            let entry = state.new_entry(migration, HistoryKind::Baseline, &session.deployer, hash);
            Some(HistoryChange::Insert(entry))
        }
        (Resolution::Undone, false) => Some(HistoryChange::Remove { version: found.version.clone() }),
        (Resolution::Applied, false) | (Resolution::Undone, true) => None,
    };
    let journal = session.engine.journal();
    match &change {
        Some(change) => journal.finish(change, 0).await?,
        None => journal.discard().await?,
    }
    let state = session.state(folder).await?;
    record(session, folder, &state).await?;
    Ok(ResolveReport { unfinished: found, resolution })
}

impl Unfinished {
    fn of(entries: &[JournalEntry]) -> Option<Self> {
        let first = entries.first()?;
        Some(Unfinished {
            version: first.version.clone(),
            upwards: first.direction == journal::direction_word(Direction::Up),
            done: entries.iter().filter(|entry| entry.state == JournalState::Done).count(),
            total: None,
        })
    }

    /// With the number of units that the file has.
    pub(crate) fn with_total(self, session: &mut Session<'_>, state: &State<'_>) -> Self {
        let target = if self.upwards { Target::Latest } else { Target::Back(1) };
        let planned = state.plan(&target, session.engine.dialect(), &session.deployer, &|_| None);
        let planned = planned.ok().and_then(|steps| steps.into_iter().next());
        let planned = planned.filter(|planned| self.is_of(planned));
        let units = planned.and_then(|planned| journal::units(session, &planned).ok().flatten());
        Unfinished { total: units.map(|units| units.len()), ..self }
    }

    /// How far it is, in words.
    #[must_use]
    pub fn words(&self) -> String {
        let what = if self.upwards { "unfinished" } else { "unfinished on its way down" };
        match self.total {
            Some(total) => format!("{what}, {} of {total} units", self.done),
            None => format!("{what}, {} units", self.done),
        }
    }

    /// Whether this version is the one.
    pub(crate) fn is(&self, version: &Version) -> bool {
        Version::parse(&self.version).as_ref() == Some(version)
    }

    fn is_of(&self, planned: &PlannedStep) -> bool {
        self.is(&planned.version) && (planned.direction == Direction::Up) == self.upwards
    }

    /// Refuses a plan that would leave the file as it is.
    pub(crate) fn check(
        self,
        folder: &Folder,
        first: Option<&PlannedStep>,
    ) -> std::result::Result<(), MigrationError> {
        if first.is_some_and(|planned| self.is_of(planned)) {
            return Ok(());
        }
        let help = self.help(folder, first);
        let Unfinished { version, upwards, done, .. } = self;
        Err(MigrationError::Unfinished { version, upwards, done, help })
    }

    fn help(&self, folder: &Folder, first: Option<&PlannedStep>) -> String {
        let version = &self.version;
        let own = Version::parse(version);
        let is_there = own.as_ref().is_some_and(|own| folder.find(own).is_some());
        let by_hand = if self.upwards {
            format!(
                "if you have undone by hand what it did, say so: `whimbrel migrate resolve {version} --undone`; \
                 if you have done the rest by hand: `whimbrel migrate resolve {version} --applied`"
            )
        } else {
            format!(
                "if you have done by hand what was left of its way down, say so: `whimbrel migrate resolve {version} \
                 --undone`; if you have put back what it took away: `whimbrel migrate resolve {version} --applied`"
            )
        };
        let before = first.filter(|planned| {
            self.upwards && planned.direction == Direction::Up && own.as_ref() > Some(&planned.version)
        });
        let way_on = match before {
            _ if !is_there => {
                "restore its file from version control and run the same command again".to_owned()
            }
            Some(planned) => format!("{} came in before it: give it a later number", planned.file_name),
            None if self.upwards => format!("finish it: `whimbrel migrate --to {version}`"),
            None => "finish it: `whimbrel rollback`".to_owned(),
        };
        format!("{way_on}; {by_hand}")
    }
}
