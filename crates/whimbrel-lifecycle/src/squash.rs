//! `migrate squash`: one file in the place of several, with a proof that both leave the same.
//!
//! Both ways are built in databases beside the connected one and compared before anything is written. A database
//! that has applied the old files gets the new one in their place at its next `migrate`; nothing runs for that.

use std::path::Path;

use serde::Serialize;
use whimbrel_engine::{HistoryChange, Step, Unwatched};
use whimbrel_schema::catalog::{Catalog, UnmanagedKind};
use whimbrel_schema::ddl::{self, Forms};
use whimbrel_schema::diff::diff;

use crate::compare::words;
use crate::declared::DeclaredSchema;
use crate::error::{LifecycleError, Result};
use crate::events::Silent;
use crate::journal::{self, Run};
use crate::migration::{
    Chain, Folder, Migration, MigrationError, SNAPSHOT_FOLDER, State, Target, Version, file_stem, parse,
    replaced_hash,
};
use crate::preflight::Known;
use crate::scripted::Ahead;
use crate::session::{Session, require_sql};
use crate::squashed_text::{SquashedText, concatenation, data_statements};

/// What is to be squashed.
#[derive(Clone, Debug)]
pub struct SquashOptions {
    /// The first version.
    pub from: Version,
    /// The last version; the new file takes its number.
    pub to: Version,
    /// What the new file is called, in a few words; else as the last one.
    pub name: Option<String>,
    /// Whether the new file is the plain DDL of what the files leave, and not their statements.
    pub from_schema: bool,
}

/// What `migrate squash` did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SquashReport {
    /// The files that were written.
    pub written: Vec<String>,
    /// The files that were deleted.
    pub deleted: Vec<String>,
    /// What was built both ways and found equal, in words.
    pub proved: Vec<String>,
    /// What the proof does not compare, a sentence each.
    pub not_compared: Vec<String>,
}

/// What a way of building leaves.
struct Built {
    catalog: Catalog,
    /// The rows of each table, by name.
    rows: Vec<(String, u64)>,
}

/// Replaces a range of files by one.
///
/// # Errors
/// The range is none, this database has applied a part of it, or the one file would leave something else: then
/// nothing is written.
pub async fn squash(session: &mut Session<'_>, options: &SquashOptions) -> Result<SquashReport> {
    if session.project.protected.value {
        let environment = session.project.environment.value.clone();
        return Err(MigrationError::SquashProtected { environment }.into());
    }
    require_sql(session.project, "squashing")?;
    let folder = session.folder()?;
    let state = session.state(&folder).await?;
    session.check_seal(&folder, false)?;
    let range = range(&folder, &state, options)?;
    let name = match &options.name {
        Some(name) => file_stem(name)?,
        None => range[range.len() - 1].name.clone(),
    };
    let old = build(session, &folder, &options.to).await?;
    let mut report = SquashReport::default();
    let text = if options.from_schema {
        from_schema(session, &folder, &range, &old, &name).await?
    } else {
        concatenation(&range, &session.relational()?.runs_outside())
    };
    let text = text.headed(&directive(&range));
    let new = candidate(&folder, &range, &name, &text)?;
    let new_built = build(session, &new, &options.to).await?;
    let differences = differences(&old, &new_built);
    if !differences.is_empty() {
        return Err(MigrationError::SquashDiffers { range: shown(options), differences }.into());
    }
    report.proved = proved(&old);
    report.not_compared = not_compared(&range, &old, options, session.engine.dialect());
    write(&folder, &range, &name, &text, &mut report)?;
    Ok(report)
}

/// Puts squashed files in the place of the entries that they stand for; nothing else runs. Under the lock only.
/// Says what it did, a sentence each.
pub(crate) async fn take_over(
    session: &mut Session<'_>,
    folder: &Folder,
    state: &State<'_>,
) -> Result<Vec<String>> {
    let mut done = Vec::new();
    for step in steps(folder, state, session.engine.dialect()) {
        session.relational()?.apply(&step, &mut Unwatched).await?;
        if let HistoryChange::Replace { versions, .. } = &step.history {
            done.push(format!("{} now stands for {} in the history", step.source.name, versions.join(", ")));
        }
    }
    Ok(done)
}

/// The steps that do so: each changes the history and nothing else.
pub(crate) fn steps(folder: &Folder, state: &State<'_>, dialect: &str) -> Vec<Step> {
    let replacements = state.replacements().iter();
    replacements
        .filter_map(|replacement| {
            let migration =
                Version::parse(&replacement.entry.version).and_then(|version| folder.find(&version))?;
            Some(Step {
                source: migration.content(dialect).source.clone(),
                statements: Vec::new(),
                history: HistoryChange::Replace {
                    versions: replacement.versions.clone(),
                    entry: replacement.entry.clone(),
                },
            })
        })
        .collect()
}

fn shown(options: &SquashOptions) -> String {
    format!("{}..{}", options.from, options.to)
}

