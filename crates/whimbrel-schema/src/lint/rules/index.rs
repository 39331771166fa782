//! Indexes and materialized views that are built while others wait.

use super::super::look::Look;
use super::super::{Class, Finding, LockMode, Rule, Severity, Work};
use crate::catalog::QualifiedName;
use crate::sql_text::{quote_identifier, quote_name};
use crate::statement::{Action, IndexKey, NewIndex};

pub(super) const RULES: &[&Rule] =
    &[&CREATE, &DROP, &REINDEX, &REFRESH, &CONCURRENT_IN_TRANSACTION, &CONCURRENT_WITHOUT_NAME];

const CREATE: Rule = Rule {
    code: "index-not-concurrent",
    class: Class::Lock,
    severity: Severity::Error,
    title: "An index that is built while writers wait",
    why: "CREATE INDEX holds a SHARE lock until every row is indexed: nobody writes to the table meanwhile.",
    naive: "CREATE INDEX idx_orders_total ON orders (total);",
    safe: "CREATE INDEX CONCURRENTLY idx_orders_total ON orders (total);",
};

const DROP: Rule = Rule {
    code: "drop-index-not-concurrent",
    class: Class::Lock,
    severity: Severity::Error,
    title: "An index that is dropped while readers and writers wait",
    why: "DROP INDEX takes ACCESS EXCLUSIVE on the table, and everybody queues behind it while it waits for running queries.",
    naive: "DROP INDEX idx_orders_note;",
    safe: "DROP INDEX CONCURRENTLY idx_orders_note;",
};

const REINDEX: Rule = Rule {
    code: "reindex-not-concurrent",
    class: Class::Lock,
    severity: Severity::Error,
    title: "Indexes that are rebuilt while writers wait",
    why: "REINDEX holds a SHARE lock on the table and shuts readers out of the index until it is rebuilt.",
    naive: "REINDEX TABLE orders;",
    safe: "REINDEX TABLE CONCURRENTLY orders;",
};

const REFRESH: Rule = Rule {
    code: "refresh-not-concurrent",
    class: Class::Lock,
    severity: Severity::Warning,
    title: "A materialized view that is computed while readers wait",
    why: "REFRESH MATERIALIZED VIEW takes ACCESS EXCLUSIVE on the view until its query has run.",
    naive: "REFRESH MATERIALIZED VIEW totals;",
    safe: "REFRESH MATERIALIZED VIEW CONCURRENTLY totals;",
};

const CONCURRENT_IN_TRANSACTION: Rule = Rule {
    code: "concurrent-in-transaction",
    class: Class::Correctness,
    severity: Severity::Error,
    title: "CONCURRENTLY within a transaction",
    why: "The server refuses it: the build commits several times by itself.",
    naive: "-- whimbrel:transaction on\nCREATE INDEX CONCURRENTLY idx_orders_total ON orders (total);",
    safe: "-- whimbrel:transaction off\nCREATE INDEX CONCURRENTLY idx_orders_total ON orders (total);",
};

const CONCURRENT_WITHOUT_NAME: Rule = Rule {
    code: "concurrent-without-name",
    class: Class::Correctness,
    severity: Severity::Error,
    title: "An index that is built concurrently under a name that the server chooses",
    why: "After an interruption an invalid index is left, and without a name nobody can tell which one to rebuild; running the \
          statement again makes a second one.",
    naive: "CREATE INDEX CONCURRENTLY ON orders (total);",
    safe: "CREATE INDEX CONCURRENTLY idx_orders_total ON orders (total);",
};

pub(super) fn check(look: &Look<'_>, found: &mut Vec<Finding>) {
    match look.action() {
        Action::CreateIndex(index) => create(look, index, found),
        Action::DropIndex { index, concurrently } => drop(look, index, *concurrently, found),
        Action::Reindex { kind, name, concurrently } => {
            reindex(look, kind, name.as_ref(), *concurrently, found)
        }
        Action::Refresh { view, concurrently: false } if look.is_used(view) => found.push(
            look.locking(
                &REFRESH,
                LockMode::AccessExclusive,
                view,
                format!("computing `{view}` anew shuts its readers out"),
            )
            .doing(Work::Scan)
            .instead(format!(
                "REFRESH MATERIALIZED VIEW CONCURRENTLY {};  -- needs a unique index on the view",
                quote_name(view)
            )),
        ),
        _ => {}
    }
}

