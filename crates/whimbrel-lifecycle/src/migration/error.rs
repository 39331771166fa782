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
            "name it `<number>-<name>.sql`, as `whimbrel migrate create --name …` does, or move it out of the folder"
        )
    )]
    FileName {
        /// The file.
        file: String,
    },
    /// Two files have the same version.
    #[error("{first} and {second} have the same version")]
    #[diagnostic(
        code(migrate::duplicate_version),
        help("give the one that is not applied yet a later number")
    )]
    DuplicateVersion {
        /// One file.
        first: String,
        /// The other.
        second: String,
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
    /// A file came in below what is applied.
    #[error("{file} is not applied, but the later {latest} is")]
    #[diagnostic(
        code(migrate::out_of_order),
        help("give it a number after {latest}: rename the file, then run `whimbrel migrate seal`")
    )]
    OutOfOrder {
        /// The file.
        file: String,
        /// The latest applied version.
        latest: String,
    },
    /// A file has no way back.
    #[error("{file} cannot be rolled back: it has no `-- whimbrel:down` section")]
    #[diagnostic(
        code(migrate::irreversible),
        help("nothing was rolled back; write the section, or restore a backup")
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

fn list(changes: &[String]) -> String {
    changes.join("; ")
}
