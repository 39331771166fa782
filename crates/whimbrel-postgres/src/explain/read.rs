//! Reading `EXPLAIN (VERBOSE, FORMAT JSON)` of PostgreSQL 12 to 18.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use whimbrel_engine::{Plan, PlanKind, PlanNode, bare, index_scan_words, whole_scan_words};

use crate::sql_scan::{PieceKind, pieces};

/// The rows of tables, by schema and name.
pub(super) type TableRows = BTreeMap<(String, String), u64>;

/// Reads the server's document.
///
/// # Errors
/// It is no plan.
pub(super) fn plan(document: &Value, schema: &str, rows: &TableRows, analyzed: bool) -> Result<Plan, String> {
    let whole = document.get(0).ok_or("the server sent no plan")?;
    let tree = whole.get("Plan").ok_or("the server's answer holds no plan")?;
    let mut aliases = BTreeSet::new();
    collect(tree, &mut |node| aliases.extend(text(node, "Alias")));
    let reader = Reader { schema, rows, one_table: aliases.len() < 2, analyzed };
    let mut root = reader.node(tree, None);
    let mut plan = Plan {
        analyzed,
        rows_returned: None,
        rows_examined: None,
        planning_ms: number(whole, "Planning Time"),
        execution_ms: number(whole, "Execution Time"),
        notes: Vec::new(),
        root: root.clone(),
    };
    if analyzed {
        plan.rows_returned = root.actual_rows;
        let mut examined = 0;
        root.visit(&mut |node| examined += node.rows_examined.unwrap_or_default());
        plan.rows_examined = Some(examined);
        if root.kind == PlanKind::Write {
            let inserted = tree.get("Tuples Inserted").and_then(Value::as_u64);
            let changed = inserted.or_else(|| root.children.first().and_then(|child| child.actual_rows));
            let changed = changed.unwrap_or_default();
            plan.notes.push(format!("it changed {changed} rows, and that was rolled back"));
        }
        for trigger in whole.get("Triggers").and_then(Value::as_array).into_iter().flatten() {
            let name = text(trigger, "Trigger Name").unwrap_or_default();
            let (calls, time) = (count(trigger, "Calls").unwrap_or_default(), number(trigger, "Time"));
            plan.notes
                .push(format!("the trigger {name} ran {calls} times in {:.3} ms", time.unwrap_or_default()));
        }
    }
    root.own_costs();
    plan.root = root;
    Ok(plan)
}

/// The tables that the plan reads or writes, by schema and name.
pub(super) fn relations(document: &Value) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    if let Some(tree) = document.get(0).and_then(|whole| whole.get("Plan")) {
        collect(tree, &mut |node| {
            if let (Some(schema), Some(name)) = (text(node, "Schema"), text(node, "Relation Name")) {
                found.insert((schema, name));
            }
        });
    }
    found
}

fn collect(node: &Value, take: &mut dyn FnMut(&Value)) {
    take(node);
    for child in node.get("Plans").and_then(Value::as_array).into_iter().flatten() {
        collect(child, take);
    }
}

fn text(node: &Value, key: &str) -> Option<String> {
    node.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn number(node: &Value, key: &str) -> Option<f64> {
    node.get(key).and_then(Value::as_f64)
}

/// A count; the server writes an average over rounds as a fraction.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is rounded and not negative")]
fn count(node: &Value, key: &str) -> Option<u64> {
    number(node, key).map(|number| number.round().max(0.0) as u64)
}

/// The sum over all rounds of what the server says for one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is rounded and not negative")]
fn over_rounds(node: &Value, key: &str) -> Option<u64> {
    let rounds = number(node, "Actual Loops")?;
    number(node, key).map(|number| (number * rounds).round().max(0.0) as u64)
}

fn list(node: &Value, key: &str) -> Vec<String> {
    let values = node.get(key).and_then(Value::as_array).into_iter().flatten();
    values.filter_map(Value::as_str).map(str::to_owned).collect()
}

struct Reader<'a> {
    /// The default schema.
    schema: &'a str,
    rows: &'a TableRows,
    /// Whether columns need no table's name before them.
    one_table: bool,
    analyzed: bool,
}

/// The table that the rows of a bitmap are fetched from.
#[derive(Clone)]
struct Table {
    object: String,
    alias: String,
}

