//! Running a plan: candidates one after the other, from where the last run stopped.

use std::collections::HashSet;

use bson::RawDocument;
use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

use super::{Access, Plan, Ranges, Tree};
use crate::catalog::{Collection, IndexKind};
use crate::limits;
use crate::storage::{Link, Outcome};

/// A document that may match.
#[derive(Clone, Copy)]
pub(crate) struct Candidate<'r> {
    pub(crate) row: i64,
    pub(crate) document: &'r RawDocument,
    /// How well it fits the words of a search.
    pub(crate) score: Option<f64>,
}

/// What a scan has looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Statistics {
    pub(crate) keys_examined: u64,
    pub(crate) documents_examined: u64,
}

/// A plan on its way. It can stop after any candidate and go on later, on another connection too.
#[derive(Debug)]
pub(crate) struct Scan {
    steps: Vec<Step>,
    /// The step that is on its way.
    current: usize,
    /// Where it stopped: the key, where there is one, and the row.
    position: Option<(Vec<u8>, i64)>,
    is_reverse: bool,
    /// Rows that have been proposed, where one may be proposed twice.
    seen: Option<HashSet<i64>>,
    pub(crate) statistics: Statistics,
}

/// One statement's worth of a plan.
#[derive(Debug)]
enum Step {
    Collection,
    Range { tree: Tree, low: Vec<u8>, high: Vec<u8> },
    Words { table: String, weights: Vec<f64>, expression: String },
    Space { table: String, sides: [(f64, f64); 3] },
}

