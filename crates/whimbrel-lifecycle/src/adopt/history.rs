//! What another tool's table says is applied.

use std::collections::BTreeMap;

use whimbrel_engine::Relational;
use whimbrel_schema::catalog::QualifiedName;

use super::AdoptError;
use super::tool::{Found, Tool};
use crate::error::Result;

/// A row as text.
type Row = Vec<Option<String>>;
/// What the rows of a tool's table say.
type Parse = fn(&[Row], &Found) -> Result<ToolHistory>;

/// One applied migration of a tool whose migrations are files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Applied {
    /// The version, as the tool writes it.
    pub(super) version: String,
    /// The checksum that the tool kept, as it writes it.
    pub(super) checksum: Option<String>,
}

/// What a tool says stands.
#[derive(Clone, Debug, Default)]
pub(super) struct ToolHistory {
    /// What is applied; for tools whose migrations are programs the newest of each line.
    pub(super) applied: Vec<Applied>,
    /// Versions up to this one count as applied, file or not (Flyway's baseline).
    pub(super) baseline: Option<String>,
    /// How many entries the table has where only the newest are named.
    pub(super) entries: usize,
    /// What deserves a look.
    pub(super) notes: Vec<String>,
}

impl ToolHistory {
    /// The versions, for a sentence.
    pub(super) fn versions(&self) -> Vec<String> {
        self.applied.iter().map(|applied| applied.version.clone()).collect()
    }
}

/// Reads a tool's table.
///
/// # Errors
/// An entry failed, or the table cannot be read.
pub(super) async fn read(database: &mut dyn Relational, found: &Found) -> Result<ToolHistory> {
    let table = quoted(&found.table);
    let (query, parse): (String, Parse) = match found.tool {
        Tool::Alembic => {
            (format!("SELECT version_num FROM {table} ORDER BY version_num"), |rows, _| Ok(plain(rows)))
        }
        Tool::Dbmate => (format!("SELECT version FROM {table} ORDER BY version"), |rows, _| Ok(plain(rows))),
        Tool::Rails => {
            (format!("SELECT version FROM {table} ORDER BY version"), |rows, _| Ok(newest_number(rows)))
        }
        Tool::Sqlx => {
            (format!("SELECT version, description, success, checksum FROM {table} ORDER BY version"), sqlx)
        }
        Tool::Flyway => {
            let columns = "version, description, type, script, checksum, success";
            (format!("SELECT {columns} FROM {table} ORDER BY installed_rank"), flyway)
        }
        Tool::Django => {
            (format!("SELECT app, name FROM {table} ORDER BY id"), |rows, _| Ok(newest_of_each_app(rows)))
        }
        Tool::Goose => {
            (format!("SELECT version_id, is_applied FROM {table} ORDER BY id"), |rows, _| Ok(goose(rows)))
        }
        // It keeps documents, which are read elsewhere.
        Tool::MigrateMongo => return Ok(ToolHistory::default()),
    };
    let rows = database.rows(&query).await?;
    let entries = rows.len();
    Ok(ToolHistory { entries, ..parse(&rows, found)? })
}

fn quoted(table: &QualifiedName) -> String {
    let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    if table.in_default_schema() {
        quote(&table.name)
    } else {
        format!("{}.{}", quote(&table.schema), quote(&table.name))
    }
}

fn text(row: &Row, index: usize) -> &str {
    row.get(index).and_then(Option::as_deref).unwrap_or_default()
}

/// A truth value as either engine writes it.
fn is_true(row: &Row, index: usize) -> bool {
    matches!(text(row, index), "t" | "true" | "1")
}

fn of_versions(versions: impl IntoIterator<Item = String>) -> ToolHistory {
    let applied = versions.into_iter().map(|version| Applied { version, checksum: None }).collect();
    ToolHistory { applied, ..ToolHistory::default() }
}

fn plain(rows: &[Row]) -> ToolHistory {
    of_versions(rows.iter().map(|row| text(row, 0).to_owned()))
}

fn newest_number(rows: &[Row]) -> ToolHistory {
    let number = |row: &&Row| text(row, 0).parse::<u128>().unwrap_or_default();
    of_versions(rows.iter().max_by_key(number).map(|row| text(row, 0).to_owned()))
}

fn newest_of_each_app(rows: &[Row]) -> ToolHistory {
    let mut newest = BTreeMap::new();
    for row in rows {
        newest.insert(text(row, 0), text(row, 1));
    }
    of_versions(newest.iter().map(|(app, name)| format!("{app}.{name}")))
}

/// goose keeps a row for each way that it went; the last one counts. Version 0 is the table itself.
fn goose(rows: &[Row]) -> ToolHistory {
    let mut standing = BTreeMap::new();
    for row in rows {
        let version: u64 = text(row, 0).parse().unwrap_or_default();
        standing.insert(version, is_true(row, 1));
    }
    of_versions(
        standing
            .iter()
            .filter(|(version, applied)| **version > 0 && **applied)
            .map(|(version, _)| version.to_string()),
    )
}

