//! How the server answers a query: EXPLAIN, in a transaction that is always rolled back.
//!
//! The query travels through the extended protocol, where the server itself refuses a text of several statements.

mod read;

use std::collections::BTreeMap;
use std::error::Error as StdError;

use serde_json::Value;
use tokio_postgres::error::ErrorPosition;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type};
use tokio_postgres::{Error, Row};
use whimbrel_engine::{EngineError, ExplainRequest, Plan, Result};

use crate::apply::{piece_at, source_code};
use crate::connection::Postgres;
use crate::failure::{is_lost, reason};
use crate::quote::literal;

/// The prepared statement, and the savepoint after it, that stand for a query whose parameters have no values. `GENERIC_PLAN`
/// would need no statement, but the servers that have it do not take its parameters through the extended protocol.
const PREPARED: &str = "whimbrel_explained";

/// A parameter's value as text: the server knows its type.
#[derive(Debug)]
struct TextValue<'a>(&'a str);

impl ToSql for TextValue<'_> {
    fn to_sql(
        &self,
        _ty: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn StdError + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_ty: &Type) -> bool {
        true
    }

    fn encode_format(&self, _ty: &Type) -> Format {
        Format::Text
    }

    fn to_sql_checked(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn StdError + Sync + Send>> {
        self.to_sql(ty, out)
    }
}

/// The text of a column of type `json`.
struct JsonText(String);

impl<'a> FromSql<'a> for JsonText {
    fn from_sql(_ty: &Type, raw: &'a [u8]) -> std::result::Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(JsonText(std::str::from_utf8(raw)?.to_owned()))
    }

    fn accepts(_ty: &Type) -> bool {
        true
    }
}

/// What failed, and how many characters stood before the query in the text that was sent.
struct Failed {
    error: Error,
    lead: usize,
}

impl Postgres {
    /// Explains a query, and leaves nothing behind.
    pub(crate) async fn explain_query(&mut self, request: &ExplainRequest) -> Result<Plan> {
        let begun = match self.begin_explaining(request).await {
            Ok(()) => self.explained(request).await,
            Err(error) => Err(Failed { error, lead: 0 }),
        };
        let outcome = match begun {
            Ok(document) => Ok((self.rows_of_tables(&document).await, document)),
            Err(failed) => Err(failed),
        };
        if is_generic(request) {
            // It would outlive the transaction; where this fails, it was not prepared, or the connection is gone.
            let forget = format!("ROLLBACK TO SAVEPOINT {PREPARED}; DEALLOCATE {PREPARED}");
            drop(self.client.batch_execute(&forget).await);
        }
        self.roll_back().await;
        let (rows, document) = outcome.map_err(|failed| self.query_refused(&failed, request))?;
        let plan = read::plan(&document, &self.schema, &rows?, request.analyze);
        let unreadable =
            |reason: String| EngineError::Refused { doing: "reading the plan".to_owned(), reason };
        let mut plan = plan.map_err(unreadable)?;
        if is_generic(request) {
            plan.notes.push(
                "the plan holds for any value of the parameters; --param VALUE, once for each, gives the plan for \
                 these values"
                    .to_owned(),
            );
        }
        Ok(plan)
    }

    async fn begin_explaining(&self, request: &ExplainRequest) -> std::result::Result<(), Error> {
        let mut opening = self.begin();
        if !request.analyze || !request.writes {
            opening.push_str("; SET TRANSACTION READ ONLY");
        }
        opening.push_str(&format!("; SET LOCAL statement_timeout = {}", request.timeout.as_millis().max(1)));
        if is_generic(request) {
            opening.push_str("; SET LOCAL plan_cache_mode = force_generic_plan");
        }
        self.client.batch_execute(&opening).await
    }

