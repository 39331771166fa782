//! What can stand in the way of taking over another tool's history.

use miette::Diagnostic;
use thiserror::Error;

/// What can stand in the way of taking over another tool's history. Nothing was changed then.
#[derive(Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum AdoptError {
    /// No tool has a table or collection here.
    #[error("no history of another tool was found: looked for {looked}{strange}")]
    #[diagnostic(code(adopt::not_found))]
    NotFound {
        /// The tables or the collection.
        looked: String,
        /// A table or collection of that name that is another tool's.
        strange: String,
        /// What to do.
        #[help]
        help: String,
    },
    /// An entry is not one of the tool's.
    #[error("{table} holds what is no entry of {tool}: {}", .entries.join(", "))]
    #[diagnostic(
        code(adopt::strange_entries),
        help("look at these documents, and correct or delete them; then run the same command again")
    )]
    Strange {
        /// The tool.
        tool: &'static str,
        /// Its collection.
        table: String,
        /// The entries, by what identifies them.
        entries: Vec<String>,
    },
    /// Files were applied in another order than they are numbered in.
    #[error("{tool} applied {later} before {earlier}, and their numbers say the contrary")]
    #[diagnostic(
        code(adopt::out_of_order),
        help(
            "a database made anew would get them in the order of their numbers; where that leaves the same, mark them by hand: `whimbrel migrate baseline {newest}`"
        )
    )]
    OutOfOrder {
        /// The tool.
        tool: &'static str,
        /// The file that has the lower number and was applied later.
        earlier: String,
        /// The file that has the higher number and was applied before it.
        later: String,
        /// The newest applied version.
        newest: String,
    },
    /// The tool is at work.
    #[error("{tool} is at work in this database, or was ended while it was: {lock} holds its lock")]
    #[diagnostic(
        code(adopt::locked),
        help(
            "wait until it has finished; where nothing runs it, delete what {lock} holds, then run the same command again"
        )
    )]
    Locked {
        /// The tool.
        tool: &'static str,
        /// Its collection.
        lock: String,
    },
    /// Several tools have a table here.
    #[error("several tools keep a history here: {}", .tools.join(", "))]
    #[diagnostic(
        code(adopt::several),
        help("name the one whose history counts: `whimbrel migrate adopt TOOL`")
    )]
    Several {
        /// The tools with their tables.
        tools: Vec<String>,
    },
    /// A migration failed half-way.
    #[error("{tool} says of {table} that these failed: {}", .entries.join(", "))]
    #[diagnostic(
        code(adopt::failed_entries),
        help(
            "repair it with {tool} first, so that its table says what stands; then run the same command again"
        )
    )]
    Failed {
        /// The tool.
        tool: &'static str,
        /// Its table.
        table: String,
        /// The entries.
        entries: Vec<String>,
    },
    /// What is applied has no file.
    #[error("{tool} has applied what has no file in {folder}: {}", .versions.join(", "))]
    #[diagnostic(code(adopt::missing_files))]
    MissingFiles {
        /// The tool.
        tool: &'static str,
        /// Where was looked.
        folder: String,
        /// The versions.
        versions: Vec<String>,
        /// What to do.
        #[help]
        help: String,
    },
    /// A file is not the one that was applied.
    #[error("these files are not the ones that {tool} applied, by its checksums: {}", .files.join(", "))]
    #[diagnostic(
        code(adopt::checksum_mismatch),
        help("restore the files as they were applied from version control, then run the same command again")
    )]
    Checksum {
        /// The tool.
        tool: &'static str,
        /// The files.
        files: Vec<String>,
    },
    /// A file was passed over.
    #[error("{file} is not applied, but the later {later} is")]
    #[diagnostic(
        code(adopt::gap),
        help("apply it with {tool} first (`{command}`), or give its file a number after {later}")
    )]
    Gap {
        /// The file.
        file: String,
        /// What is applied.
        later: String,
        /// The tool.
        tool: &'static str,
        /// The tool's command.
        command: &'static str,
    },
    /// A migration is a program.
    #[error("{tool} has applied migrations that are no SQL files: {}", .entries.join(", "))]
    #[diagnostic(
        code(adopt::code_migrations),
        help(
            "take the schema over as it stands instead: `whimbrel schema pull`, then `whimbrel migrate baseline`"
        )
    )]
    Code {
        /// The tool.
        tool: &'static str,
        /// The entries.
        entries: Vec<String>,
    },
    /// The tool's files stand where Whimbrel's go.
    #[error("{tool}'s files stand in {folder}, where the converted ones go")]
    #[diagnostic(
        code(adopt::same_folder),
        help(
            "move them to a folder of their own (`git mv {folder} {tool}-migrations`), then run `whimbrel migrate adopt {tool} --from {tool}-migrations`"
        )
    )]
    SameFolder {
        /// The tool.
        tool: &'static str,
        /// The folder.
        folder: String,
    },
    /// The tool's files were not found.
    #[error("no files of {tool} were found in {looked}")]
    #[diagnostic(
        code(adopt::no_files),
        help("say where they are: `whimbrel migrate adopt {tool} --from DIR`")
    )]
    NoFiles {
        /// The tool.
        tool: &'static str,
        /// Where was looked.
        looked: String,
    },
    /// A file that would be written holds something else.
    #[error("{path} exists already and holds something else")]
    #[diagnostic(
        code(adopt::exists),
        help("nothing was written; move it away, then run the same command again")
    )]
    Exists {
        /// The file.
        path: String,
    },
    /// Two files have one version.
    #[error("{first} and {second} have the same version")]
    #[diagnostic(code(adopt::duplicate_version), help("keep the one that {tool} applied"))]
    Duplicate {
        /// The tool.
        tool: &'static str,
        /// One file.
        first: String,
        /// The other.
        second: String,
    },
    /// The folder has migrations, and the tool's are programs.
    #[error(
        "{tool}'s migrations are programs, so the schema as it stands would become the first file, but {folder} has files"
    )]
    #[diagnostic(
        code(adopt::folder_not_empty),
        help(
            "use an empty migrations folder, or mark the files as applied: `whimbrel migrate baseline VERSION`"
        )
    )]
    FolderNotEmpty {
        /// The tool.
        tool: &'static str,
        /// The folder.
        folder: String,
    },
    /// The baseline was taken from another revision.
    #[error("{file} was taken over from {tool} at {taken}, and this database is at {here}")]
    #[diagnostic(
        code(adopt::other_revision),
        help("bring this database to {taken} with {tool}, then run the same command again")
    )]
    OtherRevision {
        /// The file.
        file: String,
        /// The tool.
        tool: &'static str,
        /// The revisions of the baseline.
        taken: String,
        /// The revisions of this database.
        here: String,
    },
    /// A file or folder cannot be read.
    #[error("{path}: {reason}")]
    #[diagnostic(code(adopt::file), help("check that the path exists and its permissions"))]
    File {
        /// The path.
        path: String,
        /// What the system said.
        reason: String,
    },
}
