//! Why a table is read whole: only what the plan and the catalogue say.

use whimbrel_engine::{PlanNode, grouped};
use whimbrel_schema::catalog::{IndexDefinition, IndexPartTarget, Table};

use super::predicate::{Form, Predicate, parts, predicates, spelling};

/// A table of fewer rows is read whole within a moment: an index would hardly help.
pub(super) const FEW_ROWS: u64 = 1_000;

/// Why a scan uses no index, and what would help.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reasons {
    /// A sentence each.
    pub(super) sentences: Vec<String>,
    /// The columns that no index begins with, where one would help.
    pub(super) wanted: Vec<String>,
    /// An index that would answer if it were valid.
    pub(super) invalid: Option<String>,
}

/// One index of a table, whatever made it.
struct Known<'a> {
    name: &'a str,
    first: First<'a>,
    others: Vec<&'a str>,
    method: &'a str,
    definition: Option<&'a IndexDefinition>,
}

#[derive(Clone, Copy)]
enum First<'a> {
    Column(&'a str),
    Expression(&'a str),
}

/// Says why this node reads the whole table.
pub(super) fn of_table(node: &PlanNode, table: &Table) -> Reasons {
    let mut reasons = Reasons::default();
    let Some(condition) = &node.condition else {
        reasons
            .say("the query asks nothing of this table's rows alone, so that no index could leave rows out");
        return reasons;
    };
    let alias = node.alias.as_deref();
    let asked = predicates(condition, table, alias);
    if asked.is_empty() {
        reasons.say("the condition names no column of this table, so that no index could answer it");
        return reasons;
    }
    let known = indexes(table);
    let said = parts(condition);
    let mut answerable: Vec<&str> = Vec::new();
    for predicate in &asked {
        match &predicate.form {
            Form::Column { .. } => answerable.extend(predicate.columns.iter().map(String::as_str)),
            _ => reasons.of_form(predicate, &known, &said, node),
        }
    }
    reasons.of_columns(&answerable, &asked, &known, &said, node, table);
    reasons
}

impl Reasons {
    /// One sentence, and nothing that would help.
    pub(super) fn one(sentence: &str) -> Self {
        Reasons { sentences: vec![sentence.to_owned()], ..Reasons::default() }
    }

    pub(super) fn say(&mut self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        if !self.sentences.contains(&sentence) {
            self.sentences.push(sentence);
        }
    }

    /// What an ordered index over the column itself cannot answer.
    fn of_form(&mut self, predicate: &Predicate, known: &[Known<'_>], said: &[String], node: &PlanNode) {
        let columns = predicate.columns.join(", ");
        match &predicate.form {
            Form::Column { .. } => {}
            Form::Prefix => self.say(format!(
                "`{}`: a btree index answers it where it orders by characters (the operator class text_pattern_ops, or the \
                 collation \"C\")",
                predicate.text
            )),
            Form::LeadingWildcard => self.say(format!(
                "`{}`: the pattern begins with a wildcard, so that an ordered index has no place to begin",
                predicate.text
            )),
            Form::Operator(operator) => {
                let other = known.iter().find(|index| {
                    index.method != "btree" && matches!(index.first, First::Column(name) if predicate.columns.iter().any(|column| column == name))
                });
                match other {
                    Some(index) => self.say(format!(
                        "{} is a {} index on {columns} and was not taken for `{}`",
                        index.name, index.method, predicate.text
                    )),
                    None => self.say(format!("no btree index answers {operator} (`{}`)", predicate.text)),
                }
            }
            Form::Expression(text) | Form::Cast(text) => {
                let same = known.iter().find(
                    |index| matches!(index.first, First::Expression(of) if spelling(of) == spelling(text)),
                );
                match same {
                    Some(index) => self.of_candidate(index, said, node),
                    None => {
                        let what =
                            if matches!(predicate.form, Form::Cast(_)) { "a cast" } else { "an expression" };
                        self.say(format!(
                            "`{text}` is {what} over {columns}: an index on the column does not hold it, and no index is on \
                             the expression"
                        ));
                    }
                }
            }
            Form::Either => self.say(format!(
                "`{}`: one of several conditions is enough, so that each of them would need an index",
                predicate.text
            )),
            Form::Columns => self.say(format!("`{}` compares columns, which no index answers", predicate.text)),
        }
    }

    /// What there is of indexes on the columns that an index could answer for.
    fn of_columns(
        &mut self,
        answerable: &[&str],
        asked: &[Predicate],
        known: &[Known<'_>],
        said: &[String],
        node: &PlanNode,
        table: &Table,
    ) {
        if answerable.is_empty() {
            return;
        }
        let candidates: Vec<&Known<'_>> = known
            .iter()
            .filter(|index| matches!(index.first, First::Column(name) if answerable.contains(&name)))
            .collect();
        let mut is_usable = false;
        for index in &candidates {
            let First::Column(first) = index.first else { continue };
            let is_equality = asked.iter().any(|predicate| {
                predicate.columns == [first] && predicate.form == Form::Column { is_equality: true }
            });
            match index.method {
                "hash" if !is_equality => {
                    self.say(format!("{} is a hash index, which answers = alone", index.name));
                }
                "btree" | "hash" => {
                    self.of_candidate(index, said, node);
                    is_usable |= index
                        .definition
                        .is_none_or(|definition| !definition.invalid && definition.predicate.is_none());
                }
                method => {
                    let sentence = format!("{} on {first} is a {method} index and was not taken", index.name);
                    self.say(sentence);
                }
            }
        }
        if is_usable || self.invalid.is_some() {
            return;
        }
        let list = answerable.join(", ");
        if candidates.is_empty() {
            self.say(format!("no index of {} begins with {list}", table.name));
        }
        for index in known {
            if let Some(column) = answerable.iter().find(|column| index.others.contains(*column)) {
                self.say(format!("{} holds {column}, but not as its first column", index.name));
            }
        }
        if node.table_rows.is_some_and(|rows| rows < FEW_ROWS) {
            let rows = grouped(node.table_rows.unwrap_or_default());
            self.say(format!("the table has about {rows} rows: an index would hardly help"));
        } else {
            self.wanted = answerable.iter().map(|column| (*column).to_owned()).collect();
            self.wanted.dedup();
        }
    }

    /// Why an index that begins rightly was not taken.
    fn of_candidate(&mut self, index: &Known<'_>, said: &[String], node: &PlanNode) {
        let name = index.name;
        if let Some(definition) = index.definition {
            if definition.invalid {
                self.invalid = Some(name.to_owned());
                self.say(format!("{name} would answer, and is invalid: its build failed, or goes on"));
                return;
            }
            if let Some(predicate) = &definition.predicate {
                let held = parts(predicate).iter().all(|part| said.contains(part));
                if !held {
                    self.say(format!(
                        "{name} is partial: it holds only rows where {predicate}, and the condition does not say so in these words"
                    ));
                    return;
                }
            }
        }
        let size = match (node.table_rows, node.estimated_rows) {
            (Some(rows), _) if rows < FEW_ROWS => {
                format!(": the table is small (about {} rows)", grouped(rows))
            }
            (Some(rows), Some(kept)) => {
                format!(": about {} of {} rows are kept", grouped(kept), grouped(rows))
            }
            _ => String::new(),
        };
        self.say(format!(
            "{name} could answer, and the planner holds reading the whole table for cheaper{size}"
        ));
    }
}

/// Every index of the table, those of its constraints first.
fn indexes(table: &Table) -> Vec<Known<'_>> {
    let mut found = Vec::new();
    let key = table.primary_key.iter().map(|key| (key.name.as_str(), &key.columns));
    let uniques = table.uniques.iter().map(|unique| (unique.name.as_str(), &unique.columns));
    for (name, columns) in key.chain(uniques) {
        let Some((first, others)) = columns.split_first() else { continue };
        found.push(Known {
            name,
            first: First::Column(first),
            others: others.iter().map(String::as_str).collect(),
            method: "btree",
            definition: None,
        });
    }
    for index in &table.indexes {
        let Some((first, others)) = index.keys.split_first() else { continue };
        let first = match &first.target {
            IndexPartTarget::Column(name) => First::Column(name),
            IndexPartTarget::Expression(text) => First::Expression(text),
        };
        let others = others.iter().filter_map(|key| match &key.target {
            IndexPartTarget::Column(name) => Some(name.as_str()),
            IndexPartTarget::Expression(_) => None,
        });
        found.push(Known {
            name: &index.name,
            first,
            others: others.collect(),
            method: &index.method,
            definition: Some(index),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use whimbrel_engine::PlanKind;
    use whimbrel_schema::catalog::{Column, ColumnType, IndexPart, QualifiedName};

    use super::*;

    fn index(name: &str, target: IndexPartTarget) -> IndexDefinition {
        IndexDefinition {
            name: name.to_owned(),
            method: "btree".to_owned(),
            keys: vec![IndexPart {
                target,
                descending: false,
                nulls_first: false,
                operator_class: None,
                collation: None,
            }],
            unique: false,
            nulls_not_distinct: false,
            predicate: None,
            include: Vec::new(),
            with: Vec::new(),
            invalid: false,
        }
    }

    fn table(indexes: Vec<IndexDefinition>) -> Table {
        let mut table = Table::new(QualifiedName::plain("trips"));
        table.columns = vec![
            Column::new("status", ColumnType::Text),
            Column::new("made", ColumnType::TimestampTz),
            Column::new("tags", ColumnType::Jsonb),
        ];
        table.indexes = indexes;
        table
    }

    fn told(condition: Option<&str>, rows: Option<u64>, indexes: Vec<IndexDefinition>) -> Reasons {
        let mut node = PlanNode::new(PlanKind::WholeScan, "Seq Scan", "");
        node.condition = condition.map(str::to_owned);
        (node.table_rows, node.estimated_rows) = (rows, Some(4_000));
        of_table(&node, &table(indexes))
    }

    #[test]
    fn what_the_catalogue_says_of_each_index() {
        let on_status = || index("by_status", IndexPartTarget::Column("status".to_owned()));
        let invalid = IndexDefinition { invalid: true, ..on_status() };
        let partial = IndexDefinition { predicate: Some("made IS NULL".to_owned()), ..on_status() };
        let hash = IndexDefinition { method: "hash".to_owned(), ..on_status() };
        let mut second = index("by_made", IndexPartTarget::Column("made".to_owned()));
        second.keys.extend(on_status().keys);
        let lower = index("by_lower", IndexPartTarget::Expression("lower(status)".to_owned()));
        let many = Some(12_000);
        for (condition, rows, indexes, expected) in [
            ("(status = 'a')", many, vec![], "no index of trips begins with status"),
            ("(status = 'a')", many, vec![second], "by_made holds status, but not as its first column"),
            (
                "(status = 'a')",
                many,
                vec![invalid],
                "by_status would answer, and is invalid: its build failed, or goes on",
            ),
            (
                "(status = 'a')",
                many,
                vec![partial.clone()],
                "by_status is partial: it holds only rows where made IS NULL, and the condition does not say so in these words",
            ),
            (
                "((made IS NULL) AND (status = 'a'))",
                many,
                vec![partial],
                "by_status could answer, and the planner holds reading the whole table for cheaper: about 4 000 of 12 000 rows are kept",
            ),
            (
                "(status = 'a')",
                Some(12),
                vec![on_status()],
                "by_status could answer, and the planner holds reading the whole table for cheaper: the table is small (about 12 rows)",
            ),
            ("(status > 'a')", many, vec![hash], "by_status is a hash index, which answers = alone"),
            (
                "(lower(status) = 'a')",
                many,
                vec![lower],
                "by_lower could answer, and the planner holds reading the whole table for cheaper: about 4 000 of 12 000 rows are kept",
            ),
            ("(tags @> '{}')", many, vec![on_status()], "no btree index answers @> (`tags @> '{}'`)"),
        ] {
            let reasons = told(Some(condition), rows, indexes);
            assert!(
                reasons.sentences.iter().any(|sentence| sentence == expected),
                "{condition}: {reasons:?}"
            );
        }
    }

    #[test]
    fn an_index_is_wanted_where_it_would_help() {
        assert_eq!(told(Some("(status = 'a')"), None, vec![]).wanted, ["status"]);
        for (condition, rows) in
            [(None, Some(12_000)), (Some("(status = 'a')"), Some(12)), (Some("(lower(status) = 'a')"), None)]
        {
            let reasons = told(condition, rows, vec![]);
            assert!(reasons.wanted.is_empty() && !reasons.sentences.is_empty(), "{reasons:?}");
        }
    }
}
