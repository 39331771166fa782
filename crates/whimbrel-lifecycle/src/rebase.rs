//! `migrate rebase`: numbers the files of one branch after those of another, once both are in one folder.
//!
//! Only files that this database has not applied ever move. Every file is renamed before whimbrel.sum is written,
//! so that a run that was interrupted is finished by running it again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::create::snapshot;
use crate::declared::{DeclaredSchema, snapshot_hash};
use crate::error::{LifecycleError, Result};
use crate::migration::conflict::{Side, sides};
use crate::migration::{
    Chain, Folder, Listing, MigrationError, SNAPSHOT_FOLDER, SUM_FILE, Version, list, split_name,
};
use crate::session::Session;

/// Branches that others build on, by custom: where two branches meet, their files keep their numbers.
const SHARED_BRANCHES: [&str; 6] = ["main", "master", "trunk", "develop", "production", "release"];

/// What is to be rebased.
#[derive(Clone, Debug, Default)]
pub struct RebaseOptions {
    /// The version that the moved files follow; none means after all others.
    pub onto: Option<Version>,
    /// The files that move; none named means those that the history and the chain tell.
    pub files: Vec<String>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What `migrate rebase` did, or would do.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RebaseReport {
    /// The files that got another number, in order.
    pub moved: Vec<Moved>,
    /// Whether whimbrel.sum held conflict markers.
    pub conflict: bool,
    /// The branch whose files keep their numbers, where the markers name one.
    pub kept: Option<String>,
    /// How whimbrel.sum changed, a sentence each.
    pub sealed: Vec<String>,
    /// The snapshots that were written anew from the declared schema, or taken away because they are no longer true.
    pub refreshed: Vec<String>,
    /// What deserves a look.
    pub notes: Vec<String>,
}

/// A file that got another number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// Its name before.
    pub from: String,
    /// Its name now.
    pub to: String,
}

/// One migration file by its name.
#[derive(Clone, Debug)]
struct Entry {
    version: Version,
    name: String,
    file_name: String,
    applied: bool,
}

/// Which files move, and whose stay.
struct Plan {
    renames: Vec<(Entry, Version)>,
    /// The snapshots' text of the branch that stays, and of the one that moves, where both wrote one.
    ours_stay: bool,
}

/// Gives the files that are not applied numbers after all others, and seals the folder anew.
///
/// # Errors
/// A named file is applied or missing, the order cannot be made without moving an applied file, or the folder
/// cannot be written.
pub async fn rebase(session: &mut Session<'_>, options: &RebaseOptions) -> Result<RebaseReport> {
    let path = session.project.migrations_folder.value.clone();
    let mut listing = list(&path)?;
    let history = session.engine.history().await?;
    let entries: Vec<Entry> = listing
        .bases
        .iter()
        .map(|(version, name, file_name)| {
            let applied = history
                .iter()
                .any(|entry| Version::parse(&entry.version).as_ref() == Some(version) && entry.name == *name);
            Entry { version: version.clone(), name: name.clone(), file_name: file_name.clone(), applied }
        })
        .collect();
    let sum = read_text(&path.join(SUM_FILE))?.unwrap_or_default();
    let mut report = RebaseReport::default();
    let plan = plan(&entries, &sum, options, &mut report)?;
    report.moved = plan
        .renames
        .iter()
        .map(|(entry, version)| Moved { from: entry.file_name.clone(), to: renamed(entry, version) })
        .collect();
    if options.dry_run {
        return Ok(report);
    }
    rejoin_overrides(&path, &mut listing)?;
    move_files(&path, &plan, &entries, &listing)?;
    let folder = Folder::read(&path)?;
    if !report.moved.is_empty() || report.conflict {
        refresh(session, &folder, &mut report).await?;
    }
    let present = Chain::of(&folder);
    let sealed = Chain::read(&path).unwrap_or_default();
    if sealed != present {
        report.sealed = sealed.changes(&present);
        present.write(&path)?;
    }
    Ok(report)
}