fn sqlx(rows: &[Row], found: &Found) -> Result<ToolHistory> {
    let failed: Vec<String> = rows
        .iter()
        .filter(|row| !is_true(row, 2))
        .map(|row| format!("{} ({})", text(row, 0), text(row, 1)))
        .collect();
    refuse_failed(found, failed)?;
    let applied = rows
        .iter()
        .map(|row| Applied {
            version: text(row, 0).to_owned(),
            checksum: Some(text(row, 3).trim_start_matches("\\x").to_owned()),
        })
        .collect();
    Ok(ToolHistory { applied, ..ToolHistory::default() })
}

fn flyway(rows: &[Row], found: &Found) -> Result<ToolHistory> {
    let failed: Vec<String> =
        rows.iter().filter(|row| !is_true(row, 5)).map(|row| text(row, 3).to_owned()).collect();
    refuse_failed(found, failed)?;
    let mut history = ToolHistory::default();
    let mut code = Vec::new();
    let mut repeatable = Vec::new();
    for row in rows {
        let (version, kind, script) = (text(row, 0), text(row, 2), text(row, 3));
        match kind {
            "SCHEMA" => {}
            "BASELINE" => history.baseline = Some(version.to_owned()),
            "SQL_BASELINE" => {
                history.baseline = Some(version.to_owned());
                history.notes.push(format!(
                    "{script} was a baseline migration; the versions up to {version} count as applied"
                ));
            }
            "UNDO_SQL" | "DELETE" => history.applied.retain(|applied| applied.version != version),
            "SQL" if version.is_empty() => repeatable.push(script.to_owned()),
            "SQL" => history
                .applied
                .push(Applied { version: version.to_owned(), checksum: row.get(4).cloned().flatten() }),
            _ => code.push(script.to_owned()),
        }
    }
    if !code.is_empty() {
        return Err(AdoptError::Code { tool: found.tool.title(), entries: code }.into());
    }
    if !repeatable.is_empty() {
        repeatable.sort();
        repeatable.dedup();
        history.notes.push(format!(
            "repeatable files run once more, at the next `migrate`: {}",
            repeatable.join(", ")
        ));
    }
    Ok(history)
}

fn refuse_failed(found: &Found, entries: Vec<String>) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    Err(AdoptError::Failed { tool: found.tool.title(), table: found.table.to_string(), entries }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(lines: &[&str]) -> Vec<Row> {
        let value = |word: &str| (word != "-").then(|| word.to_owned());
        lines.iter().map(|line| line.split(' ').map(value).collect()).collect()
    }

    fn found(tool: Tool) -> Found {
        Found { tool, table: QualifiedName::plain(tool.table()), own: Vec::new() }
    }

    #[test]
    fn the_last_word_of_goose_counts() {
        let history = goose(&rows(&["0 t", "1 t", "2 t", "2 f", "3 1", "10 1"]));
        assert_eq!(history.versions(), ["1", "3", "10"]);
    }

    #[test]
    fn the_newest_of_each_line_names_a_code_tool_s_state() {
        assert_eq!(newest_number(&rows(&["9", "20240101000000", "10"])).versions(), ["20240101000000"]);
        let django = newest_of_each_app(&rows(&["auth 0001_initial", "shop 0001_initial", "auth 0002_more"]));
        assert_eq!(django.versions(), ["auth.0002_more", "shop.0001_initial"]);
    }

    #[test]
    fn flyway_s_kinds_of_entries_are_told_apart() {
        let read = flyway(
            &rows(&[
                "- x SCHEMA app - t",
                "1 x BASELINE x - t",
                "2 x SQL V2__a.sql 12 t",
                "3 x SQL V3__b.sql -9 1",
                "3 x UNDO_SQL U3__b.sql 4 t",
                "- x SQL R__views.sql 7 t",
            ]),
            &found(Tool::Flyway),
        );
        let history = read.unwrap();
        assert_eq!(history.versions(), ["2"]);
        assert_eq!(history.baseline.as_deref(), Some("1"));
        assert!(history.notes[0].contains("R__views.sql"), "{:?}", history.notes);
        let code = flyway(&rows(&["1 x JDBC V1__A - t"]), &found(Tool::Flyway)).unwrap_err();
        assert!(code.to_string().contains("V1__A"), "{code}");
    }

    #[test]
    fn failed_entries_are_refused_by_name() {
        let error = sqlx(&rows(&["1 first 1 \\xab", "2 second 0 \\xcd"]), &found(Tool::Sqlx)).unwrap_err();
        assert!(error.to_string().contains("2 (second)"), "{error}");
        let error = flyway(&rows(&["1 x SQL V1__a.sql 1 f"]), &found(Tool::Flyway)).unwrap_err();
        assert!(error.to_string().contains("V1__a.sql"), "{error}");
    }
}
