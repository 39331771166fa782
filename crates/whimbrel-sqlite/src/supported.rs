//! The closed list, written down.

use crate::expression::{FUNCTIONS, Function, OPERATORS, Rendering};
use crate::interpret::STATEMENTS;
use crate::types::TYPES;

/// The statements, types, operators and functions of PostgreSQL's SQL that run on SQLite, as Markdown.
///
/// It is written from the tables that the engine itself works by.
#[must_use]
pub fn supported_markdown() -> String {
    let mut text = String::from(
        "# PostgreSQL's SQL on SQLite\n\n\
         Migration files are PostgreSQL's SQL. On SQLite the statements below run; every other is an error that names it.\n\
         The way out is a file of its own for SQLite (`NAME.sqlite.sql`), or `-- whimbrel:engine postgres` before a statement\n\
         that is for PostgreSQL alone.\n\n",
    );
    section(&mut text, "Statements", ["statement", "notes"], STATEMENTS.iter().map(|row| vec![row.0, row.1]));
    section(
        &mut text,
        "Types",
        ["PostgreSQL", "declared", "stored"],
        TYPES.iter().map(|row| vec![row.0, row.1, row.2]),
    );
    section(&mut text, "Operators", ["PostgreSQL", "SQLite"], OPERATORS.iter().map(|row| vec![row.0, row.1]));
    let functions: Vec<[String; 2]> = FUNCTIONS.iter().map(function_row).collect();
    section(
        &mut text,
        "Functions",
        ["PostgreSQL", "SQLite"],
        functions.iter().map(|row| row.iter().map(String::as_str).collect()),
    );
    text.push_str(NOTES);
    text
}

fn section<'a, const N: usize>(
    text: &mut String,
    title: &str,
    heads: [&str; N],
    rows: impl Iterator<Item = Vec<&'a str>>,
) {
    text.push_str(&format!("## {title}\n\n| {} |\n|{}\n", heads.join(" | "), "---|".repeat(N)));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text.push('\n');
}

fn function_row(function: &Function) -> [String; 2] {
    let sqlite = match function.rendering {
        Rendering::Now => "strftime(…, 'now') in the form of the type it is for",
        Rendering::Named(name) => name,
    };
    [function.name.to_owned(), sqlite.to_owned()]
}

/// What the tables do not say.
const NOTES: &str = "Besides these: `CURRENT_TIMESTAMP`, `LOCALTIMESTAMP`, `CURRENT_DATE`, `CURRENT_TIME`, `LOCALTIME`, `CASE`, \
`EXISTS`, `substring(… from … for …)`, `trim(…)`, `position(… in …)`, and casts between the types above.\n\n\
## Differences\n\n\
- A row is checked as strictly as on PostgreSQL: types, lengths, enum membership and the shape of dates are CHECK constraints \
named `whimbrel_type_…`, which never appear in a catalogue.\n\
- `NOT VALID` constraints are checked at once. `VALIDATE CONSTRAINT` has nothing left to do.\n\
- `GENERATED ALWAYS AS IDENTITY` takes a given value too.\n\
- NULLs are smallest in every index.\n\
- `lower()` and `upper()` fold every letter, by functions that only Whimbrel's connections have (`lower_unicode`); so are \
`gen_random_uuid()`, `LIKE` and regular expressions.\n\
- Moments are kept in milliseconds, in UTC.\n\
- A file that alters a table by a rebuild runs with foreign keys off and checks them before it commits: rows that others refer to \
are deleted or renumbered in a file of their own.\n";