impl Scan {
    /// Begins a plan.
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut steps = Vec::new();
        add_steps(&plan.access, &mut steps);
        if plan.is_reverse {
            steps.reverse();
        }
        let seen = may_repeat(&plan.access, steps.len()).then(HashSet::new);
        Self {
            steps,
            current: 0,
            position: None,
            is_reverse: plan.is_reverse,
            seen,
            statistics: Statistics::default(),
        }
    }

    /// Whether every candidate has been shown.
    pub(crate) fn is_finished(&self) -> bool {
        self.current >= self.steps.len()
    }

    /// Shows the candidates until the visitor has enough.
    ///
    /// # Errors
    /// What the visitor or the database says.
    pub(crate) fn run(
        &mut self,
        link: &Link,
        collection: &Collection,
        visit: &mut dyn FnMut(Candidate<'_>) -> Outcome<bool>,
    ) -> Outcome<()> {
        while self.current < self.steps.len() {
            if !self.run_step(link, collection, visit)? {
                return Ok(());
            }
            self.current += 1;
            self.position = None;
        }
        Ok(())
    }

    /// Runs one step; false where the visitor has enough.
    fn run_step(
        &mut self,
        link: &Link,
        collection: &Collection,
        visit: &mut dyn FnMut(Candidate<'_>) -> Outcome<bool>,
    ) -> Outcome<bool> {
        let step = &self.steps[self.current];
        let (sql, parameters) = step.statement(collection, self.is_reverse, self.position.as_ref());
        let has_key = !matches!(step, Step::Collection);
        let is_scored = matches!(step, Step::Words { .. });
        let mut statement = link.sqlite.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(parameters))?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            self.statistics.keys_examined += u64::from(has_key);
            if self.seen.as_mut().is_some_and(|seen| !seen.insert(id)) {
                continue;
            }
            self.statistics.documents_examined += 1;
            let score = if is_scored { row.get(2)? } else { None };
            let goes_on = visit(Candidate { row: id, document: document_of(row, 1)?, score })?;
            if !goes_on {
                let key = if has_key { key_of_row(row)? } else { Vec::new() };
                self.position = Some((key, id));
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The document in a column.
pub(crate) fn document_of<'r>(row: &'r Row<'_>, column: usize) -> Outcome<&'r RawDocument> {
    let bytes = row.get_ref(column)?.as_blob().map_err(|_| limits::unreadable())?;
    Ok(RawDocument::from_bytes(bytes).map_err(|_| limits::unreadable())?)
}

fn key_of_row(row: &Row<'_>) -> Outcome<Vec<u8>> {
    // Words and places have no keys; they go on by the row.
    Ok(row.get_ref(2)?.as_blob().map(<[u8]>::to_vec).unwrap_or_default())
}

fn add_steps(access: &Access, steps: &mut Vec<Step>) {
    match access {
        Access::Collection => steps.push(Step::Collection),
        Access::Ranges(Ranges { tree, ranges, .. }) => {
            steps.extend(ranges.iter().map(|(low, high)| Step::Range {
                tree: tree.clone(),
                low: low.clone(),
                high: high.clone(),
            }))
        }
        Access::Union(members) => members.iter().for_each(|member| add_steps(member, steps)),
        Access::Words { index, expression: Some(expression) } => {
            let weights = match &index.kind {
                IndexKind::Text(text) => text.weights.iter().map(|(_, weight)| *weight).collect(),
                _ => Vec::new(),
            };
            let table = index.table.clone();
            steps.push(Step::Words { table, weights, expression: expression.clone() });
        }
        Access::Words { expression: None, .. } => {}
        Access::Space { index, cube } => {
            steps.push(Step::Space { table: index.table.clone(), sides: cube.sides });
        }
    }
}

/// Whether one row may be proposed by several keys or several steps.
fn may_repeat(access: &Access, steps: usize) -> bool {
    match access {
        Access::Ranges(Ranges { tree: Tree::Index(index), .. }) => index.is_multikey,
        Access::Union(members) => steps > 1 || members.iter().any(|member| may_repeat(member, 1)),
        _ => false,
    }
}

impl Step {
    fn statement(
        &self,
        collection: &Collection,
        is_reverse: bool,
        after: Option<&(Vec<u8>, i64)>,
    ) -> (String, Vec<Value>) {
        let (order, beyond) = if is_reverse { (" DESC", "<") } else { ("", ">") };
        let documents = &collection.table;
        match self {
            Step::Collection => {
                let condition = if after.is_some() { format!(" WHERE r {beyond} ?1") } else { String::new() };
                let sql = format!("SELECT r, doc FROM {documents}{condition} ORDER BY r{order}");
                (sql, after.map(|(_, row)| Value::from(*row)).into_iter().collect())
            }
            Step::Range { tree, low, high } => {
                let mut parameters = vec![Value::from(low.clone()), Value::from(high.clone())];
                parameters.extend(after.map(|(key, _)| Value::from(key.clone())));
                let sql = match tree {
                    Tree::Id => {
                        let resume =
                            if after.is_some() { format!(" AND id {beyond} ?3") } else { String::new() };
                        format!(
                            "SELECT r, doc, id FROM {documents} INDEXED BY {documents}_id \
                             WHERE id >= ?1 AND id < ?2{resume} ORDER BY id{order}"
                        )
                    }
                    Tree::Index(index) => {
                        let resume = match (after.is_some(), index.is_unique) {
                            (false, _) => String::new(),
                            (true, true) => format!(" AND i.k {beyond} ?3"),
                            (true, false) => format!(" AND (i.k, i.r) {beyond} (?3, ?4)"),
                        };
                        if !index.is_unique {
                            parameters.extend(after.map(|(_, row)| Value::from(*row)));
                        }
                        let ties = if index.is_unique { String::new() } else { format!(", i.r{order}") };
                        format!(
                            "SELECT d.r, d.doc, i.k FROM {} i CROSS JOIN {documents} d ON d.r = i.r \
                             WHERE i.k >= ?1 AND i.k < ?2{resume} ORDER BY i.k{order}{ties}",
                            index.table
                        )
                    }
                };
                (sql, parameters)
            }
            Step::Words { table, weights, expression } => {
                let weights: String = weights.iter().map(|weight| format!(", {weight:?}")).collect();
                let resume = if after.is_some() { " AND f.rowid > ?2" } else { "" };
                let sql = format!(
                    "SELECT d.r, d.doc, -bm25({table}{weights}) FROM {table} f CROSS JOIN {documents} d ON d.r = f.rowid \
                     WHERE {table} MATCH ?1{resume} ORDER BY f.rowid"
                );
                let mut parameters = vec![Value::from(expression.clone())];
                parameters.extend(after.map(|(_, row)| Value::from(*row)));
                (sql, parameters)
            }
            Step::Space { table, sides } => {
                let resume = if after.is_some() { " AND s.r > ?7" } else { "" };
                let sql = format!(
                    "SELECT d.r, d.doc, x'' FROM (SELECT r FROM {table} WHERE x0 <= ?2 AND x1 >= ?1 \
                     AND y0 <= ?4 AND y1 >= ?3 AND z0 <= ?6 AND z1 >= ?5) s \
                     CROSS JOIN {documents} d ON d.r = s.r WHERE 1{resume} ORDER BY s.r"
                );
                let mut parameters: Vec<Value> =
                    sides.iter().flat_map(|(low, high)| [Value::from(*low), Value::from(*high)]).collect();
                parameters.extend(after.map(|(_, row)| Value::from(*row)));
                (sql, parameters)
            }
        }
    }
}
