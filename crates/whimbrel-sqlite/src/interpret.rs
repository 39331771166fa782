//! Statements of PostgreSQL's SQL, understood and carried out.

mod alter_table;
mod alteration;
mod comment;
mod create_index;
mod create_table;
mod dependents;
mod drop;
mod enumeration;
mod rows;
mod sequence;
mod table_element;
mod view;

pub(crate) use dependents::reads_relation;
pub(crate) use view::create_declared_view;

use squawk_syntax::{SyntaxKind, SyntaxNode};

use crate::syntax::parse_statement;
use crate::trouble::{Outcome, Trouble};
use crate::workspace::Workspace;

/// The statements of the closed list, as they are written down.
pub(crate) const STATEMENTS: &[(&str, &str)] = &[
    (
        "CREATE TABLE [IF NOT EXISTS]",
        "columns, PRIMARY KEY, UNIQUE, CHECK, FOREIGN KEY, DEFAULT, GENERATED … STORED, identity, serial, WITH (kept as a note)",
    ),
    (
        "ALTER TABLE",
        "ADD COLUMN, DROP COLUMN, ALTER COLUMN (TYPE … USING, SET/DROP DEFAULT, SET/DROP NOT NULL, ADD/SET/DROP identity, DROP EXPRESSION), ADD/DROP/RENAME/VALIDATE CONSTRAINT (NOT VALID, USING INDEX), RENAME COLUMN, RENAME TO, SET/RESET (storage parameters)",
    ),
    ("DROP TABLE [IF EXISTS] [CASCADE]", "CASCADE drops the foreign keys and views that refer to it"),
    (
        "CREATE [UNIQUE] INDEX [CONCURRENTLY] [IF NOT EXISTS]",
        "columns, expressions, ASC/DESC, WHERE; btree, and hash and brin as btree. NULLS FIRST/LAST, INCLUDE, WITH, operator classes and COLLATE \"C\" are noted without effect: NULLs are smallest",
    ),
    (
        "ALTER INDEX … RENAME TO, SET, RESET; REINDEX INDEX [CONCURRENTLY]; DROP INDEX [CONCURRENTLY] [IF EXISTS]",
        "",
    ),
    (
        "CREATE SEQUENCE … OWNED BY, ALTER SEQUENCE IF EXISTS, DROP SEQUENCE IF EXISTS, SELECT setval(…)",
        "as written around a serial key column: the owner numbers its rows; the rest has nothing to do",
    ),
    (
        "CREATE TYPE … AS ENUM, ALTER TYPE … ADD VALUE, RENAME VALUE, RENAME TO, DROP TYPE",
        "membership is a CHECK of each column; tables are rebuilt when it changes",
    ),
    ("CREATE [OR REPLACE] VIEW, DROP VIEW", "a query of the list below"),
    ("COMMENT ON TABLE, COLUMN, TYPE, VIEW", "kept as a note"),
    (
        "INSERT, UPDATE, DELETE, SELECT",
        "literals take the form of the column they are for; ON CONFLICT, RETURNING, subqueries and joins",
    ),
];

/// Carries one statement out.
pub(crate) fn carry_out(workspace: &mut Workspace<'_>, sql: &str) -> Outcome<()> {
    let node = parse_statement(sql)?;
    let start = crate::syntax::tokens(&node).next().map(|token| usize::from(token.text_range().start()));
    dispatch(workspace, &node).map_err(|trouble| trouble.at(start.unwrap_or(0)..sql.trim_end().len().max(1)))
}

/// A query of PostgreSQL's SQL in SQLite's dialect.
pub(crate) fn query(workspace: &Workspace<'_>, sql: &str) -> Outcome<String> {
    let node = parse_statement(sql)?;
    match node.kind() {
        SyntaxKind::SELECT | SyntaxKind::COMPOUND_SELECT | SyntaxKind::VALUES => {
            rows::rendered_query(workspace, &node)
        }
        other => Err(Trouble::refused(format!("`{}` is no query", first_words(&node, other)))),
    }
}

