//! Dropping everything in scope.

use whimbrel_engine::{Result, Scope};

use crate::connection::Postgres;
use crate::introspect::{free_function, free_of_extensions};
use crate::quote::{identifier, literal_list, qualified};
use crate::result_set::RowText;

/// The table of the lock that is held meanwhile.
const LOCK: &str = crate::lease::LOCK;
/// The schema that stays, empty.
const KEPT_SCHEMA: &str = "public";

impl Postgres {
    pub(crate) async fn drop_everything(&self, scope: &Scope) -> Result<Vec<String>> {
        let doing = "dropping everything";
        let objects = self.run(&objects_sql(scope), doing).await?;
        let mut words = Vec::new();
        let mut statements = vec![self.begin()];
        statements.extend(self.fence());
        for row in objects.iter().flat_map(|set| &set.rows) {
            let (kind, schema, name) = (row.string(0), row.string(1), row.string(2));
            let shown = if schema == KEPT_SCHEMA { name.clone() } else { format!("{schema}.{name}") };
            match kind.as_str() {
                "schema" => {
                    words.push(format!("schema {schema}"));
                    statements.push(format!("DROP SCHEMA IF EXISTS {} CASCADE", identifier(&schema)));
                }
                "function" | "procedure" | "aggregate" => {
                    words.push(format!("{kind} {shown}"));
                    // The server has printed it with its arguments and quotes.
                    statements.push(format!("DROP {kind} IF EXISTS {} CASCADE", row.string(3)));
                }
                _ => {
                    words.push(format!("{kind} {shown}"));
                    statements.push(format!("DROP {kind} IF EXISTS {} CASCADE", qualified(&schema, &name)));
                }
            }
        }
        if words.is_empty() {
            return Ok(words);
        }
        let answers = self.pipeline(&statements).await;
        if let Some(error) = answers.into_iter().find_map(std::result::Result::err) {
            self.roll_back().await;
            return Err(self.failed(&error, doing));
        }
        self.try_run_bare("COMMIT").await.map_err(|error| self.failed(&error, doing))?;
        Ok(words)
    }
}

/// 0 kind, 1 schema, 2 name, 3 a function with its arguments; in the order of dropping. What belongs to an
/// extension stays, and so does a schema that holds such a thing.
fn objects_sql(scope: &Scope) -> String {
    let list = literal_list(&scope.schemas);
    format!(
        "SELECT * FROM (\
         SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' \
         WHEN 'f' THEN 'foreign table' WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind, \
         n.nspname::text AS schema, c.relname::text AS name, NULL::text AS signature, \
         CASE c.relkind WHEN 'v' THEN 1 WHEN 'm' THEN 1 WHEN 'S' THEN 3 ELSE 2 END AS place \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname IN ({list}) AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') \
         AND c.relname <> '{LOCK}' \
         AND NOT c.relispartition AND {relation} \
         AND NOT (c.relkind = 'S' AND EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.objid = c.oid \
         AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i'))) \
         UNION ALL SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END, \
         n.nspname, p.proname, quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(' || \
         pg_get_function_identity_arguments(p.oid) || ')', 4 \
         FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
         WHERE n.nspname IN ({list}) AND {function} \
         UNION ALL SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, n.nspname, t.typname, NULL, 5 \
         FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
         LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid \
         WHERE n.nspname IN ({list}) AND {type_} AND (t.typtype IN ('e', 'd', 'r') \
         OR (t.typtype = 'c' AND c.relkind = 'c') OR (t.typtype = 'b' AND t.typelem = 0)) \
         UNION ALL SELECT 'schema', n.nspname, n.nspname, NULL, 6 FROM pg_catalog.pg_namespace n \
         WHERE n.nspname IN ({list}) AND n.nspname <> '{KEPT_SCHEMA}' AND {schema} \
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_extension x WHERE x.extnamespace = n.oid)) o \
         ORDER BY place, schema, name",
        relation = free_of_extensions("c.oid", "pg_class"),
        function = free_function("p.oid"),
        type_ = free_of_extensions("t.oid", "pg_type"),
        schema = free_of_extensions("n.oid", "pg_namespace"),
    )
}
