//! Steps as a script for psql. Nothing is asked of a server.

use whimbrel_engine::{
    BATCH_VALUE, BatchTemplate, HistoryChange, JournalEntry, Result, ScriptWriter, Source, Statement, Step,
    Written,
};

use crate::control::{Control, control, refused};
use crate::lock::lock_key;
use crate::options::PostgresOptions;
use crate::own_tables::OwnTables;
use crate::quote::literal;
use crate::sql_scan::leading_words;
use crate::url::{address, session_settings};

/// How often the script asks for the deployers' lock before it gives up: 300 times, a fifth of a second apart.
const LOCK_ATTEMPTS: u32 = 300;
/// What stands for the cursor in a journal's row, within its quotes.
const CURSOR_PLACE: &str = "whimbrel:cursor";

/// Writes steps as a script for psql.
#[derive(Debug)]
pub struct PostgresScript {
    schema: String,
    lock_key: i64,
    /// `SET …` of every session.
    settings: Vec<String>,
    /// What gives `lock_timeout` its value back.
    lock_timeout: String,
}

impl PostgresScript {
    /// A script for the database that these options name.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn new(options: &PostgresOptions) -> Result<Self> {
        let database = address(options)?.target.database;
        let settings: Vec<String> = session_settings(options)
            .into_iter()
            .map(|(name, value)| match name {
                "search_path" => format!("SET {name} = {value};"),
                _ => format!("SET {name} = {};", literal(&value)),
            })
            .collect();
        let lock_timeout = settings.iter().find(|setting| setting.contains("lock_timeout")).cloned();
        Ok(PostgresScript {
            schema: options.schema.clone(),
            lock_key: lock_key(&database, &options.schema),
            settings,
            lock_timeout: lock_timeout.unwrap_or_else(|| "RESET lock_timeout;".to_owned()),
        })
    }

    fn own(&self) -> OwnTables<'_> {
        OwnTables { schema: &self.schema }
    }

    /// Puts back what the statements set for the session, where they do.
    fn reset(&self, statements: &[Statement]) -> String {
        let sets = |statement: &Statement| {
            let first = leading_words(&statement.sql, 1);
            first.first().is_some_and(|word| word == "set" || word == "reset")
                || statement.sql.to_ascii_lowercase().contains("set_config")
        };
        if !statements.iter().any(sets) {
            return String::new();
        }
        let settings = self.settings.join(" ");
        format!("RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; {settings}\n")
    }

    /// The batches' loop, as the body of a DO block.
    fn batch_body(&self, batch: &BatchTemplate, running: &JournalEntry, done: &JournalEntry) -> String {
        let table = &batch.table;
        let value = literal(BATCH_VALUE);
        let row = JournalEntry { cursor: Some(CURSOR_PLACE.to_owned()), ..running.clone() };
        let running = self.own().journal_sql(&row).replace(&literal(CURSOR_PLACE), "whimbrel_up_to");
        let done = self.own().journal_sql(done);
        let key = match &batch.key {
            Some(key) => format!("whimbrel_key := {};", literal(key)),
            None => format!(
                "SELECT a.attname INTO STRICT whimbrel_key FROM pg_catalog.pg_index i \
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
                 WHERE i.indrelid = {}::regclass AND i.indisprimary AND i.indnkeyatts = 1;",
                literal(table)
            ),
        };
        let limited = |condition: &str, variable: &str| {
            format!(
                "whimbrel_sql := replace(whimbrel_sql, replace({condition}, {place}, quote_ident(whimbrel_key)), \
                 CASE WHEN {variable} IS NULL THEN 'true' ELSE replace(replace({condition}, {place}, \
                 quote_ident(whimbrel_key)), {value}, quote_literal({variable})) END);",
                condition = literal(condition),
                place = literal(&batch.key_place),
                value = literal(&value),
            )
        };
        format!(
            "DECLARE\n  whimbrel_key text;\n  whimbrel_above text;\n  whimbrel_up_to text;\n  whimbrel_sql text;\n\
             BEGIN\n  {key}\n  LOOP\n    \
             EXECUTE format('SELECT %I::text FROM %s%s ORDER BY %I LIMIT 1 OFFSET {offset}', whimbrel_key, {table_text}, \
             CASE WHEN whimbrel_above IS NULL THEN '' ELSE format(' WHERE %I > %L', whimbrel_key, whimbrel_above) END, \
             whimbrel_key) INTO whimbrel_up_to;\n    \
             whimbrel_sql := replace({bounded}, {place}, quote_ident(whimbrel_key));\n    {above}\n    {up_to}\n    \
             EXECUTE whimbrel_sql;\n    \
             IF whimbrel_up_to IS NULL THEN\n      {done};\n    ELSE\n      {running};\n    END IF;\n    \
             COMMIT;\n    EXIT WHEN whimbrel_up_to IS NULL;\n    whimbrel_above := whimbrel_up_to;\n    \
             PERFORM pg_sleep({pause});\n  END LOOP;\nEND",
            offset = batch.size.saturating_sub(1),
            table_text = literal(table),
            bounded = literal(&batch.bounded),
            place = literal(&batch.key_place),
            above = limited(&batch.above, "whimbrel_above"),
            up_to = limited(&batch.up_to, "whimbrel_up_to"),
            pause = batch.pause.as_secs_f64(),
        )
    }
}

