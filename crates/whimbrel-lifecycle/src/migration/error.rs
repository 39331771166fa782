//! What can be wrong with migration files and their history.

use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

/// What can be wrong with migration files and their history.
#[derive(Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum MigrationError {
    /// A file cannot be read or written.
    #[error("{path}: {reason}")]
    #[diagnostic(code(migrate::file), help("check that the path exists and its permissions"))]
    File {
        /// The path.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// A file's name does not begin with a version.
    #[error("{file} is not named like a migration")]
    #[diagnostic(
        code(migrate::file_name),
        help(
            "name it `<number>-<name>.sql`, or `.js` for documents, as `whimbrel migrate create --name …` does, or `R-<name>.sql` where it is to run whenever it changed, or move it out of the folder"
        )
    )]
    FileName {
        /// The file.
        file: String,
    },
    /// What was asked for is SQL, and the project's migrations are scripts.
    #[error(
        "{what} is for projects with tables, and the data model of this one is document; nothing was changed"
    )]
    #[diagnostic(
        code(migrate::sql_only),
        help(
            "`whimbrel migrate --dry-run` tells what the pending scripts would do; `whimbrel config` shows where `model` comes from"
        )
    )]
    SqlOnly {
        /// What was asked for.
        what: &'static str,
    },
    /// A file speaks the tongue of the other data model.
    #[error("{file} is {written}, and this project's data model is {model}")]
    #[diagnostic(
        code(migrate::language),
        help("write it in {expected}, or set `model` in whimbrel.toml to the other data model")
    )]
    WrongLanguage {
        /// The file.
        file: String,
        /// The tongue that it is in.
        written: &'static str,
        /// The project's data model.
        model: &'static str,
        /// The tongue that the data model takes.
        expected: &'static str,
    },
    /// A script met other transactions too often.
    #[error("{file} met other transactions {attempts} times, and was taken back each time: {reason}")]
    #[diagnostic(
        code(migrate::transaction_conflict),
        help(
            "nothing of it stands; run the same command again when fewer others write, or put \
             `// whimbrel:transaction off` at the head of the file and write it in steps and batches"
        )
    )]
    TransactionConflict {
        /// The file.
        file: String,
        /// How often it was tried.
        attempts: u32,
        /// What the server said.
        reason: String,
    },
    /// A script was begun, and is another one now.
    #[error("{file} was begun and has been changed since; this is what was begun of it:{acts}")]
    #[diagnostic(
        code(migrate::script_changed),
        help(
            "put the file back as it was and run the same command again; or finish or undo it by hand and say so: \
             `whimbrel migrate resolve VERSION --applied` or `--undone`"
        )
    )]
    ScriptChanged {
        /// The file.
        file: String,
        /// What the journal holds, a line each.
        acts: String,
    },
    /// A script was cut off in what cannot be repeated.
    #[error(
        "{file} was cut off, and {act} would change what it did by running again; this is what was begun of it:{acts}"
    )]
    #[diagnostic(
        code(migrate::script_interrupted),
        help(
            "look at what stands, then finish it by hand and say so: `whimbrel migrate resolve {version} --applied`; or \
             undo it by hand: `whimbrel migrate resolve {version} --undone`. Written in `await step(name, fn)` and `batch()`, \
             a script goes on by itself"
        )
    )]
    ScriptInterrupted {
        /// The file.
        file: String,
        /// Its version.
        version: String,
        /// What cannot be repeated.
        act: String,
        /// What the journal holds, a line each.
        acts: String,
    },
    /// A step asks for something besides its writes that a transaction does not take.
    #[error("step \"{act}\" of {file} writes, and then asks for {method}, which no transaction takes")]
    #[diagnostic(
        code(migrate::mixed_step),
        help("nothing of the step stands; put {method} in a step of its own, or outside the steps")
    )]
    MixedStep {
        /// The file.
        file: String,
        /// The step or batch.
        act: String,
        /// What it asks for.
        method: String,
    },
    /// Two files have the same version.
    #[error("{first} and {second} have the same version")]
    #[diagnostic(
        code(migrate::duplicate_version),
        help(
            "two branches added them: `whimbrel migrate rebase` gives the one that is not applied yet a later number; name the file that is to move where neither is applied: `whimbrel migrate rebase FILE`"
        )
    )]
    DuplicateVersion {
        /// One file.
        first: String,
        /// The other.
        second: String,
    },
    /// Two repeatable files have the same name.
    #[error("{first} and {second} are one name to a database")]
    #[diagnostic(code(migrate::duplicate_repeatable), help("rename one of them, or keep one"))]
    SameRepeatable {
        /// One file.
        first: String,
        /// The other.
        second: String,
    },
    /// A repeatable file asks for more than one transaction.
    #[error("{file} is repeatable, so it is one transaction")]
    #[diagnostic(
        code(migrate::repeatable_transaction),
        help(
            "take `-- whimbrel:transaction` and `-- whimbrel:batch` out, or write the statement as a migration"
        )
    )]
    RepeatableOutside {
        /// The file.
        file: String,
    },
    /// An override belongs to no file.
    #[error("{file} overrides nothing: there is no {base}")]
    #[diagnostic(code(migrate::lone_override), help("rename it after the migration that it belongs to"))]
    LoneOverride {
        /// The override.
        file: String,
        /// The file it should belong to.
        base: String,
    },
    /// A file cannot be understood.
    #[error("{file}: {what}")]
    #[diagnostic(code(migrate::syntax))]
    Syntax {
        /// The file.
        file: String,
        /// What is wrong.
        what: String,
        /// What to do.
        #[help]
        help: String,
        /// The text.
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        /// The place.
        #[label("here")]
        span: SourceSpan,
    },
    /// There is nothing to run.
    #[error("{file} has no `-- whimbrel:up` section")]
    #[diagnostic(
        code(migrate::no_up_section),
        help("put `-- whimbrel:up` above the statements, and `-- whimbrel:down` above those that undo them")
    )]
    NoUpSection {
        /// The file.
        file: String,
    },
    /// A file that only runs forwards has a way back.
    #[error("{file} has a `-- whimbrel:down` section, but it is never rolled back")]
    #[diagnostic(
        code(migrate::no_way_back),
        help(
            "take the section out: a repeatable file runs again when it changed, and a hook runs beside the migrations"
        )
    )]
    NoWayBack {
        /// The file.
        file: String,
    },
    /// The chain file cannot be read.
    #[error("migrations/whimbrel.sum, line {line}: {what}")]
    #[diagnostic(
        code(migrate::bad_sum),
        help(
            "restore it from version control; `whimbrel migrate seal` writes it anew when no applied file changed"
        )
    )]
    BadSum {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// Version control left both branches' lines in the chain file.
    #[error(
        "migrations/whimbrel.sum, line {line}: version control left its conflict markers here: two branches added migrations"
    )]
    #[diagnostic(
        code(migrate::bad_sum),
        help(
            "`whimbrel migrate rebase` numbers the files that are not applied after all others and writes whimbrel.sum anew; `whimbrel migrate seal` does only the latter"
        )
    )]
    MergeConflict {
        /// The line, from 1.
        line: usize,
    },
    /// A file that is to move has been applied.
    #[error("{file} is applied in this database, so it keeps its number")]
    #[diagnostic(
        code(migrate::rebase_applied),
        help("roll it back first (`whimbrel rollback`), or name the other file")
    )]
    RebaseApplied {
        /// The file.
        file: String,
    },
    /// A file is named that is not there.
    #[error("the migrations folder has no file {file}")]
    #[diagnostic(
        code(migrate::unknown_file),
        help("`whimbrel migrate status` lists the files by version and name")
    )]
    UnknownFile {
        /// What was given.
        file: String,
    },
    /// The files are not those that were sealed.
    #[error("the migration files are not the ones that whimbrel.sum seals: {}", list(.changes))]
    #[diagnostic(
        code(migrate::unsealed),
        help(
            "if the change is meant and none of these is applied anywhere, run `whimbrel migrate seal` and commit whimbrel.sum; otherwise restore the files"
        )
    )]
    Unsealed {
        /// What differs, a sentence each.
        changes: Vec<String>,
    },
    /// An applied file was changed.
    #[error("{file} was changed after it was applied on {applied_at}")]
    #[diagnostic(
        code(migrate::checksum_mismatch),
        help(
            "restore the file as it was, and write the change as a new migration: `whimbrel migrate create --name …`"
        )
    )]
    ChecksumMismatch {
        /// The file.
        file: String,
        /// When it was applied.
        applied_at: String,
    },
    /// An applied file is gone.
    #[error("{version} ({name}) is applied in this database, but the folder has no such file")]
    #[diagnostic(
        code(migrate::missing_file),
        help(
            "restore the file from version control, or check that this is the right database: `whimbrel config`"
        )
    )]
    MissingFile {
        /// The version.
        version: String,
        /// The name in the history.
        name: String,
    },
    /// The history holds another project's file under this version.
    #[error("{version} is `{applied}` in this database and `{present}` in the folder")]
    #[diagnostic(
        code(migrate::foreign_history),
        help("check that this is the right database (`whimbrel config`), or restore the file's name")
    )]
    ForeignHistory {
        /// The version.
        version: String,
        /// The name in the history.
        applied: String,
        /// The name in the folder.
        present: String,
    },
    /// A database holds a part of what a squashed file stands for.
    #[error(
        "{file} stands for {from} to {to}, but this database has {applied} applied, which is not all of them as they were"
    )]
    #[diagnostic(
        code(migrate::squashed_partly),
        help(
            "finish with the old files first: check out the commit before the one that added {file} (`git log --diff-filter=A -- migrations/{file}`), run `whimbrel migrate --to {to}` there against this database, then come back and run `whimbrel migrate`"
        )
    )]
    SquashedPartly {
        /// The squashed file.
        file: String,
        /// The first version that it stands for.
        from: String,
        /// The last one.
        to: String,
        /// Those that are applied.
        applied: String,
    },
    /// A range of versions that cannot be squashed.
    #[error("{range} cannot be squashed: {what}")]
    #[diagnostic(
        code(migrate::squash_range),
        help(
            "name the first and the last version of at least two files: `whimbrel migrate squash 0001..0007`"
        )
    )]
    SquashRange {
        /// What was given.
        range: String,
        /// What is wrong.
        what: String,
    },
    /// The proof of a squash builds databases.
    #[error(
        "squashing builds databases beside this one to compare them, and the environment `{environment}` is protected"
    )]
    #[diagnostic(
        code(guard::scratch_databases),
        help("choose another environment with --env, such as --env development")
    )]
    SquashProtected {
        /// The environment.
        environment: String,
    },
    /// The squashed file builds something else.
    #[error("one file in the place of {range} would not leave what the files leave:{}", lines(.differences))]
    #[diagnostic(
        code(verify::squash_differs),
        help("nothing was written; without --from-schema the file holds the statements as they are")
    )]
    SquashDiffers {
        /// The range.
        range: String,
        /// What differs, a sentence each.
        differences: Vec<String>,
    },
    /// A file came in below what is applied.
    #[error("{file} is not applied, but the later {latest} is")]
    #[diagnostic(
        code(migrate::out_of_order),
        help(
            "`whimbrel migrate rebase` gives it, and what follows it, a number after {latest}; it renames the files and their snapshots and seals them anew"
        )
    )]
    OutOfOrder {
        /// The file.
        file: String,
        /// The latest applied version.
        latest: String,
    },
    /// A file has no way back.
    #[error("{file} cannot be rolled back: it {}", lacks_way_down(.file))]
    #[diagnostic(
        code(migrate::irreversible),
        help("nothing was rolled back; write the {}, or restore a backup", way_down(.file))
    )]
    Irreversible {
        /// The file.
        file: String,
    },
    /// A file was begun and is not finished.
    #[error("{version} was begun ({}) and is not finished: {done} of its units stand", if *.upwards {"applying"} else {"rolling back"})]
    #[diagnostic(code(migrate::unfinished))]
    Unfinished {
        /// The version.
        version: String,
        /// Whether it was being applied.
        upwards: bool,
        /// How many of its units stand.
        done: usize,
        /// The way on.
        #[help]
        help: String,
    },
    /// There is nothing to resolve.
    #[error("{version} is not unfinished")]
    #[diagnostic(
        code(migrate::not_unfinished),
        help("`whimbrel migrate status` shows which version was begun and is not finished, if any")
    )]
    NotUnfinished {
        /// What was asked for.
        version: String,
    },
    /// A file was changed after a part of it ran.
    #[error("{file}: unit {position} was run as something else")]
    #[diagnostic(
        code(migrate::journal_mismatch),
        help(
            "a part of this file stands in the database and was changed in the file afterwards: restore the statements that ran \
             (those after them may change), and run the same command again; `whimbrel migrate status` shows how many stand"
        )
    )]
    JournalMismatch {
        /// The file.
        file: String,
        /// The unit's place, from 1.
        position: usize,
        /// The text.
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        /// The statement as it is now.
        #[label("this stands here now")]
        span: SourceSpan,
    },
    /// A statement's directive asks for what cannot be.
    #[error("{file}: {what}")]
    #[diagnostic(code(migrate::directive))]
    Directive {
        /// The file.
        file: String,
        /// What is wrong.
        what: String,
        /// What to do.
        #[help]
        help: String,
        /// The text.
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        /// The statement.
        #[label("this")]
        span: SourceSpan,
    },
    /// There is no such version.
    #[error("there is no version {version}")]
    #[diagnostic(code(migrate::unknown_version), help("`whimbrel migrate status` lists the versions"))]
    UnknownVersion {
        /// What was asked for.
        version: String,
    },
    /// A stamp that would forget what is applied.
    #[error("{version} cannot be stamped: the later {latest} is applied")]
    #[diagnostic(
        code(migrate::stamp_backwards),
        help(
            "`whimbrel rollback --to {version}` undoes what came later; the history never forgets what stands"
        )
    )]
    StampBackwards {
        /// What was asked for.
        version: String,
        /// The newest applied version.
        latest: String,
    },
    /// Something must be applied first.
    #[error("{count} migration(s) are pending, the first is {first}")]
    #[diagnostic(code(migrate::pending), help("run `whimbrel migrate` first"))]
    Pending {
        /// How many.
        count: usize,
        /// The first file.
        first: String,
    },
    /// A file would be overwritten.
    #[error("{path} exists already")]
    #[diagnostic(code(migrate::exists), help("choose another name"))]
    Exists {
        /// The path.
        path: String,
    },
    /// A migration's name leaves nothing to name the file by.
    #[error("`{name}` leaves no letters or digits for the file's name")]
    #[diagnostic(code(migrate::bad_name), help("say what the migration does: `--name \"add user roles\"`"))]
    BadName {
        /// The name.
        name: String,
    },
}

fn lines(sentences: &[String]) -> String {
    sentences.iter().map(|sentence| format!("\n- {sentence}")).collect()
}

fn list(changes: &[String]) -> String {
    changes.join("; ")
}

/// What a file lacks that cannot be rolled back.
fn lacks_way_down(file: &str) -> &'static str {
    if file.ends_with(".sql") { "has no `-- whimbrel:down` section" } else { "exports no `down`" }
}

fn way_down(file: &str) -> &'static str {
    if file.ends_with(".sql") { "section" } else { "function" }
}
