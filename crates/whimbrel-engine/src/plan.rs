//! How an engine answers a query: one tree for every engine, in plain words and in facts.
//!
//! An engine reads its own explanation into [`PlanNode`]s; nothing here asks a database.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Source;

/// What is to be explained, and how.
#[derive(Clone, Debug)]
pub struct ExplainRequest {
    /// The query; its name is what an error calls it.
    pub source: Source,
    /// The values of `$1`, `$2`, …; none where the plan is to hold for any value.
    pub parameters: Vec<String>,
    /// How many parameters the query has.
    pub parameter_count: usize,
    /// Whether the query runs, in a transaction that is rolled back.
    pub analyze: bool,
    /// Whether the query writes; one that does not runs where nothing can be written.
    pub writes: bool,
    /// How long a run may last.
    pub timeout: Duration,
}

/// How an engine answers a query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What is done last; its children come before it.
    pub root: PlanNode,
    /// Whether the query ran, so that rows and times are counted and not estimated.
    pub analyzed: bool,
    /// The rows or documents that came back, where it ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_returned: Option<u64>,
    /// The rows, documents and index keys that were looked at, where it ran and the engine counts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_examined: Option<u64>,
    /// How long planning took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planning_ms: Option<f64>,
    /// How long the run took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_ms: Option<f64>,
    /// What else is to be known of the whole plan, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What kind of work a node of a plan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanKind {
    /// Reads every row of a table or collection.
    WholeScan,
    /// Reads rows by an index, or by the table's own key.
    IndexScan,
    /// Puts rows in order.
    Sort,
    /// Brings rows of two sources together.
    Join,
    /// Counts, sums or groups.
    Aggregate,
    /// Ends after some rows.
    Limit,
    /// Changes rows.
    Write,
    /// Anything else.
    Other,
}

/// One part of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanNode {
    /// What kind of work it is.
    pub kind: PlanKind,
    /// What it does, in plain words.
    pub what: String,
    /// The engine's own name for it: `Seq Scan`, `IXSCAN`.
    pub native: String,
    /// The table or collection that it reads or writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// What the query calls the table, where that is another name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The index that it reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// What the index answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index_condition: Option<String>,
    /// What is asked of each row that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// The rows of the table, by the engine's statistics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_rows: Option<u64>,
    /// The rows that the engine expects to come out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_rows: Option<u64>,
    /// The rows that came out, all rounds together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual_rows: Option<u64>,
    /// The rows, documents or keys that it looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_examined: Option<u64>,
    /// How often it ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loops: Option<u64>,
    /// What it costs without its children, in the planner's units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// How long it took without its children, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<f64>,
    /// Whether it is the costliest of the plan, by its own time, or cost where nothing ran.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub costliest: bool,
    /// What is to be known of it: why no index is used, or what it spilt to disk.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What it takes its rows from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<PlanNode>,
}

impl PlanNode {
    /// A node of which nothing but its work is known.
    #[must_use]
    pub fn new(kind: PlanKind, native: impl Into<String>, what: impl Into<String>) -> Self {
        PlanNode {
            kind,
            what: what.into(),
            native: native.into(),
            object: None,
            alias: None,
            index: None,
            index_condition: None,
            condition: None,
            table_rows: None,
            estimated_rows: None,
            actual_rows: None,
            rows_examined: None,
            loops: None,
            cost: None,
            time_ms: None,
            costliest: false,
            notes: Vec::new(),
            children: Vec::new(),
        }
    }

    /// Calls `visit` for this node and every one below it, the last work first.
    pub fn visit<'a>(&'a self, visit: &mut dyn FnMut(&'a PlanNode)) {
        visit(self);
        for child in &self.children {
            child.visit(visit);
        }
    }

    /// Calls `change` for this node and every one below it.
    pub fn visit_mut(&mut self, change: &mut dyn FnMut(&mut PlanNode)) {
        change(self);
        for child in &mut self.children {
            child.visit_mut(change);
        }
    }

    /// Turns times and costs that include the children into a node's own, and marks the costliest node.
    ///
    /// A node may end its children early, or keep their rows for a second round; what they would have cost beyond the
    /// node's own total is left out in equal parts.
    pub fn own_costs(&mut self) {
        own(self, 1.0, &|node| &mut node.cost, &rounds);
        own(self, 1.0, &|node| &mut node.time_ms, &|_, _| 1.0);
        mark_costliest(self);
    }
}

/// How often a child runs by the planner's reckoning: the inner side of a nested loop once for each outer row, a subplan
/// once for each row of the table that it belongs to.
fn rounds(node: &PlanNode, child: usize) -> f64 {
    let outer = node.children.first().and_then(|outer| outer.estimated_rows);
    let rows = match (node.native.as_str(), child) {
        _ if node.children[child].native.starts_with("SubPlan ") => node.table_rows.or(node.estimated_rows),
        ("Nested Loop", 1) => outer,
        _ => None,
    };
    real(rows.unwrap_or_default().max(1))
}

fn own(
    node: &mut PlanNode,
    share: f64,
    field: &dyn Fn(&mut PlanNode) -> &mut Option<f64>,
    rounds: &dyn Fn(&PlanNode, usize) -> f64,
) {
    let Some(total) = *field(node) else {
        for child in &mut node.children {
            own(child, share, field, rounds);
        }
        return;
    };
    let times: Vec<f64> = (0..node.children.len()).map(|index| rounds(node, index)).collect();
    let mut below = 0.0;
    for (child, times) in node.children.iter_mut().zip(&times) {
        below += field(child).unwrap_or_default() * times;
    }
    let kept = if below > total && below > 0.0 { total / below } else { 1.0 };
    *field(node) = Some(share * (total - below * kept).max(0.0));
    for (child, times) in node.children.iter_mut().zip(times) {
        own(child, share * kept * times, field, rounds);
    }
}

