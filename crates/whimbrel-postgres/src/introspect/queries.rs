//! The catalogue queries, one a kind of object. Each names its columns in the order they are read.

use crate::quote;

/// Whimbrel's own tables.
pub(crate) const OWN_TABLES: [&str; 4] =
    ["whimbrel_history", "whimbrel_state", "whimbrel_journal", "whimbrel_lock"];

/// All queries for these schemas, to be sent as one.
pub(super) fn all(schemas: &[String], major: u32) -> String {
    let list = quote::literal_list(schemas);
    [
        format!("SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname IN ({list})"),
        relations(&list),
        types(&list),
        columns(&list),
        column_comments(&list),
        sequences(&list),
        constraints(&list),
        indexes(&list, major),
        OPERATOR_CLASSES.to_owned(),
        collations(&list),
        foreign_columns(&list),
        enums(&list),
        unmanaged(&list),
    ]
    .join(";\n")
}

/// Relations of these kinds in scope, without Whimbrel's own and without those of extensions.
fn in_scope(list: &str, kinds: &str) -> String {
    format!(
        "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname IN ({list}) AND c.relkind IN ({kinds}) AND c.relname NOT IN ({own}) \
         AND {free}",
        own = quote::literal_list(&OWN_TABLES),
        free = free_of_extensions("c.oid", "pg_class"),
    )
}

/// 0 oid, 1 schema, 2 name, 3 kind, 4 is a partition, 5 inherits, 6 storage parameters, 7 those of the
/// out-of-line storage, 8 comment, 9 a view's query
fn relations(list: &str) -> String {
    format!(
        "SELECT r.oid, r.nspname, r.relname, r.relkind, r.relispartition, \
         EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE i.inhrelid = r.oid), r.reloptions, \
         t.reloptions, d.description, \
         CASE WHEN r.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(r.oid) END \
         FROM (SELECT c.oid, n.nspname, c.relname, c.relkind, c.relispartition, c.reloptions, \
         c.reltoastrelid {}) r \
         LEFT JOIN pg_catalog.pg_class t ON t.oid = r.reltoastrelid \
         LEFT JOIN pg_catalog.pg_description d ON d.objoid = r.oid \
         AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = 0",
        in_scope(list, "'r', 'p', 'f', 'v', 'm'"),
    )
}

/// 0 oid, 1 modifier, 2 text, 3 enum's schema, 4 enum's name, 5 is an array
fn types(list: &str) -> String {
    format!(
        "SELECT p.atttypid, p.atttypmod, pg_catalog.format_type(p.atttypid, p.atttypmod), \
         CASE WHEN e.typtype = 'e' THEN n.nspname END, e.typname, t.typcategory = 'A' AND t.typelem <> 0 \
         FROM (SELECT DISTINCT a.atttypid, a.atttypmod FROM pg_catalog.pg_attribute a \
         WHERE a.attnum > 0 AND NOT a.attisdropped \
         AND a.attrelid IN (SELECT c.oid {})) p \
         JOIN pg_catalog.pg_type t ON t.oid = p.atttypid \
         JOIN pg_catalog.pg_type e \
         ON e.oid = CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem ELSE t.oid END \
         JOIN pg_catalog.pg_namespace n ON n.oid = e.typnamespace",
        in_scope(list, "'r', 'p', 'f'"),
    )
}

/// 0 relation, 1 number, 2 name, 3 type, 4 modifier, 5 required, 6 identity, 7 generated, 8 default,
/// 9 collation where it is not the type's, 10 collation's oid
///
/// A default names no column: printed without its table it takes a fraction of the time.
fn columns(list: &str) -> String {
    format!(
        "SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attidentity, \
         a.attgenerated, CASE WHEN a.atthasdef THEN pg_catalog.pg_get_expr(f.adbin, \
         CASE WHEN a.attgenerated <> '' THEN f.adrelid ELSE 0 END) END, \
         l.collname, a.attcollation \
         FROM pg_catalog.pg_attribute a \
         JOIN (SELECT c.oid {}) r ON r.oid = a.attrelid \
         JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
         LEFT JOIN pg_catalog.pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum \
         LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation AND a.attcollation <> t.typcollation \
         WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum",
        in_scope(list, "'r', 'p', 'f'"),
    )
}