/// A statement that reads or changes rows, in SQLite's dialect.
pub(crate) fn rendered(workspace: &Workspace<'_>, node: &SyntaxNode) -> Outcome<String> {
    match node.kind() {
        SyntaxKind::SELECT | SyntaxKind::COMPOUND_SELECT | SyntaxKind::VALUES => {
            rows::rendered_query(workspace, node)
        }
        SyntaxKind::INSERT => rows::rendered_insert(workspace, node),
        SyntaxKind::UPDATE => rows::rendered_update(workspace, node),
        SyntaxKind::DELETE => rows::rendered_delete(workspace, node),
        other => Err(Trouble::refused(format!(
            "`{}`, which is outside the list of statements",
            first_words(node, other)
        ))),
    }
}

fn dispatch(workspace: &mut Workspace<'_>, node: &SyntaxNode) -> Outcome<()> {
    match node.kind() {
        SyntaxKind::CREATE_TABLE => create_table::create_table(workspace, node),
        SyntaxKind::CREATE_INDEX => create_index::create_index(workspace, node),
        SyntaxKind::ALTER_TABLE => alter_table::alter_table(workspace, node),
        SyntaxKind::ALTER_INDEX => create_index::alter_index(workspace, node),
        SyntaxKind::REINDEX => create_index::reindex(workspace, node),
        SyntaxKind::CREATE_SEQUENCE => sequence::create(workspace, node),
        SyntaxKind::ALTER_SEQUENCE | SyntaxKind::DROP_SEQUENCE => sequence::ignore_if_exists(node),
        SyntaxKind::SELECT if sequence::is_setval(node) => Ok(()),
        SyntaxKind::DROP_TABLE => drop::drop_table(workspace, node),
        SyntaxKind::DROP_INDEX => drop::drop_index(workspace, node),
        SyntaxKind::CREATE_TYPE => enumeration::create(workspace, node),
        SyntaxKind::ALTER_TYPE => enumeration::alter(workspace, node),
        SyntaxKind::DROP_TYPE => enumeration::drop(workspace, node),
        SyntaxKind::CREATE_VIEW => view::create(workspace, node),
        SyntaxKind::DROP_VIEW => view::drop(workspace, node),
        SyntaxKind::COMMENT_ON => comment::comment(workspace, node),
        SyntaxKind::INSERT => rows::insert(workspace, node),
        SyntaxKind::UPDATE => rows::update(workspace, node),
        SyntaxKind::DELETE => rows::delete(workspace, node),
        SyntaxKind::SELECT | SyntaxKind::COMPOUND_SELECT | SyntaxKind::VALUES => {
            rows::select(workspace, node)
        }
        SyntaxKind::BEGIN
        | SyntaxKind::COMMIT_TRANSACTION
        | SyntaxKind::ROLLBACK_TRANSACTION
        | SyntaxKind::SAVEPOINT_CREATE
        | SyntaxKind::RELEASE_SAVEPOINT
        | SyntaxKind::PREPARE_TRANSACTION
        | SyntaxKind::SET_TRANSACTION => Err(Trouble::Failed {
            reason: "a migration file is one transaction, and this would end or change it".to_owned(),
            help: Some("leave the statement out: the file is committed as a whole, or not at all".to_owned()),
            range: None,
        }),
        other => {
            Err(Trouble::refused(format!("`{}` is outside the list of statements", first_words(node, other))))
        }
    }
}

fn first_words(node: &SyntaxNode, kind: SyntaxKind) -> String {
    let take = match kind {
        SyntaxKind::DO => 1,
        _ => 2,
    };
    let words: Vec<String> =
        crate::syntax::tokens(node).take(take).map(|token| token.text().to_uppercase()).collect();
    words.join(" ")
}