impl Reader<'_> {
    fn node(&self, value: &Value, fetched_from: Option<&Table>) -> PlanNode {
        let native = text(value, "Node Type").unwrap_or_default();
        let mut node = PlanNode::new(kind(&native), &native, "");
        let table = self.table(value);
        let here = table.as_ref().or(fetched_from);
        node.object = here.map(|table| table.object.clone());
        node.alias = here.filter(|table| table.alias != table.object).map(|table| table.alias.clone());
        let alias = here.map(|table| table.alias.as_str());
        node.index = text(value, "Index Name");
        node.table_rows = self.table_rows(value);
        node.index_condition = self.condition(value, &["Index Cond", "TID Cond"], alias);
        node.condition = self.condition(value, &["Filter", "Join Filter", "One-Time Filter"], alias);
        node.estimated_rows = count(value, "Plan Rows");
        node.cost = number(value, "Total Cost");
        if self.analyzed {
            self.read_run(value, &mut node);
        }
        node.what = self.what(value, &node);
        let below = if native.starts_with("Bitmap") { here } else { None };
        for child in value.get("Plans").and_then(Value::as_array).into_iter().flatten() {
            let mut child_node = self.node(child, below);
            match text(child, "Parent Relationship").as_deref() {
                Some("SubPlan") => {
                    child_node.native = format!("SubPlan {}", child_node.native);
                    child_node.what = format!("where it is asked for: {}", child_node.what);
                }
                Some("InitPlan") => child_node.what = format!("once, before: {}", child_node.what),
                _ => {}
            }
            node.children.push(child_node);
        }
        node
    }

    fn table(&self, value: &Value) -> Option<Table> {
        let name = text(value, "Relation Name")?;
        let object = match text(value, "Schema") {
            Some(schema) if schema != self.schema => format!("{schema}.{name}"),
            _ => name,
        };
        let alias = text(value, "Alias").unwrap_or_else(|| object.clone());
        Some(Table { object, alias })
    }

    fn table_rows(&self, value: &Value) -> Option<u64> {
        let key = (text(value, "Schema")?, text(value, "Relation Name")?);
        self.rows.get(&key).copied()
    }

    /// The first of these conditions, and the others after AND.
    fn condition(&self, value: &Value, keys: &[&str], alias: Option<&str>) -> Option<String> {
        let found: Vec<String> = keys.iter().filter_map(|key| text(value, key)).collect();
        match found.as_slice() {
            [] => None,
            [one] => Some(without_alias(one, alias)),
            several => Some(without_alias(&several.join(" AND "), alias)),
        }
    }

    fn read_run(&self, value: &Value, node: &mut PlanNode) {
        node.loops = count(value, "Actual Loops");
        node.actual_rows = over_rounds(value, "Actual Rows");
        node.time_ms = number(value, "Actual Total Time")
            .zip(number(value, "Actual Loops"))
            .map(|(time, rounds)| time * rounds);
        if node.loops == Some(0) {
            node.notes.push("it never ran".to_owned());
        }
        let reads_table = value.get("Relation Name").is_some();
        if reads_table && node.kind != PlanKind::Write {
            let removed = ["Rows Removed by Filter", "Rows Removed by Index Recheck"];
            let removed: u64 = removed.iter().filter_map(|key| over_rounds(value, key)).sum();
            node.rows_examined = node.actual_rows.map(|rows| rows + removed);
        }
        if text(value, "Sort Space Type").as_deref() == Some("Disk") {
            let size = count(value, "Sort Space Used").unwrap_or_default();
            node.notes.push(format!("the sort did not fit into work_mem: {size} kB went to disk"));
        }
        if let Some(batches) = count(value, "Hash Batches").filter(|batches| *batches > 1) {
            node.notes
                .push(format!("the hash did not fit into work_mem: it went to disk in {batches} batches"));
        }
        if let Some(fetches) = over_rounds(value, "Heap Fetches").filter(|fetches| *fetches > 0) {
            node.notes.push(format!(
                "{fetches} rows were looked up in the table too: VACUUM has not marked their pages as visible to all"
            ));
        }
        let blocks = over_blocks(value);
        if let (Some((hit, read)), true) = (blocks, value.get("Plans").is_none() && reads_table) {
            node.notes.push(format!("{hit} pages came from memory, {read} from disk"));
        }
    }

    fn keys(&self, value: &Value, key: &str) -> String {
        let keys = list(value, key);
        let keys: Vec<String> =
            keys.into_iter().map(|key| if self.one_table { unqualified(&key) } else { key }).collect();
        keys.join(", ")
    }

    fn what(&self, value: &Value, node: &PlanNode) -> String {
        let object = node.object.as_deref().unwrap_or("rows");
        let index = node.index.as_deref().unwrap_or("?");
        match node.native.as_str() {
            "Seq Scan" => whole_scan_words("table", object, "rows", node),
            "Sample Scan" => format!("reads a sample of {object}"),
            "Index Scan" => index_scan_words(Some(object), index, "rows", node),
            "Index Only Scan" => {
                format!("{}, without the table", index_scan_words(Some(object), index, "rows", node))
            }
            "Bitmap Index Scan" => index_scan_words(Some(object), index, "rows", node),
            "Bitmap Heap Scan" => match &node.condition {
                Some(condition) => {
                    format!(
                        "fetches the rows found below from {object}, keeping rows where {}",
                        bare(condition)
                    )
                }
                None => format!("fetches the rows found below from {object}"),
            },
            "BitmapOr" => "takes the rows that any of these finds".to_owned(),
            "BitmapAnd" => "takes the rows that all of these find".to_owned(),
            "Tid Scan" | "Tid Range Scan" => format!("reads rows of {object} by their place"),
            "Sort" => match text(value, "Sort Space Type").as_deref() {
                Some("Memory") => format!("sorts by {} in memory", self.keys(value, "Sort Key")),
                Some("Disk") => format!("sorts by {} on disk", self.keys(value, "Sort Key")),
                _ => format!("sorts by {}", self.keys(value, "Sort Key")),
            },
            "Incremental Sort" => format!(
                "sorts by {}, ordered by {} already",
                self.keys(value, "Sort Key"),
                self.keys(value, "Presorted Key")
            ),
            "Limit" => "ends after the rows that are asked for".to_owned(),
            "Aggregate" => self.aggregate(value),
            "Group" => format!("groups by {}", self.keys(value, "Group Key")),
            "Unique" => "drops rows that are equal to the one before".to_owned(),
            "WindowAgg" => "computes window functions".to_owned(),
            "Hash Join" => join(value, "by a hash", "Hash Cond"),
            "Merge Join" => join(value, "two ordered sources", "Merge Cond"),
            "Nested Loop" => match text(value, "Join Filter") {
                Some(_) => join(value, "each row of the first with every row of the second", "Join Filter"),
                None => join(value, "each row of the first with the rows that the second gives for it", ""),
            },
            "ModifyTable" => write_words(value, object),
            _ => self.other(value, node),
        }
    }

    fn aggregate(&self, value: &Value) -> String {
        let keys = self.keys(value, "Group Key");
        match (text(value, "Strategy").as_deref(), keys.as_str()) {
            (_, "") => "computes one row over all".to_owned(),
            (Some("Hashed"), keys) => format!("groups by {keys} in a hash"),
            (_, keys) => format!("groups by {keys}"),
        }
    }

    fn other(&self, value: &Value, node: &PlanNode) -> String {
        let named = |key: &str| text(value, key).unwrap_or_default();
        match node.native.as_str() {
            "Append" => "reads one source after the other".to_owned(),
            "Merge Append" => format!("merges ordered sources by {}", self.keys(value, "Sort Key")),
            "Hash" => "builds a hash of".to_owned(),
            "Materialize" => "keeps these rows for later rounds".to_owned(),
            "Memoize" => format!("remembers rows by {}", named("Cache Key")),
            "Gather" | "Gather Merge" => {
                let workers = count(value, "Workers Planned").unwrap_or_default();
                format!("gathers the rows of {workers} parallel workers")
            }
            "Subquery Scan" => format!("takes the rows of the subquery {}", named("Alias")),
            "CTE Scan" => format!("reads the rows of WITH {}", named("CTE Name")),
            "WorkTable Scan" => "reads the rows of the round before".to_owned(),
            "Recursive Union" => "repeats until no row is new".to_owned(),
            "Function Scan" => format!("calls {}", named("Function Name")),
            "Values Scan" => "reads the rows of VALUES".to_owned(),
            "Foreign Scan" => format!("asks another server for {}", node.object.as_deref().unwrap_or("rows")),
            "LockRows" => "locks the rows".to_owned(),
            "Result" => match &node.condition {
                Some(condition) => format!("computes a row where {}", bare(condition)),
                None => "computes a row".to_owned(),
            },
            "SetOp" => format!("compares both sources ({})", named("Command")),
            "ProjectSet" => "calls functions that give several rows".to_owned(),
            native => format!("does what PostgreSQL calls {native}"),
        }
    }
}