/// Decides which files move and what they are called then.
fn plan(entries: &[Entry], sum: &str, options: &RebaseOptions, report: &mut RebaseReport) -> Result<Plan> {
    let conflict = sides(sum);
    report.conflict = conflict.is_some();
    let ours_stay = conflict.as_ref().is_none_or(|(ours, theirs)| stays(ours, theirs, entries));
    if let Some((ours, theirs)) = &conflict {
        report.kept = Some(if ours_stay { ours.label.clone() } else { theirs.label.clone() });
    }
    let base: BTreeSet<String> = match &conflict {
        Some((ours, theirs)) => Chain::names_in(if ours_stay { &ours.text } else { &theirs.text }),
        None => Chain::names_in(sum),
    }
    .into_iter()
    .collect();
    let moving = if options.files.is_empty() {
        by_history(entries, &base, options.onto.as_ref())
    } else {
        by_name(entries, &options.files)?
    };
    let renames = renumber(entries, &moving, options)?;
    for (entry, _) in renames.iter().filter(|(entry, _)| base.contains(&entry.file_name)) {
        if let Some(applied) =
            entries.iter().rev().find(|other| other.applied && !base.contains(&other.file_name))
        {
            report.notes.push(format!(
                "{} moves because this database has {} applied; where others have {} applied already, restore the \
                 folder, roll {} back here, and name that one: `whimbrel migrate rebase {}`",
                entry.file_name, applied.file_name, entry.file_name, applied.file_name, applied.file_name
            ));
        }
    }
    Ok(Plan { renames, ours_stay })
}

/// Whether the branch that stood is the one whose files keep their numbers.
fn stays(ours: &Side, theirs: &Side, entries: &[Entry]) -> bool {
    let (mine, other) = (Chain::names_in(&ours.text), Chain::names_in(&theirs.text));
    let only_applied = |names: &[String], others: &[String]| {
        entries.iter().any(|entry| {
            entry.applied && names.contains(&entry.file_name) && !others.contains(&entry.file_name)
        })
    };
    match (only_applied(&mine, &other), only_applied(&other, &mine)) {
        (true, false) => true,
        (false, true) => false,
        _ => {
            let shared = |side: &Side| {
                let last = side.label.rsplit('/').next().unwrap_or_default();
                SHARED_BRANCHES.contains(&last)
            };
            shared(ours) || !shared(theirs)
        }
    }
}

/// The files that no deployment knows: neither applied here nor sealed before, and those in the way of an applied one.
fn by_history(entries: &[Entry], base: &BTreeSet<String>, onto: Option<&Version>) -> Vec<usize> {
    let pending = |entry: &Entry| !entry.applied;
    if let Some(onto) = onto {
        return (0..entries.len())
            .filter(|&place| {
                let entry = &entries[place];
                let doubled = entry.version == *onto && !base.contains(&entry.file_name);
                pending(entry) && (entry.version > *onto || doubled)
            })
            .collect();
    }
    let newest = entries.iter().filter(|entry| entry.applied).map(|entry| &entry.version).max();
    let in_the_way = |entry: &Entry| pending(entry) && newest.is_some_and(|newest| entry.version <= *newest);
    let first_in_the_way = entries.iter().filter(|entry| in_the_way(entry)).map(|entry| &entry.version).min();
    let mut moving: Vec<usize> = (0..entries.len())
        .filter(|&place| {
            let entry = &entries[place];
            let follows = first_in_the_way.is_some_and(|first| entry.version >= *first);
            pending(entry) && (!base.contains(&entry.file_name) || follows)
        })
        .collect();
    // Where the chain knows both files of one number, or neither, the later one by name moves.
    let doubles: Vec<usize> = (1..entries.len())
        .filter(|&place| {
            let (one, other) = (&entries[place - 1], &entries[place]);
            one.version == other.version
                && pending(other)
                && !moving.contains(&place)
                && !moving.contains(&(place - 1))
        })
        .collect();
    moving.extend(doubles);
    moving.sort_unstable();
    moving
}