/// The files of the range, found fit to be squashed here.
fn range<'f>(folder: &'f Folder, state: &State<'_>, options: &SquashOptions) -> Result<Vec<&'f Migration>> {
    for end in [&options.from, &options.to] {
        if folder.find(end).is_none() {
            return Err(MigrationError::UnknownVersion { version: end.to_string() }.into());
        }
    }
    let range: Vec<&Migration> = folder
        .migrations
        .iter()
        .filter(|migration| migration.version >= options.from && migration.version <= options.to)
        .collect();
    if range.len() < 2 {
        let what = if options.from > options.to { "it ends before it begins" } else { "it is one file" };
        return Err(MigrationError::SquashRange { range: shown(options), what: what.to_owned() }.into());
    }
    let pending: Vec<&&Migration> =
        range.iter().filter(|migration| state.entry(&migration.version).is_none()).collect();
    if let Some(first) = pending.first().filter(|_| pending.len() < range.len()) {
        // This database would be refused by its own new file.
        return Err(MigrationError::Pending { count: pending.len(), first: first.file_name.clone() }.into());
    }
    Ok(range)
}

/// `-- whimbrel:replaces 0001..0007 HASH`
fn directive(range: &[&Migration]) -> String {
    let (first, last) = (range[0], range[range.len() - 1]);
    // A squashed file at the beginning stands for files before it, and its entry may be in their place.
    let from = first.file.replaces.as_ref().map_or(&first.version, |replaces| &replaces.from);
    let files = range
        .iter()
        .map(|migration| (migration.version.as_str(), migration.name.as_str(), migration.checksum.as_str()));
    format!("-- whimbrel:replaces {from}..{} {}", last.version, replaced_hash(files))
}

/// The plain DDL from what stands before the range to what it leaves.
async fn from_schema(
    session: &mut Session<'_>,
    folder: &Folder,
    range: &[&Migration],
    old: &Built,
    name: &str,
) -> Result<SquashedText> {
    let before = folder.migrations.iter().rev().find(|migration| migration.version < range[0].version);
    let base = match before {
        Some(before) => build(session, folder, &before.version).await?.catalog,
        None => Catalog::default(),
    };
    let script = ddl::script(&diff(&base, &old.catalog, &[]), &base, Forms::Plain);
    let text = ddl::migration_file(&script, name);
    Ok(SquashedText { file: text, overrides: Vec::new() })
}

/// The folder as it would be, in memory.
fn candidate(folder: &Folder, range: &[&Migration], name: &str, text: &SquashedText) -> Result<Folder> {
    let last = range[range.len() - 1];
    let file_name = format!("{}-{name}.sql", last.version);
    let file = parse(&file_name, &text.file)?;
    let overrides = text
        .overrides
        .iter()
        .map(|(dialect, text)| Ok((dialect.clone(), parse(&overriding(&file_name, dialect), text)?)))
        .collect::<Result<_>>()?;
    let new = Migration {
        version: last.version.clone(),
        name: name.to_owned(),
        file_name,
        checksum: file.checksum.clone(),
        file,
        overrides,
    };
    let mut candidate = folder.clone();
    candidate.migrations.retain(|migration| !range.iter().any(|old| old.version == migration.version));
    candidate.migrations.push(new);
    candidate.migrations.sort_by(|one, other| one.version.cmp(&other.version));
    Ok(candidate)
}

fn overriding(file_name: &str, dialect: &str) -> String {
    format!("{}.{dialect}.sql", file_name.trim_end_matches(".sql"))
}

/// Builds the files up to a version in a database of its own, and reads what they left.
async fn build(session: &mut Session<'_>, folder: &Folder, to: &Version) -> Result<Built> {
    let engine = session.engine.beside().await?;
    let mut beside = Session::new(session.project, engine, session.deployer.clone());
    let built = build_in(&mut beside, folder, to).await;
    let dropped = session.engine.drop_beside(beside.engine).await;
    let built = built?;
    dropped?;
    Ok(built)
}

async fn build_in(beside: &mut Session<'_>, folder: &Folder, to: &Version) -> Result<Built> {
    beside.engine.prepare().await?;
    let state = State::new(folder, Vec::new())?;
    let target = Target::Version(to.clone());
    let mut known = Known::default();
    for planned in state.plan(&target, beside.engine.dialect(), &beside.deployer, &|_| None)? {
        let run = &mut Run {
            planned: &planned,
            observer: &mut Silent,
            known: &mut known,
            next: None,
            ahead: &mut Ahead::default(),
        };
        journal::run_step(beside, run).await?;
    }
    let mut named = Vec::new();
    named.extend(DeclaredSchema::read(beside.project).ok());
    for migration in &folder.migrations {
        if folder.snapshot_path(&migration.version).exists() {
            named.extend(DeclaredSchema::of_revision(folder, Some(&migration.version))?);
        }
    }
    let catalogs: Vec<&Catalog> = named.iter().map(|declared| &declared.catalog).collect();
    let catalog = beside.present(&catalogs).await?;
    let mut rows = Vec::new();
    for table in &catalog.tables {
        let size = beside.relational()?.table_size(&table.name).await?;
        rows.push((table.name.to_string(), size.map_or(0, |size| size.rows)));
    }
    Ok(Built { catalog, rows })
}