/// The pages from memory and from disk.
fn over_blocks(value: &Value) -> Option<(u64, u64)> {
    let sum = |what: &str| {
        let kinds = ["Shared", "Local"].map(|kind| count(value, &format!("{kind} {what} Blocks")));
        kinds.into_iter().flatten().reduce(|a, b| a + b)
    };
    sum("Hit").zip(sum("Read"))
}

fn kind(native: &str) -> PlanKind {
    match native {
        "Seq Scan" => PlanKind::WholeScan,
        "Index Scan" | "Index Only Scan" | "Bitmap Index Scan" => PlanKind::IndexScan,
        "Sort" | "Incremental Sort" => PlanKind::Sort,
        "Hash Join" | "Merge Join" | "Nested Loop" => PlanKind::Join,
        "Aggregate" | "Group" | "WindowAgg" => PlanKind::Aggregate,
        "Limit" => PlanKind::Limit,
        "ModifyTable" => PlanKind::Write,
        _ => PlanKind::Other,
    }
}

fn join(value: &Value, how: &str, condition: &str) -> String {
    let kind = match text(value, "Join Type").as_deref() {
        Some("Left") => "joins, keeping the first's rows without a partner,",
        Some("Right") => "joins, keeping the second's rows without a partner,",
        Some("Full") => "joins, keeping both sides' rows without a partner,",
        Some("Semi") => "keeps rows that have a partner, matching",
        Some("Anti") => "keeps rows that have no partner, matching",
        _ => "joins",
    };
    match text(value, condition) {
        Some(condition) => format!("{kind} {how} on {}", bare(&condition)),
        None => format!("{kind} {how}"),
    }
}

