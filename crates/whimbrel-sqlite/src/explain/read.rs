//! Reading the lines of EXPLAIN QUERY PLAN.

use whimbrel_engine::{Plan, PlanKind, PlanNode, index_scan_words, whole_scan_words};
use whimbrel_schema::catalog::Table;

use super::conditions::{Conditions, Conjunct};
use super::{Told, analysed_rows};
use crate::quote::quoted;
use crate::trouble::Outcome;
use crate::workspace::Workspace;

/// What SQLite calls an index that it made for a constraint.
const OF_CONSTRAINT: &str = "sqlite_autoindex_";

/// Reads the lines into a tree.
pub(super) fn plan(told: &[Told], conditions: &Conditions, workspace: &Workspace<'_>) -> Outcome<Plan> {
    let reader = Reader { told, conditions, workspace };
    let mut top = reader.below(0)?;
    let root = match (top.len(), top.pop()) {
        (1, Some(only)) => only,
        (0, _) | (_, None) => PlanNode::new(PlanKind::Other, "", "reads no table"),
        (_, Some(last)) => {
            top.push(last);
            gathered(top)
        }
    };
    Ok(Plan {
        root,
        analyzed: false,
        rows_returned: None,
        rows_examined: None,
        planning_ms: None,
        execution_ms: None,
        notes: Vec::new(),
    })
}

/// The steps of one query: loops within each other, and what is done with their rows afterwards.
fn gathered(steps: Vec<PlanNode>) -> PlanNode {
    let (after, sources): (Vec<PlanNode>, Vec<PlanNode>) =
        steps.into_iter().partition(|step| step.native.starts_with("USE TEMP B-TREE"));
    let loops = sources.iter().filter(|step| is_loop(step)).count();
    let mut tree = match sources.len() {
        1 => sources.into_iter().next(),
        _ => {
            let (kind, what) = if loops > 1 {
                (PlanKind::Join, "joins: for each row of the first, the rows of the next")
            } else {
                (PlanKind::Other, "does in this order")
            };
            let mut outer = PlanNode::new(kind, "", what);
            outer.children = sources;
            Some(outer)
        }
    };
    for mut step in after {
        step.children.extend(tree.take());
        tree = Some(step);
    }
    tree.unwrap_or_else(|| PlanNode::new(PlanKind::Other, "", "reads no table"))
}

fn is_loop(node: &PlanNode) -> bool {
    node.native.starts_with("SCAN") || node.native.starts_with("SEARCH")
}

struct Reader<'a, 'c> {
    told: &'a [Told],
    conditions: &'a Conditions,
    workspace: &'a Workspace<'c>,
}

impl Reader<'_, '_> {
    fn below(&self, parent: i64) -> Outcome<Vec<PlanNode>> {
        self.told.iter().filter(|told| told.parent == parent).map(|told| self.node(told)).collect()
    }

    fn node(&self, told: &Told) -> Outcome<PlanNode> {
        let mut node = self.described(&told.detail)?;
        let children = self.below(told.id)?;
        node.children = match children.len() {
            0 | 1 => children,
            _ if node.native.starts_with("COMPOUND") || node.native.starts_with("MULTI-INDEX OR") => children,
            _ => vec![gathered(children)],
        };
        Ok(node)
    }

    fn described(&self, detail: &str) -> Outcome<PlanNode> {
        let words: Vec<&str> = detail.split(' ').collect();
        match words.as_slice() {
            ["SCAN", "CONSTANT", "ROW"] => Ok(PlanNode::new(PlanKind::Other, detail, "computes one row")),
            ["SCAN" | "SEARCH", alias, ..] => self.access(detail, alias),
            _ => Ok(PlanNode::new(step_kind(detail), detail, step_words(detail))),
        }
    }

    /// `SCAN t`, `SCAN t USING COVERING INDEX i`, `SEARCH t USING INDEX i (a=? AND b>?)`.
    fn access(&self, detail: &str, alias: &str) -> Outcome<PlanNode> {
        let mut node = PlanNode::new(PlanKind::Other, detail, "");
        let known = self.conditions.table(alias).cloned();
        let table = match &known {
            Some(name) => self.workspace.table(name)?,
            None => None,
        };
        let object = known.as_ref().map_or_else(|| alias.to_owned(), ToString::to_string);
        node.alias = (object != alias).then(|| alias.to_owned());
        if let Some(table) = &table {
            let rows = analysed_rows(self.workspace.connection, &table.name.name);
            node.table_rows = self.workspace.read(rows)?;
        } else {
            node.native.clone_from(&detail.to_owned());
            if known.is_none() {
                node.what = format!("reads the rows of {alias}");
            }
        }
        let terms = detail.rfind('(').map(|open| detail[open + 1..].trim_end_matches(')'));
        let conjuncts = table.as_ref().map_or_else(Vec::new, |table| self.conditions.over(alias, table));
        let (by_index, left) = divided(terms, conjuncts);
        node.index_condition = by_index;
        let left: Vec<Conjunct> = left.into_iter().filter(|conjunct| conjunct.is_own).collect();
        node.condition = joined(&left);
        node.object = table.is_some().then_some(object.clone());
        self.name_access(detail, &object, table.as_ref(), &mut node)?;
        Ok(node)
    }