    /// The server's explanation.
    async fn explained(&self, request: &ExplainRequest) -> std::result::Result<Value, Failed> {
        let query = &*request.source.text;
        let values: Vec<TextValue<'_>> = request.parameters.iter().map(|value| TextValue(value)).collect();
        let parameters: Vec<(&(dyn ToSql + Sync), Type)> =
            values.iter().map(|value| (value as &(dyn ToSql + Sync), Type::UNKNOWN)).collect();
        let options =
            if request.analyze { "ANALYZE, BUFFERS, VERBOSE, FORMAT JSON" } else { "VERBOSE, FORMAT JSON" };
        let mut lead = format!("EXPLAIN ({options}) ");
        let mut sql = format!("{lead}{query}");
        if is_generic(request) {
            lead = format!("PREPARE {PREPARED} AS ");
            let prepared = self.client.query_typed(&format!("{lead}{query}"), &[]).await;
            prepared.map_err(|error| Failed { error, lead: lead.chars().count() })?;
            let saved = self.client.batch_execute(&format!("SAVEPOINT {PREPARED}")).await;
            saved.map_err(|error| Failed { error, lead: 0 })?;
            let nulls = vec!["NULL"; request.parameter_count].join(", ");
            sql = format!("EXPLAIN ({options}) EXECUTE {PREPARED} ({nulls})");
        }
        let failed = |error: Error| Failed { error, lead: lead.chars().count() };
        let rows = self.client.query_typed(&sql, &parameters).await.map_err(failed)?;
        let text: JsonText = match rows.first() {
            Some(row) => row.try_get(0).map_err(failed)?,
            None => JsonText(String::new()),
        };
        Ok(serde_json::from_str(&text.0).unwrap_or(Value::Null))
    }

    /// The rows of every table in the plan, by the server's statistics; a table without any is left out.
    async fn rows_of_tables(&self, document: &Value) -> Result<BTreeMap<(String, String), u64>> {
        let names = read::relations(document);
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        let list: Vec<String> =
            names.iter().map(|(schema, name)| format!("({}, {})", literal(schema), literal(name))).collect();
        let sql = format!(
            "SELECT n.nspname::text, c.relname::text, c.reltuples::bigint FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE (n.nspname, c.relname) IN ({})",
            list.join(", ")
        );
        let rows = self.client.query_typed(&sql, &[]).await;
        let rows = rows.map_err(|error| self.failed(&error, "reading the tables' statistics"))?;
        let counted = |row: &Row| {
            let rows = u64::try_from(row.get::<_, i64>(2)).ok()?;
            Some(((row.get(0), row.get(1)), rows))
        };
        Ok(rows.iter().filter_map(counted).collect())
    }

    /// The server's words about the query, with the place that it named.
    fn query_refused(&self, failed: &Failed, request: &ExplainRequest) -> EngineError {
        let Failed { error, lead } = failed;
        let Some(server) = error.as_db_error() else {
            if is_lost(error) {
                return self.failed(error, "explaining the query");
            }
            return refused(request, error.to_string(), CORRECT, None);
        };
        let code = server.code().code();
        if matches!(code, "42501") || code.starts_with("08") || code.starts_with("57P") {
            return self.failed(error, "explaining the query");
        }
        let help = match code {
            "57014" => {
                "the query ran longer than it may: raise --timeout, or leave --analyze out for the plan alone"
            }
            "25006" => {
                "the query calls what writes, and runs where nothing can be written: leave --analyze out for the plan alone"
            }
            _ => CORRECT,
        };
        let place = match server.position() {
            Some(ErrorPosition::Original(position)) => {
                let characters = usize::try_from(*position).unwrap_or_default();
                characters.checked_sub(1 + lead).and_then(|at| piece_at(&request.source.text, at))
            }
            _ => None,
        };
        refused(request, reason(server), help, place)
    }
}

/// Whether the plan is to hold for any value of the parameters.
fn is_generic(request: &ExplainRequest) -> bool {
    request.parameter_count > 0 && request.parameters.is_empty()
}

/// What to do about a query that the server does not understand.
const CORRECT: &str = "correct the query and run the same command again; `whimbrel schema print --format sql` shows the \
     tables and columns";

fn refused(
    request: &ExplainRequest,
    reason: String,
    help: &str,
    place: Option<std::ops::Range<usize>>,
) -> EngineError {
    let place = place.unwrap_or(0..request.source.text.trim_end().len());
    EngineError::QueryRefused {
        reason,
        help: help.to_owned(),
        source_code: source_code(&request.source),
        span: (place.start, place.len()).into(),
    }
}