/// 0 relation, 1 number, 2 comment. Few columns have one: looking one up for each would cost more than all the rest.
fn column_comments(list: &str) -> String {
    format!(
        "SELECT d.objoid, d.objsubid, d.description FROM pg_catalog.pg_description d \
         WHERE d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid > 0 \
         AND d.objoid IN (SELECT c.oid {})",
        in_scope(list, "'r', 'p', 'f'"),
    )
}

/// 0 schema, 1 name, 2 start, 3 increment, 4 max, 5 min, 6 cache, 7 cycle, 8 owning relation, 9 owning
/// column, 10 kind of ownership, 11 the default that draws from it
fn sequences(list: &str) -> String {
    format!(
        "SELECT r.nspname, r.relname, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, \
         s.seqcycle, d.refobjid, d.refobjsubid, d.deptype, \
         'nextval(' || pg_catalog.quote_literal(r.oid::pg_catalog.regclass::pg_catalog.text) || '::regclass)' \
         FROM (SELECT c.oid, n.nspname, c.relname {}) r \
         JOIN pg_catalog.pg_sequence s ON s.seqrelid = r.oid \
         LEFT JOIN pg_catalog.pg_depend d ON d.objid = r.oid \
         AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass \
         AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')",
        in_scope(list, "'S'"),
    )
}

/// 0 relation, 1 name, 2 type, 3 deferrable, 4 deferred, 5 validated, 6 columns, 7 referenced relation,
/// 8 its schema, 9 its name, 10 referenced columns, 11 on update, 12 on delete, 13 index, 14 expression
fn constraints(list: &str) -> String {
    format!(
        "SELECT k.conrelid, k.conname, k.contype, k.condeferrable, k.condeferred, k.convalidated, k.conkey, \
         k.confrelid, fn.nspname, f.relname, k.confkey, k.confupdtype, k.confdeltype, k.conindid, \
         CASE WHEN k.contype = 'c' THEN pg_catalog.pg_get_expr(k.conbin, k.conrelid) END \
         FROM pg_catalog.pg_constraint k \
         JOIN (SELECT c.oid {}) r ON r.oid = k.conrelid \
         LEFT JOIN pg_catalog.pg_class f ON f.oid = k.confrelid \
         LEFT JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace \
         WHERE k.contype IN ('p', 'u', 'f', 'c', 'x')",
        in_scope(list, "'r', 'p', 'f'"),
    )
}

/// 0 index, 1 relation, 2 name, 3 method, 4 unique, 5 valid, 6 number of keys, 7 columns, 8 options,
/// 9 collations, 10 operator classes, 11 expressions, 12 predicate, 13 storage parameters,
/// 14 NULLs are equal
fn indexes(list: &str, major: u32) -> String {
    let nulls_not_distinct = if major >= 15 { "i.indnullsnotdistinct" } else { "false" };
    format!(
        "SELECT i.indexrelid, i.indrelid, x.relname, m.amname, i.indisunique, \
         i.indisvalid AND i.indisready AND i.indislive, i.indnkeyatts, i.indkey, i.indoption, \
         i.indcollation, i.indclass, pg_catalog.pg_get_expr(i.indexprs, i.indrelid), \
         pg_catalog.pg_get_expr(i.indpred, i.indrelid), x.reloptions, {nulls_not_distinct} \
         FROM pg_catalog.pg_index i \
         JOIN (SELECT c.oid {}) r ON r.oid = i.indrelid \
         JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid \
         JOIN pg_catalog.pg_am m ON m.oid = x.relam",
        in_scope(list, "'r'"),
    )
}

/// 0 oid, 1 name, 2 is its type's default
const OPERATOR_CLASSES: &str = "SELECT o.oid, CASE WHEN pg_catalog.pg_opclass_is_visible(o.oid) \
    THEN o.opcname::pg_catalog.text ELSE n.nspname || '.' || o.opcname END, o.opcdefault \
    FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_namespace n ON n.oid = o.opcnamespace";

