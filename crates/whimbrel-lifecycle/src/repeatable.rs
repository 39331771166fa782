//! Repeatable files, `R-name.sql`: run after the migrations whenever their content changed, never rolled back.
//!
//! What ran last is kept in `whimbrel_state`, a document a file, written in the same transaction as the file's
//! statements. The history has no row of them.

use serde::{Deserialize, Serialize};
use whimbrel_engine::{Grouping, HistoryChange, HistoryEntry, HistoryKind, Step};

use crate::error::Result;
use crate::migrate::VersionStatus;
use crate::migration::{
    Direction, Folder, Language, MigrationError, PlannedStep, Repeatable, State, Target, Version,
};
use crate::session::Session;

/// What stands in the place of a version where a repeatable file is listed.
pub const LABEL: &str = "R";
/// What the documents' keys begin with.
const KEY: &str = "repeatable:";

/// What is kept of a repeatable file that ran.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    checksum: String,
    applied_at: String,
    applied_by: String,
}

/// Adds the changed repeatable files to a plan that leaves no migration pending.
pub(crate) async fn append(
    session: &mut Session<'_>,
    folder: &Folder,
    state: &State<'_>,
    target: &Target,
    steps: &mut Vec<PlannedStep>,
) -> Result<()> {
    if follow(folder, state, target, steps) {
        for repeatable in changed(session, folder).await? {
            let outside = session.relational()?.runs_outside();
            let planned = planned(repeatable, session.engine.dialect(), &session.deployer)?;
            if planned.step.units(&outside).is_some() {
                return Err(MigrationError::RepeatableOutside { file: planned.file_name }.into());
            }
            steps.push(planned);
        }
    }
    Ok(())
}

/// Whether a plan leads to the newest file, so that the repeatable files come after it.
pub(crate) fn follow(folder: &Folder, state: &State<'_>, target: &Target, steps: &[PlannedStep]) -> bool {
    let leaves_nothing_pending = steps.iter().all(|step| step.direction == Direction::Up)
        && steps.len() == state.pending().len()
        && !matches!(target, Target::Back(_));
    // A target below the newest file asks for an earlier state, also where nothing is to be undone for it.
    let is_newest = match target {
        Target::Version(version) => folder.migrations.last().is_none_or(|last| last.version == *version),
        _ => true,
    };
    leaves_nothing_pending && is_newest
}

/// The repeatable files whose content is not the one that ran last, by name.
///
/// # Errors
/// The engine cannot read its documents.
pub async fn changed<'f>(session: &mut Session<'_>, folder: &'f Folder) -> Result<Vec<&'f Repeatable>> {
    let mut changed = Vec::new();
    for repeatable in &folder.repeatables {
        let record = record(session, repeatable).await?;
        if record.is_none_or(|record| record.checksum != repeatable.checksum) {
            changed.push(repeatable);
        }
    }
    Ok(changed)
}

/// Every repeatable file with its state, for `migrate status`.
pub(crate) async fn status(session: &mut Session<'_>, folder: &Folder) -> Result<Vec<VersionStatus>> {
    let mut lines = Vec::new();
    for repeatable in &folder.repeatables {
        let record = record(session, repeatable).await?;
        let stands = record.as_ref().is_some_and(|record| record.checksum == repeatable.checksum);
        lines.push(VersionStatus {
            version: LABEL.to_owned(),
            name: repeatable.name.clone(),
            applied_at: record.as_ref().map(|record| record.applied_at.clone()),
            kind: stands.then_some(HistoryKind::Applied),
            duration_ms: None,
            applied_by: record.map(|record| record.applied_by),
            reversible: false,
            unfinished: None,
        });
    }
    Ok(lines)
}

/// The last run of each repeatable file, in the form of the history's rows.
///
/// # Errors
/// The engine cannot read its documents.
pub async fn history(session: &mut Session<'_>, folder: &Folder) -> Result<Vec<HistoryEntry>> {
    let mut entries = Vec::new();
    for repeatable in &folder.repeatables {
        if let Some(record) = record(session, repeatable).await? {
            entries.push(HistoryEntry {
                version: LABEL.to_owned(),
                name: repeatable.name.clone(),
                checksum: record.checksum,
                chain: String::new(),
                schema_hash: None,
                kind: HistoryKind::Applied,
                applied_at: record.applied_at,
                duration_ms: 0,
                applied_by: record.applied_by,
            });
        }
    }
    entries.sort_by(|one, other| one.applied_at.cmp(&other.applied_at));
    Ok(entries)
}

async fn record(session: &mut Session<'_>, repeatable: &Repeatable) -> Result<Option<Record>> {
    let document = session.engine.recorded(&key(repeatable)).await?;
    Ok(document.and_then(|document| serde_json::from_str(&document).ok()))
}

fn key(repeatable: &Repeatable) -> String {
    format!("{KEY}{}", repeatable.name)
}

/// The step that runs a repeatable file.
pub(crate) fn planned(repeatable: &Repeatable, dialect: &str, deployer: &str) -> Result<PlannedStep> {
    let content = repeatable.content(dialect);
    let statements = content.statements(true, dialect).unwrap_or_default();
    if statements.iter().any(|statement| statement.batch.is_some() || statement.grouping != Grouping::File) {
        return Err(MigrationError::RepeatableOutside { file: repeatable.file_name.clone() }.into());
    }
    let record = Record {
        checksum: repeatable.checksum.clone(),
        applied_at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string(),
        applied_by: deployer.to_owned(),
    };
    let document = serde_json::to_string(&record).expect("a record always has a JSON form");
    Ok(PlannedStep {
        direction: Direction::Up,
        version: Version::parse("0").expect("a digit"),
        file_name: repeatable.file_name.clone(),
        language: Language::Sql,
        checksum: repeatable.checksum.clone(),
        step: Step {
            source: content.source.clone(),
            statements,
            history: HistoryChange::Record { key: key(repeatable), document },
        },
        allowed: content.allowed.clone(),
        // A rollback leaves it alone: that it has no way down is no finding.
        reversible: true,
    })
}