fn by_name(entries: &[Entry], files: &[String]) -> Result<Vec<usize>> {
    let mut moving = Vec::new();
    for file in files {
        let given =
            Path::new(file).file_name().map_or_else(|| file.clone(), |name| name.to_string_lossy().into());
        let place = entries.iter().position(|entry| entry.file_name == given);
        let Some(place) = place else {
            return Err(MigrationError::UnknownFile { file: file.clone() }.into());
        };
        if entries[place].applied {
            return Err(MigrationError::RebaseApplied { file: given }.into());
        }
        moving.push(place);
    }
    moving.sort_unstable();
    moving.dedup();
    Ok(moving)
}

/// Numbers the moving files after all others, in their order; one that fits keeps its number.
fn renumber(entries: &[Entry], moving: &[usize], options: &RebaseOptions) -> Result<Vec<(Entry, Version)>> {
    let staying: Vec<&Entry> =
        (0..entries.len()).filter(|place| !moving.contains(place)).map(|place| &entries[place]).collect();
    if let Some(pair) = staying.windows(2).find(|pair| pair[0].version == pair[1].version) {
        return Err(MigrationError::DuplicateVersion {
            first: pair[0].file_name.clone(),
            second: pair[1].file_name.clone(),
        }
        .into());
    }
    if let Some(onto) = &options.onto {
        if !onto.is_zero() && !entries.iter().any(|entry| entry.version == *onto) {
            return Err(MigrationError::UnknownVersion { version: onto.to_string() }.into());
        }
        if let Some(above) = staying.iter().find(|entry| entry.version > *onto) {
            return Err(MigrationError::RebaseApplied { file: above.file_name.clone() }.into());
        }
    }
    let mut last = staying.last().map(|entry| entry.version.clone());
    let mut renames = Vec::new();
    for &place in moving {
        let entry = &entries[place];
        let fits = last.as_ref().is_none_or(|last| entry.version > *last);
        let version = if fits && options.onto.is_none() {
            entry.version.clone()
        } else {
            after(last.as_ref(), &entry.version)
        };
        if version.as_str() != entry.version.as_str() {
            renames.push((entry.clone(), version.clone()));
        }
        last = Some(version);
    }
    Ok(renames)
}

/// The version after `last`: a fresh time where times are the custom, else the next number.
fn after(last: Option<&Version>, own: &Version) -> Version {
    let Some(last) = last else { return own.clone() };
    if last.is_timestamp() {
        let text = jiff::Timestamp::now().strftime("%Y%m%d%H%M%S").to_string();
        let now = Version::parse(&text).expect("a formatted time is digits");
        if now > *last {
            return now;
        }
    }
    last.next()
}

fn renamed(entry: &Entry, version: &Version) -> String {
    let separator = &entry.file_name[entry.version.as_str().len()..][..1];
    format!("{version}{separator}{}.sql", entry.name)
}

/// An interrupted run leaves an override under the old number: it goes to the file of its name.
fn rejoin_overrides(path: &Path, listing: &mut Listing) -> Result<()> {
    for (base, file_name) in &mut listing.overrides {
        if listing.bases.iter().any(|(_, _, known)| known == base) {
            continue;
        }
        let name = split_name(base.trim_end_matches(".sql")).map(|(_, name)| name);
        let mut owners = listing.bases.iter().filter(|(_, owned, _)| Some(owned) == name.as_ref());
        let (Some((_, _, owner)), None) = (owners.next(), owners.next()) else {
            return Err(MigrationError::LoneOverride { file: file_name.clone(), base: base.clone() }.into());
        };
        let new_name = overriding(owner, file_name);
        rename(&path.join(&*file_name), &path.join(&new_name))?;
        *file_name = new_name;
        base.clone_from(owner);
    }
    Ok(())
}

/// `0003-a.sqlite.sql` as the override of `0004-a.sql`.
fn overriding(base: &str, override_name: &str) -> String {
    let stem = override_name.trim_end_matches(".sql");
    let dialect = stem.rsplit_once('.').map_or("", |(_, dialect)| dialect);
    format!("{}.{dialect}.sql", base.trim_end_matches(".sql"))
}