fn create(look: &Look<'_>, index: &NewIndex, found: &mut Vec<Finding>) {
    let table = &index.table;
    if index.concurrently {
        // Elsewhere the word means nothing, and the statement runs in a transaction as any other.
        if look.statement.unit.is_some() && look.options.locks_tables {
            let reason = "CREATE INDEX CONCURRENTLY cannot run within a transaction";
            found.push(
                look.finding(&CONCURRENT_IN_TRANSACTION, reason)
                    .instead("put `-- whimbrel:transaction off` above it"),
            );
        }
        if index.name.is_none() {
            let reason =
                format!("the index on `{table}` has no name, so an interrupted build cannot be found again");
            found.push(look.finding(&CONCURRENT_WITHOUT_NAME, reason).instead(concurrently(look, index)));
        }
    } else if look.is_used(table) {
        let name = index.name.as_deref().map_or("an index".to_owned(), |name| format!("`{name}`"));
        found.push(
            look.locking(
                &CREATE,
                LockMode::Share,
                table,
                format!("building {name} keeps writers of `{table}` waiting"),
            )
            .doing(Work::Build)
            .instead(concurrently(look, index)),
        );
    }
}

/// The statement with CONCURRENTLY and a name.
fn concurrently(look: &Look<'_>, index: &NewIndex) -> String {
    let sql = &look.statement.sql[look.act.span.clone()];
    let unique = if index.unique { "UNIQUE " } else { "" };
    let name = index.name.clone().unwrap_or_else(|| chosen_name(index));
    let at = sql.to_lowercase().find(" on ").unwrap_or(0);
    format!(
        "CREATE {unique}INDEX CONCURRENTLY {}{};",
        quote_identifier(&name),
        sql[at..].trim_end_matches(';')
    )
}

fn chosen_name(index: &NewIndex) -> String {
    let mut words = vec!["idx".to_owned(), index.table.name.clone()];
    words.extend(index.keys.iter().map(|key| match key {
        IndexKey::Column(column) => column.clone(),
        IndexKey::Expression(_) => "expr".to_owned(),
    }));
    words.join("_")
}

fn drop(look: &Look<'_>, index: &QualifiedName, concurrently: bool, found: &mut Vec<Finding>) {
    if concurrently {
        return;
    }
    let owner = look.world.index_table(&index.name).cloned().or_else(|| {
        let catalog = look.facts.catalog()?;
        let holds = |table: &&crate::catalog::Table| {
            table.name.schema == index.schema && table.indexes.iter().any(|known| known.name == index.name)
        };
        catalog.tables.iter().find(holds).map(|table| table.name.clone())
    });
    if owner.as_ref().is_some_and(|table| !look.is_used(table)) {
        return;
    }
    let mut finding =
        look.finding(&DROP, format!("dropping `{index}` shuts readers and writers out of its table"));
    if let Some(table) = &owner {
        finding.locks.push(look.lock(LockMode::AccessExclusive, table));
    }
    found.push(finding.instead(format!("DROP INDEX CONCURRENTLY {};", quote_name(index))));
}

fn reindex(
    look: &Look<'_>,
    kind: &str,
    name: Option<&QualifiedName>,
    concurrently: bool,
    found: &mut Vec<Finding>,
) {
    let table = name.filter(|_| kind == "TABLE");
    if concurrently || kind == "SYSTEM" || table.is_some_and(|table| !look.is_used(table)) {
        return;
    }
    let what = name.map(quote_name).unwrap_or_default();
    let mut finding = look.finding(&REINDEX, format!("REINDEX {kind} {what} keeps writers waiting"));
    if let Some(table) = table {
        finding.locks.push(look.lock(LockMode::Share, table));
    }
    let rewrite = format!("REINDEX {kind} CONCURRENTLY {what}");
    found.push(finding.doing(Work::Build).instead(format!("{};", rewrite.trim_end())));
}