/// 0 oid, 1 name: the collations that an index names.
fn collations(list: &str) -> String {
    format!(
        "SELECT l.oid, l.collname FROM pg_catalog.pg_collation l WHERE l.oid IN (\
         SELECT pg_catalog.unnest(i.indcollation::pg_catalog.oid[]) FROM pg_catalog.pg_index i \
         WHERE i.indrelid IN (SELECT c.oid {}))",
        in_scope(list, "'r'"),
    )
}

/// 0 relation, 1 number, 2 name: the columns of tables out of scope that a foreign key in scope refers to.
fn foreign_columns(list: &str) -> String {
    format!(
        "SELECT a.attrelid, a.attnum, a.attname FROM pg_catalog.pg_attribute a \
         WHERE a.attnum > 0 AND a.attrelid IN (\
         SELECT k.confrelid FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' \
         AND k.conrelid IN (SELECT c.oid {} ) \
         AND k.confrelid NOT IN (SELECT c.oid {}))",
        in_scope(list, "'r', 'p', 'f'"),
        in_scope(list, "'r', 'p', 'f'"),
    )
}

/// 0 schema, 1 name, 2 values, 3 comment
fn enums(list: &str) -> String {
    format!(
        "SELECT n.nspname, t.typname, \
         pg_catalog.array_agg(e.enumlabel ORDER BY e.enumsortorder) FILTER (WHERE e.enumlabel IS NOT NULL), \
         d.description \
         FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
         LEFT JOIN pg_catalog.pg_enum e ON e.enumtypid = t.oid \
         LEFT JOIN pg_catalog.pg_description d ON d.objoid = t.oid \
         AND d.classoid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objsubid = 0 \
         WHERE t.typtype = 'e' AND n.nspname IN ({list}) AND {free} \
         GROUP BY n.nspname, t.typname, d.description",
        free = free_of_extensions("t.oid", "pg_type"),
    )
}

/// Not of an extension. Asked from the extensions' side, where there is an index for it.
pub(crate) fn free_of_extensions(oid: &str, class: &str) -> String {
    format!(
        "{oid} NOT IN (SELECT e.objid FROM pg_catalog.pg_depend e \
         WHERE e.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass \
         AND e.refobjid IN (SELECT oid FROM pg_catalog.pg_extension) \
         AND e.classid = 'pg_catalog.{class}'::pg_catalog.regclass AND e.deptype = 'e')"
    )
}

/// Not of an extension, nor made together with a type, as a range's constructors are.
pub(crate) fn free_function(oid: &str) -> String {
    format!(
        "{} AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend i WHERE i.objid = {oid} \
         AND i.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND i.deptype = 'i')",
        free_of_extensions(oid, "pg_proc")
    )
}

/// 0 kind, 1 schema, 2 relation, 3 name
fn unmanaged(list: &str) -> String {
    format!(
        "SELECT 'trigger', n.nspname, c.relname, g.tgname FROM pg_catalog.pg_trigger g \
         JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE NOT g.tgisinternal AND n.nspname IN ({list}) \
         UNION ALL SELECT 'policy', n.nspname, c.relname, p.polname FROM pg_catalog.pg_policy p \
         JOIN pg_catalog.pg_class c ON c.oid = p.polrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ({list}) \
         UNION ALL SELECT 'rule', n.nspname, c.relname, w.rulename FROM pg_catalog.pg_rewrite w \
         JOIN pg_catalog.pg_class c ON c.oid = w.ev_class \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE w.rulename <> '_RETURN' AND n.nspname IN ({list}) AND {relation_free} \
         UNION ALL SELECT 'function', n.nspname, NULL, \
         p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' \
         FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
         WHERE n.nspname IN ({list}) AND {function_free} \
         UNION ALL SELECT 'type', n.nspname, NULL, t.typname FROM pg_catalog.pg_type t \
         JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
         LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid \
         WHERE n.nspname IN ({list}) AND (t.typtype IN ('d', 'r') \
         OR (t.typtype = 'c' AND c.relkind = 'c') OR (t.typtype = 'b' AND t.typelem = 0)) AND {type_free} \
         UNION ALL SELECT 'extension', NULL, NULL, x.extname FROM pg_catalog.pg_extension x \
         WHERE x.extname <> 'plpgsql'",
        relation_free = free_of_extensions("c.oid", "pg_class"),
        function_free = free_function("p.oid"),
        type_free = free_of_extensions("t.oid", "pg_type"),
    )
}