fn differences(old: &Built, new: &Built) -> Vec<String> {
    let mut found = words(&diff(&new.catalog, &old.catalog, &[]));
    let missing = |from: &Catalog, to: &Catalog, what: &str| -> Vec<String> {
        let gone = from.unmanaged.iter().filter(|object| !to.unmanaged.contains(object));
        gone.map(|object| format!("{} {} {what}", kind(object.kind), object.name)).collect()
    };
    found.extend(missing(&old.catalog, &new.catalog, "is not built"));
    found.extend(missing(&new.catalog, &old.catalog, "is built besides"));
    for (table, rows) in &old.rows {
        let counted = new.rows.iter().find(|(other, _)| other == table).map(|(_, rows)| *rows);
        if let Some(counted) = counted.filter(|counted| counted != rows) {
            found.push(format!("{table} has {rows} rows by the files, and {counted} by the one file"));
        }
    }
    if found.is_empty() && old.catalog != new.catalog {
        found.push(
            "the catalogues differ in something that no statement changes, such as the order of columns"
                .to_owned(),
        );
    }
    found
}

fn proved(built: &Built) -> Vec<String> {
    let counts = [
        (built.catalog.tables.len(), "tables"),
        (built.catalog.views.len(), "views"),
        (built.catalog.enums.len(), "enums"),
        (built.catalog.sequences.len(), "sequences"),
        (built.catalog.unmanaged.len(), "other objects by name"),
    ];
    let objects =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let mut proved: Vec<String> = objects.collect();
    let rows: u64 = built.rows.iter().map(|(_, rows)| rows).sum();
    if rows > 0 {
        proved.push(format!("{rows} rows, by their number in each table"));
    }
    proved
}

fn not_compared(range: &[&Migration], old: &Built, options: &SquashOptions, dialect: &str) -> Vec<String> {
    let mut notes = data_statements(range, dialect);
    let bodies: Vec<String> =
        old.catalog.unmanaged.iter().map(|object| format!("{} {}", kind(object.kind), object.name)).collect();
    if !bodies.is_empty() {
        notes.push(format!("compared by name only: {}", bodies.join(", ")));
    }
    let others: Vec<&str> = range
        .iter()
        .flat_map(|migration| migration.overrides.keys())
        .map(String::as_str)
        .filter(|other| *other != dialect)
        .collect();
    if !others.is_empty() || (options.from_schema && dialect == "sqlite") {
        notes.push("what the files build on the other engine: run the same command against it".to_owned());
    }
    notes
}

/// `PartitionedTable` → `partitioned table`.
fn kind(kind: UnmanagedKind) -> String {
    let mut words = String::new();
    for letter in format!("{kind:?}").chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

/// Writes the new file beside the old ones, takes those away, and seals the folder.
fn write(
    folder: &Folder,
    range: &[&Migration],
    name: &str,
    text: &SquashedText,
    report: &mut SquashReport,
) -> Result<()> {
    let last = range[range.len() - 1];
    let file_name = format!("{}-{name}.sql", last.version);
    let mut fresh = vec![(file_name.clone(), text.file.as_str())];
    fresh.extend(
        text.overrides.iter().map(|(dialect, text)| (overriding(&file_name, dialect), text.as_str())),
    );
    // Hidden names first: a full disk leaves the folder as it was.
    for (name, text) in &fresh {
        let path = folder.path.join(format!(".{name}.new"));
        std::fs::write(&path, text).map_err(|error| failed(&path, &error))?;
    }
    for migration in range {
        remove(&folder.path.join(&migration.file_name))?;
        report.deleted.push(migration.file_name.clone());
        for dialect in migration.overrides.keys() {
            let name = overriding(&migration.file_name, dialect);
            remove(&folder.path.join(&name))?;
            report.deleted.push(name);
        }
        if migration.version != last.version {
            remove_snapshots(folder, &migration.version, report)?;
        }
    }
    for (name, _) in &fresh {
        let path = folder.path.join(name);
        std::fs::rename(folder.path.join(format!(".{name}.new")), &path)
            .map_err(|error| failed(&path, &error))?;
        report.written.push(name.clone());
    }
    Chain::of(&Folder::read(&folder.path)?).write(&folder.path)?;
    Ok(())
}

/// The states between are gone with their files.
fn remove_snapshots(folder: &Folder, version: &Version, report: &mut SquashReport) -> Result<()> {
    let paths = [
        folder.snapshot_path(version),
        folder.normalised_path(version, "postgres"),
        folder.normalised_path(version, "sqlite"),
    ];
    for path in paths.iter().filter(|path| path.exists()) {
        remove(path)?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        report.deleted.push(format!("{SNAPSHOT_FOLDER}/{name}"));
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    std::fs::remove_file(path).map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &std::io::Error) -> LifecycleError {
    MigrationError::File { path: path.display().to_string(), reason: error.to_string() }.into()
}