    fn name_access(
        &self,
        detail: &str,
        object: &str,
        table: Option<&Table>,
        node: &mut PlanNode,
    ) -> Outcome<()> {
        let whole = detail.starts_with("SCAN");
        if let Some(rest) = detail.split_once(" INDEX ").map(|(_, rest)| rest) {
            node.kind = PlanKind::IndexScan;
            if detail.contains(" AUTOMATIC ") {
                node.what = format!("builds an index of {object} for this query, and reads it");
                if let Some(condition) = &node.index_condition {
                    node.what.push_str(&format!(" for ({condition})"));
                }
                node.notes.push(format!(
                    "{object} has no index for this: SQLite builds one each time the query runs"
                ));
                return Ok(());
            }
            let name = rest.split(' ').next().unwrap_or_default();
            let name = self.index_name(name, table)?;
            node.what = index_scan_words(Some(object), &name, "rows", node);
            node.index = Some(name);
            if whole {
                node.what = node.what.replacen("reads the index", "reads the whole index", 1);
            }
            if detail.contains(" COVERING ") {
                node.what.push_str(", without the table");
            }
        } else if detail.contains("USING INTEGER PRIMARY KEY") {
            node.kind = PlanKind::IndexScan;
            let key = table.and_then(|table| table.primary_key.as_ref()).map(|key| key.name.clone());
            let name = key.unwrap_or_else(|| "the row's number".to_owned());
            node.what = index_scan_words(Some(object), &name, "rows", node);
            node.index = Some(name);
        } else if whole && table.is_some() {
            node.kind = PlanKind::WholeScan;
            node.what = whole_scan_words("table", object, "rows", node);
        } else if node.what.is_empty() {
            node.what = format!("reads the rows of {object}");
        }
        Ok(())
    }

    /// The index's name; that of the constraint where SQLite made the index for one.
    fn index_name(&self, name: &str, table: Option<&Table>) -> Outcome<String> {
        let Some(table) = table.filter(|_| name.starts_with(OF_CONSTRAINT)) else {
            return Ok(name.to_owned());
        };
        let columns = || -> rusqlite::Result<Vec<String>> {
            let sql = format!("PRAGMA index_info({})", quoted(name));
            let mut statement = self.workspace.connection.prepare(&sql)?;
            let rows = statement.query_map([], |row| row.get::<_, String>(2))?;
            rows.collect()
        };
        let columns = self.workspace.read(columns())?;
        let key = table.primary_key.iter().map(|key| (&key.name, &key.columns));
        let uniques = table.uniques.iter().map(|unique| (&unique.name, &unique.columns));
        let found = key.chain(uniques).find(|(_, of)| **of == columns).map(|(name, _)| name.clone());
        Ok(found.unwrap_or_else(|| name.to_owned()))
    }
}

/// What the index answers, in the query's own words where they are found, and what is left for the rows.
fn divided(terms: Option<&str>, mut conjuncts: Vec<Conjunct>) -> (Option<String>, Vec<Conjunct>) {
    let Some(terms) = terms else { return (None, conjuncts) };
    let mut by_index: Vec<String> = Vec::new();
    for term in terms.split(" AND ") {
        let end = term.find(['=', '<', '>']).unwrap_or(term.len());
        let (column, operator) = (&term[..end], term[end..].trim_end_matches('?'));
        let fits = |conjunct: &Conjunct| {
            let text = conjunct.text.to_lowercase();
            let holds = match operator {
                "=" => text.contains('=') || text.contains(" in") || text.contains(" is "),
                other => text.contains(other) || text.contains("between") || text.contains("like"),
            };
            holds && (conjunct.columns == [column] || column == "rowid")
        };
        match conjuncts.iter().position(fits) {
            Some(index) => by_index.push(conjuncts.remove(index).text),
            None if by_index.iter().any(|text| text.to_lowercase().contains("between")) => {}
            None => by_index.push(term.to_owned()),
        }
    }
    (Some(by_index.join(" AND ")), conjuncts)
}

fn joined(conjuncts: &[Conjunct]) -> Option<String> {
    let texts: Vec<String> = match conjuncts {
        [] => return None,
        [one] => vec![one.text.clone()],
        several => several.iter().map(|conjunct| format!("({})", conjunct.text)).collect(),
    };
    Some(texts.join(" AND "))
}

fn step_kind(detail: &str) -> PlanKind {
    if detail.ends_with("ORDER BY") {
        PlanKind::Sort
    } else if detail.contains("GROUP BY") || detail.contains("count(") {
        PlanKind::Aggregate
    } else {
        PlanKind::Other
    }
}

fn step_words(detail: &str) -> String {
    let known = [
        ("USE TEMP B-TREE FOR ORDER BY", "sorts what comes out, beside the tables"),
        ("USE TEMP B-TREE FOR GROUP BY", "sorts the rows to group them"),
        ("USE TEMP B-TREE FOR DISTINCT", "keeps the values seen, to drop equal ones"),
        ("COMPOUND QUERY", "puts queries together"),
        ("LEFT-MOST SUBQUERY", "first"),
        ("UNION ALL", "and all of"),
        ("MULTI-INDEX OR", "takes the rows that any of these finds"),
        ("CORRELATED SCALAR SUBQUERY", "for each row, one value of"),
        ("CORRELATED LIST SUBQUERY", "for each row, the values of"),
        ("SCALAR SUBQUERY", "once, one value of"),
        ("LIST SUBQUERY", "once, the values of"),
    ];
    for (start, words) in known {
        if detail.starts_with(start) {
            return words.to_owned();
        }
    }
    if let Some(name) = detail.strip_prefix("MATERIALIZE ") {
        return format!("computes {name} first");
    }
    if let Some(name) = detail.strip_prefix("CO-ROUTINE ") {
        return format!("computes {name} row by row");
    }
    if detail.starts_with("USE TEMP B-TREE FOR") && detail.ends_with("ORDER BY") {
        return "sorts what an index has not ordered yet".to_owned();
    }
    format!("does what SQLite calls {detail}")
}