/// Marks the node whose own time is the largest, or own cost where no time is known, or number of examined rows where no cost is.
fn mark_costliest(root: &mut PlanNode) {
    let (mut is_timed, mut is_costed) = (false, false);
    root.visit(&mut |node| {
        is_timed |= node.time_ms.is_some_and(|time| time > 0.0);
        is_costed |= node.cost.is_some();
    });
    let weight = move |node: &PlanNode| match (is_timed, is_costed) {
        (true, _) => node.time_ms,
        (false, true) => node.cost,
        (false, false) => node.rows_examined.map(real),
    };
    let (mut largest, mut count) = (0.0, 0);
    root.visit(&mut |node| {
        count += 1;
        largest = weight(node).unwrap_or_default().max(largest);
    });
    if count < 2 || largest <= 0.0 {
        return;
    }
    let mut is_found = false;
    root.visit_mut(&mut |node| {
        node.costliest = !is_found && weight(node) == Some(largest);
        is_found |= node.costliest;
    });
}

/// A count as a real number.
#[expect(clippy::cast_precision_loss, reason = "rows beyond 2^53 need no exact number")]
fn real(count: u64) -> f64 {
    count as f64
}

/// `about 12 000 rows`, with thin groups of three digits.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// The words for a scan of a whole table or collection; `many` is what it holds.
#[must_use]
pub fn whole_scan_words(kind: &str, object: &str, many: &str, node: &PlanNode) -> String {
    let mut text = format!("scans the whole {kind} {object}");
    if let Some(rows) = node.table_rows {
        text.push_str(&format!(" (about {} {many})", grouped(rows)));
    }
    if let Some(condition) = &node.condition {
        text.push_str(&format!(" keeping {many} where {}", bare(condition)));
    }
    text
}

/// The words for a read by an index.
#[must_use]
pub fn index_scan_words(object: Option<&str>, index: &str, many: &str, node: &PlanNode) -> String {
    let mut text = format!("reads the index {index}");
    if let Some(object) = object {
        text.push_str(&format!(" of {object}"));
    }
    if let Some(condition) = &node.index_condition {
        text.push_str(&format!(" for ({})", bare(condition)));
    }
    if let Some(condition) = &node.condition {
        text.push_str(&format!(", keeping {many} where {}", bare(condition)));
    }
    text
}

/// The condition without parentheses around the whole.
#[must_use]
pub fn bare(condition: &str) -> &str {
    let mut text = condition.trim();
    while let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        if !is_balanced(inner) {
            break;
        }
        text = inner.trim();
    }
    text
}

/// Whether no parenthesis is closed before it was opened; literals and quoted names are skipped.
fn is_balanced(text: &str) -> bool {
    let mut depth = 0_i64;
    let mut quote = None;
    for character in text.chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(native: &str, cost: f64, rows: u64, children: Vec<PlanNode>) -> PlanNode {
        let mut node = PlanNode::new(PlanKind::Other, native, native);
        (node.cost, node.estimated_rows, node.children) = (Some(cost), Some(rows), children);
        node
    }

    fn costs(root: &PlanNode) -> Vec<(f64, bool)> {
        let mut found = Vec::new();
        root.visit(&mut |node| found.push((node.cost.unwrap(), node.costliest)));
        found
    }

    #[test]
    fn a_nodes_own_cost_leaves_its_children_out() {
        let mut sort = node("Sort", 110.0, 5, vec![node("Seq Scan", 100.0, 5, vec![])]);
        sort.own_costs();
        assert_eq!(costs(&sort), [(10.0, false), (100.0, true)]);
        // A limit ends what it reads from early.
        let mut limit =
            node("Limit", 10.0, 1, vec![node("Seq Scan", 80.0, 5, vec![]), node("Other", 20.0, 5, vec![])]);
        limit.own_costs();
        assert_eq!(costs(&limit), [(0.0, false), (8.0, true), (2.0, false)]);
        // The inner side of a nested loop runs once for each outer row.
        let children = vec![node("Seq Scan", 10.0, 20, vec![]), node("Index Scan", 4.0, 1, vec![])];
        let mut nested = node("Nested Loop", 95.0, 20, children);
        nested.own_costs();
        assert_eq!(costs(&nested), [(5.0, false), (10.0, false), (80.0, true)]);
    }

    #[test]
    fn times_come_before_costs_and_one_node_is_no_choice() {
        let mut child = node("Seq Scan", 100.0, 5, vec![]);
        child.time_ms = Some(1.0);
        let mut root = node("Sort", 110.0, 5, vec![child]);
        root.time_ms = Some(9.0);
        root.own_costs();
        assert!(root.costliest && !root.children[0].costliest);
        let mut alone = node("Seq Scan", 100.0, 5, vec![]);
        alone.own_costs();
        assert!(!alone.costliest);
    }

    #[test]
    fn conditions_lose_outer_parentheses_only() {
        for (given, expected) in [
            ("(a = 1)", "a = 1"),
            ("((a = 1) AND (b = ')'))", "(a = 1) AND (b = ')')"),
            ("(a = 1) OR (b = 2)", "(a = 1) OR (b = 2)"),
            ("(a = '(')", "a = '('"),
        ] {
            assert_eq!(bare(given), expected);
        }
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, expected) in [(7, "7"), (999, "999"), (12_000, "12 000"), (1_234_567, "1 234 567")] {
            assert_eq!(grouped(number), expected);
        }
    }
}