fn write_words(value: &Value, object: &str) -> String {
    match text(value, "Operation").as_deref() {
        Some("Insert") => format!("inserts into {object}"),
        Some("Update") => format!("updates {object}"),
        Some("Delete") => format!("deletes from {object}"),
        Some("Merge") => format!("merges into {object}"),
        _ => format!("changes {object}"),
    }
}

/// The expression without the names of tables before columns.
fn unqualified(expression: &str) -> String {
    strip(expression, |_| true)
}

/// The expression without this table's name before its columns.
fn without_alias(expression: &str, alias: Option<&str>) -> String {
    match alias {
        Some(alias) => strip(expression, |name| name == alias),
        None => expression.to_owned(),
    }
}

/// Leaves out every name that is followed by a point and another name, where `drops` says so.
fn strip(expression: &str, drops: impl Fn(&str) -> bool) -> String {
    let pieces = pieces(expression);
    let is_name = |kind: PieceKind| matches!(kind, PieceKind::Word | PieceKind::QuotedName);
    let mut out = String::with_capacity(expression.len());
    let mut from = 0;
    for (index, piece) in pieces.iter().enumerate() {
        let (Some(point), Some(next)) = (pieces.get(index + 1), pieces.get(index + 2)) else { break };
        let after_point =
            index.checked_sub(1).is_some_and(|before| pieces[before].kind == PieceKind::Symbol('.'));
        let raw = &expression[piece.range.clone()];
        let name = raw
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .map_or_else(|| raw.to_owned(), |inner| inner.replace("\"\"", "\""));
        let follows = point.kind == PieceKind::Symbol('.') && is_name(next.kind);
        if is_name(piece.kind) && follows && !after_point && drops(&name) {
            out.push_str(&expression[from..piece.range.start]);
            from = point.range.end;
        }
    }
    out.push_str(&expression[from..]);
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(tree: &Value, analyzed: bool) -> Plan {
        let rows = TableRows::from([(("public".to_owned(), "trips".to_owned()), 12_000)]);
        let document = json!([{ "Plan": tree, "Planning Time": 0.5, "Execution Time": 9.5,
            "Triggers": [{ "Trigger Name": "kept", "Calls": 2, "Time": 0.25 }] }]);
        plan(&document, "public", &rows, analyzed).unwrap()
    }

    fn words(plan: &Plan) -> Vec<String> {
        let mut found = Vec::new();
        plan.root.visit(&mut |node| found.push(node.what.clone()));
        found
    }

    #[test]
    fn a_run_is_read_over_all_rounds() {
        let tree = json!({ "Node Type": "Sort", "Sort Key": ["t.made DESC"], "Sort Space Type": "Disk", "Sort Space Used": 2048,
            "Total Cost": 300.0, "Plan Rows": 10, "Actual Total Time": 9.0, "Actual Rows": 300.0, "Actual Loops": 1,
            "Plans": [{ "Node Type": "Seq Scan", "Relation Name": "trips", "Schema": "public", "Alias": "t",
                "Filter": "(t.status = 'a.t.b'::text)", "Total Cost": 250.0, "Plan Rows": 10, "Actual Total Time": 4.0,
                "Actual Rows": 150.00, "Actual Loops": 2, "Rows Removed by Filter": 5850,
                "Shared Hit Blocks": 3, "Shared Read Blocks": 7 }] });
        let plan = read(&tree, true);
        assert_eq!(
            words(&plan),
            [
                "sorts by made DESC on disk",
                "scans the whole table trips (about 12 000 rows) keeping rows where status = 'a.t.b'::text"
            ]
        );
        assert_eq!((plan.rows_returned, plan.rows_examined), (Some(300), Some(12_000)));
        assert_eq!(plan.notes, ["the trigger kept ran 2 times in 0.250 ms"]);
        assert_eq!(plan.root.notes, ["the sort did not fit into work_mem: 2048 kB went to disk"]);
        let scan = &plan.root.children[0];
        assert_eq!((scan.time_ms, scan.loops, scan.costliest), (Some(8.0), Some(2), true));
        assert_eq!(scan.notes, ["3 pages came from memory, 7 from disk"]);
    }

    #[test]
    fn bitmaps_and_subplans_belong_to_their_table() {
        let tree = json!({ "Node Type": "Bitmap Heap Scan", "Relation Name": "trips", "Schema": "other", "Alias": "trips",
            "Recheck Cond": "(trips.id = 1)", "Filter": "((SubPlan 1) > 0)", "Total Cost": 900.0, "Plan Rows": 5,
            "Plans": [
                { "Node Type": "BitmapOr", "Total Cost": 9.0, "Plan Rows": 5, "Plans": [
                    { "Node Type": "Bitmap Index Scan", "Index Name": "trips_pkey", "Index Cond": "(trips.id = 1)",
                        "Total Cost": 4.0, "Plan Rows": 5 }] },
                { "Node Type": "Aggregate", "Parent Relationship": "SubPlan", "Subplan Name": "SubPlan 1", "Strategy": "Plain",
                    "Total Cost": 100.0, "Plan Rows": 1 }] });
        let plan = read(&tree, false);
        assert_eq!(
            words(&plan),
            [
                "fetches the rows found below from other.trips, keeping rows where (SubPlan 1) > 0",
                "takes the rows that any of these finds",
                "reads the index trips_pkey of other.trips for (id = 1)",
                "where it is asked for: computes one row over all"
            ]
        );
        // The subplan runs once for each of five rows.
        let subplan = &plan.root.children[1];
        assert_eq!((subplan.cost, subplan.costliest), (Some(500.0), true));
        assert_eq!((plan.rows_returned, plan.rows_examined), (None, None));
    }

    #[test]
    fn only_the_tables_own_name_is_left_out() {
        for (given, expected) in [
            ("(t.id = u.id)", "(id = u.id)"),
            ("(\"T\".id = 't.id'::text)", "(\"T\".id = 't.id'::text)"),
            ("(lower(t.name) = s.t.name)", "(lower(name) = s.t.name)"),
        ] {
            assert_eq!(without_alias(given, Some("t")), expected);
        }
        assert_eq!(without_alias("(\"T\".id = 1)", Some("T")), "(id = 1)");
    }

    #[test]
    fn what_is_no_plan_is_an_error() {
        for document in [json!(null), json!([]), json!([{ "Query": 1 }])] {
            assert!(plan(&document, "public", &TableRows::new(), false).is_err());
        }
    }
}