/// Renames the files, the highest number first, so that no name is taken twice.
fn move_files(path: &Path, plan: &Plan, entries: &[Entry], listing: &Listing) -> Result<()> {
    for (entry, version) in plan.renames.iter().rev() {
        let new_name = renamed(entry, version);
        let shared =
            entries.iter().any(|other| other.version == entry.version && other.file_name != entry.file_name);
        for snapshot in snapshots(path, &entry.version)? {
            move_snapshot(path, &snapshot, entry, version, shared, plan.ours_stay)?;
        }
        rename(&path.join(&entry.file_name), &path.join(&new_name))?;
        for (_, override_name) in listing.overrides.iter().filter(|(base, _)| *base == entry.file_name) {
            rename(&path.join(override_name), &path.join(overriding(&new_name, override_name)))?;
        }
    }
    Ok(())
}

/// The snapshot files of a version.
fn snapshots(path: &Path, version: &Version) -> Result<Vec<String>> {
    let folder = path.join(SNAPSHOT_FOLDER);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(&folder, &error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| failed(&folder, &error))?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".json") && name.split('.').next() == Some(version.as_str()) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Gives a snapshot to the file that moves; where another file of the same number stays, each gets its own branch's.
fn move_snapshot(
    path: &Path,
    name: &str,
    entry: &Entry,
    version: &Version,
    shared: bool,
    ours_stay: bool,
) -> Result<()> {
    let folder = path.join(SNAPSHOT_FOLDER);
    let from = folder.join(name);
    let to = folder.join(format!("{version}{}", &name[entry.version.as_str().len()..]));
    if !shared {
        return rename(&from, &to);
    }
    let Some((ours, theirs)) = read_text(&from)?.as_deref().and_then(sides) else { return Ok(()) };
    let (stays, moves) = if ours_stay { (ours, theirs) } else { (theirs, ours) };
    write(&to, &moves.text)?;
    write(&from, &stays.text)
}

/// The newest revision must say what is declared: a branch's own snapshot misses the other branch's change.
async fn refresh(session: &mut Session<'_>, folder: &Folder, report: &mut RebaseReport) -> Result<()> {
    let Ok(declared) = DeclaredSchema::read(session.project) else {
        report.notes.push("the schema could not be read, so the snapshots stay as they are".to_owned());
        return Ok(());
    };
    let Some(newest) = folder.migrations.last().map(|migration| migration.version.clone()) else {
        return Ok(());
    };
    let keeps_some =
        folder.migrations.iter().any(|migration| folder.snapshot_path(&migration.version).exists());
    if !keeps_some || snapshot_hash(folder, &newest).as_deref() == Some(declared.schema.hash().as_str()) {
        return Ok(());
    }
    for stale in snapshots(&folder.path, &newest)? {
        let stale = folder.path.join(SNAPSHOT_FOLDER).join(stale);
        std::fs::remove_file(&stale).map_err(|error| failed(&stale, &error))?;
    }
    if !session.is_document() {
        match session.relational()?.normalise(&declared.catalog).await {
            Ok(desired) => {
                let fresh = snapshot(session, &declared, desired);
                if let Some((dialect, printed)) = &fresh.printed {
                    write(&folder.normalised_path(&newest, dialect), printed)?;
                }
            }
            Err(error) => {
                report.notes.push(format!("the declared schema could not be printed by the server: {error}"));
            }
        }
    }
    write(&folder.snapshot_path(&newest), &crate::declared::schema_json(&declared.schema))?;
    report.refreshed.push(format!(
        "{SNAPSHOT_FOLDER}/{newest}.json is written anew from the declared schema: the one that the branch made did not \
         have the other branch's change"
    ));
    Ok(())
}

fn read_text(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, &error)),
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| failed(path, &error))
}

fn rename(from: &PathBuf, to: &PathBuf) -> Result<()> {
    std::fs::rename(from, to).map_err(|error| failed(from, &error))
}

fn failed(path: &Path, error: &std::io::Error) -> LifecycleError {
    MigrationError::File { path: path.display().to_string(), reason: error.to_string() }.into()
}
