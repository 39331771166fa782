//! One direction of a migration: its statements by what is committed together, and its text.

/// How a migration's statements are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Forms {
    /// So that a table in use stays usable: in several units where that takes it.
    #[default]
    Safe,
    /// One statement an operation, all in one transaction.
    Plain,
}

/// How many rows a backfill takes at a time: few enough that those who write them wait for a moment only.
pub const BATCH_ROWS: u32 = 2_000;

/// One direction of a migration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// What is committed together, in order. A section of one unit is one transaction.
    pub units: Vec<Unit>,
}

/// Statements that are committed together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// The statements in order.
    pub statements: Vec<UnitStatement>,
    /// The dialect that alone runs them (`postgres`, `sqlite`); none means every one.
    pub dialect: Option<&'static str>,
}

/// A statement without its semicolon, and how it is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitStatement {
    /// The statement.
    pub sql: String,
    /// Runs an UPDATE in batches; none runs it at once.
    pub batch: Option<BatchRows>,
}

/// The batches that an UPDATE is run in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRows {
    /// How many rows at a time.
    pub size: u32,
    /// The column whose ranges make the batches; none means the primary key of one column.
    pub key: Option<String>,
}

impl Unit {
    /// Statements that every dialect runs, committed together.
    #[must_use]
    pub fn together(statements: impl IntoIterator<Item = String>) -> Self {
        let statements = statements.into_iter().map(|sql| UnitStatement { sql, batch: None }).collect();
        Unit { statements, dialect: None }
    }

    /// One statement by itself.
    #[must_use]
    pub fn alone(sql: String) -> Self {
        Unit::together([sql])
    }

    /// An UPDATE that is run in batches.
    #[must_use]
    pub fn in_batches(sql: String, key: Option<String>) -> Self {
        let batch = Some(BatchRows { size: BATCH_ROWS, key });
        Unit { statements: vec![UnitStatement { sql, batch }], dialect: None }
    }

    /// The same for one dialect alone.
    #[must_use]
    pub fn only(mut self, dialect: &'static str) -> Self {
        self.dialect = Some(dialect);
        self
    }

    /// Whether it is a statement that PostgreSQL refuses in a transaction.
    fn is_concurrent(&self) -> bool {
        self.statements.iter().any(|statement| statement.sql.contains(" CONCURRENTLY "))
    }
}

impl Section {
    /// The statements that a dialect runs, in order.
    pub fn statements<'a>(&'a self, dialect: &'a str) -> impl Iterator<Item = &'a str> {
        self.units
            .iter()
            .filter(move |unit| unit.dialect.is_none_or(|only| only == dialect))
            .flat_map(|unit| unit.statements.iter().map(|statement| statement.sql.as_str()))
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// Writes the statements with the directives that say how they are run.
    #[must_use]
    pub fn text(&self) -> String {
        let mut writer = Writer { text: String::new(), dialect: None, together: None };
        if self.needs_directives() {
            writer.together = Some(false);
            // Where the first unit says `on`, nothing before it needs to say `off`.
            if self.units.first().is_some_and(|unit| unit.statements.len() == 1) {
                writer.directive("transaction off");
            }
        }
        for unit in &self.units {
            writer.unit(unit);
        }
        writer.enter_dialect(None);
        writer.text
    }

    /// A section that holds a CONCURRENTLY statement is run statement by statement without being told.
    fn needs_directives(&self) -> bool {
        let told = self.units.iter().all(|unit| unit.statements.len() == 1 && unit.dialect.is_none())
            && self.units.iter().any(Unit::is_concurrent);
        self.units.len() > 1 && !told
    }
}

struct Writer {
    text: String,
    dialect: Option<&'static str>,
    /// Whether the statements that follow are one unit; none where no directive is needed.
    together: Option<bool>,
}

impl Writer {
    fn unit(&mut self, unit: &Unit) {
        self.enter_dialect(unit.dialect);
        match (self.together, unit.statements.len()) {
            (None, _) | (Some(false), 1) => {}
            (Some(true), 1) => {
                self.directive("transaction off");
                self.together = Some(false);
            }
            (Some(_), _) => {
                self.directive("transaction on");
                self.together = Some(true);
            }
        }
        for statement in &unit.statements {
            self.text.push('\n');
            if let Some(batch) = &statement.batch {
                let key = batch.key.as_ref().map(|key| format!(" key={key}")).unwrap_or_default();
                self.text.push_str(&format!("-- whimbrel:batch size={}{key}\n", batch.size));
            }
            self.text.push_str(&format!("{};\n", statement.sql));
        }
    }

    fn enter_dialect(&mut self, dialect: Option<&'static str>) {
        if self.dialect != dialect {
            self.directive(&format!("engine {}", dialect.unwrap_or("any")));
            self.dialect = dialect;
        }
    }

    fn directive(&mut self, words: &str) {
        self.text.push_str(&format!("\n-- whimbrel:{words}\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn together(statements: &[&str]) -> Unit {
        Unit::together(statements.iter().map(|sql| (*sql).to_owned()))
    }

    fn text(units: Vec<Unit>) -> String {
        Section { units }.text()
    }

    #[test]
    fn one_unit_is_a_plain_file() {
        assert_eq!(text(vec![together(&["a", "b"])]), "\na;\n\nb;\n");
        assert_eq!(
            text(vec![together(&["CREATE INDEX CONCURRENTLY i"])]),
            "\nCREATE INDEX CONCURRENTLY i;\n"
        );
    }

    #[test]
    fn a_concurrent_statement_says_by_itself_that_the_file_is_split() {
        let concurrent = together(&["DROP INDEX CONCURRENTLY i"]);
        assert_eq!(text(vec![together(&["a"]), concurrent.clone()]), "\na;\n\nDROP INDEX CONCURRENTLY i;\n");
        assert_eq!(
            text(vec![together(&["a", "b"]), concurrent]),
            "
-- whimbrel:transaction on

a;

b;

-- whimbrel:transaction off

DROP INDEX CONCURRENTLY i;
"
        );
    }

    #[test]
    fn neighbouring_transactions_are_told_apart_and_dialects_end() {
        let units = vec![
            together(&["a", "b"]),
            together(&["c", "d"]).only("postgres"),
            Unit::in_batches("UPDATE t".to_owned(), Some("id".to_owned())).only("postgres"),
            together(&["e", "f"]).only("sqlite"),
        ];
        let section = Section { units };
        assert_eq!(
            section.text(),
            "
-- whimbrel:transaction on

a;

b;

-- whimbrel:engine postgres

-- whimbrel:transaction on

c;

d;

-- whimbrel:transaction off

-- whimbrel:batch size=2000 key=id
UPDATE t;

-- whimbrel:engine sqlite

-- whimbrel:transaction on

e;

f;

-- whimbrel:engine any
"
        );
        assert_eq!(section.statements("sqlite").collect::<Vec<_>>(), ["a", "b", "e", "f"]);
    }
}