impl ScriptWriter for PostgresScript {
    fn dialect(&self) -> &'static str {
        "postgres"
    }

    fn opening(&mut self) -> String {
        let wait = format!(
            "DECLARE\n  attempt integer := 0;\nBEGIN\n  WHILE NOT pg_try_advisory_lock({key}) LOOP\n    \
             attempt := attempt + 1;\n    IF attempt > {LOCK_ATTEMPTS} THEN\n      \
             RAISE EXCEPTION 'another deployer holds the migration lock';\n    END IF;\n    \
             PERFORM pg_sleep(0.2);\n  END LOOP;\nEND",
            key = self.lock_key
        );
        format!(
            "-- Run it with: psql -X -f SCRIPT\n\\set ON_ERROR_STOP on\nSET client_min_messages = warning;\n{}\n{}{};\n",
            self.settings.join("\n"),
            block(&wait),
            self.own().create_tables_sql(),
        )
    }

    fn guard(&mut self, newest: Option<&str>) -> String {
        let newest = newest.unwrap_or("0");
        let body = format!(
            "DECLARE\n  newest text;\nBEGIN\n  SELECT version INTO newest FROM {history} ORDER BY version::numeric DESC LIMIT 1;\n  \
             IF ltrim(coalesce(newest, '0'), '0') <> ltrim({expected}, '0') THEN\n    \
             RAISE EXCEPTION 'this database is at %, and the script expects {newest} here', coalesce(newest, '0');\n  END IF;\n  \
             IF EXISTS (SELECT FROM {journal}) THEN\n    \
             RAISE EXCEPTION 'a migration was begun and is not finished' USING HINT = 'run whimbrel migrate, which goes on with it';\n  \
             END IF;\nEND",
            history = self.own().history_table(),
            journal = self.own().journal_table(),
            expected = literal(newest),
        );
        block(&body)
    }

    fn assume(&mut self, _step: &Step) -> Result<()> {
        Ok(())
    }

    fn runs_outside(&self, statement: &Statement) -> bool {
        control(&statement.sql) == Control::Outside
    }

    fn together(
        &mut self,
        source: &Source,
        statements: &[Statement],
        history: Option<&HistoryChange>,
        journal: Option<&JournalEntry>,
    ) -> Result<Written> {
        let mut text = "BEGIN;\n".to_owned();
        for statement in statements {
            let control = control(&statement.sql);
            if let Some(error) = refused(source, statement, control) {
                return Err(error);
            }
            text.push_str(&format!("{};\n", statement.sql));
        }
        if let Some(entry) = journal {
            text.push_str(&format!("{};\n", self.own().journal_sql(entry)));
        }
        if let Some(change) = history {
            text.push_str(&self.reset(statements));
            text.push_str(&format!("{};\n", self.own().change_sql(change)));
        }
        text.push_str("COMMIT;\n");
        Ok(text.into())
    }

    fn outside(&mut self, statement: &Statement, intent: &JournalEntry, done: &JournalEntry) -> Written {
        // A time-out would leave an INVALID index behind.
        format!(
            "{};\nSET lock_timeout = 0;\n{};\n{}\n{};\n",
            self.own().journal_sql(intent),
            statement.sql,
            self.lock_timeout,
            self.own().journal_sql(done)
        )
        .into()
    }

    fn batched(
        &mut self,
        _source: &Source,
        batch: &BatchTemplate,
        running: &JournalEntry,
        done: &JournalEntry,
    ) -> Result<Written> {
        let about = format!("-- {} rows at a time, each time one transaction\n", batch.size);
        Ok((about + &block(&self.batch_body(batch, running, done))).into())
    }

    fn finish(&mut self, change: &HistoryChange) -> String {
        let settings = self.settings.join(" ");
        format!(
            "BEGIN;\nRESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; {settings}\n{};\nDELETE FROM {};\nCOMMIT;\n",
            self.own().change_sql(change),
            self.own().journal_table()
        )
    }
}

/// A DO block around a body; its quotes are none that the body holds.
fn block(body: &str) -> String {
    let mut tag = "whimbrel".to_owned();
    while body.contains(&format!("${tag}$")) {
        tag.push('_');
    }
    format!("DO ${tag}$\n{body}\n${tag}$;\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_s_quotes_are_not_in_its_body() {
        assert_eq!(block("BEGIN END"), "DO $whimbrel$\nBEGIN END\n$whimbrel$;\n");
        assert!(block("x $whimbrel$ y").starts_with("DO $whimbrel_$\n"));
    }
}
