//! Writes what stands inside `#[db(…)]`.

use super::expression::print_expression;
use super::literal::{dotted, ident, name, parameter, path, string};
use crate::document::{ValidationAction, ValidationLevel};
use crate::model::{
    Check, Condition, Default, Deferral, EnumStore, EnumType, Field, ForeignKey, Identity, Index, IndexKey,
    IndexKind, IndexTarget, Model, ReferentialAction, Rules, Sequence, Storage, Unique, Validation,
};

/// The words of one `#[db(…)]` or list.
#[derive(Default)]
struct Words(Vec<String>);

impl Words {
    fn flag(&mut self, name: &str, given: bool) {
        if given {
            self.0.push(name.to_owned());
        }
    }

    fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.0.push(format!("{name} = {}", string(value)));
        }
    }

    fn value(&mut self, name: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            self.0.push(format!("{name} = {value}"));
        }
    }

    fn paths(&mut self, name: &str, paths: &[String]) {
        if !paths.is_empty() {
            self.0.push(format!("{name}({})", join(paths)));
        }
    }

    fn parameters(&mut self, with: &[(String, String)]) {
        if !with.is_empty() {
            let all: Vec<_> =
                with.iter().map(|(name, value)| format!("{} = {}", dotted(name), parameter(value))).collect();
            self.0.push(format!("with({})", all.join(", ")));
        }
    }

    fn into_list(self, name: &str) -> String {
        format!("{name}({})", self.0.join(", "))
    }
}

fn join(paths: &[String]) -> String {
    paths.iter().map(|field| path(field)).collect::<Vec<_>>().join(", ")
}

/// The model's names and options, and its lists, one line each.
pub(super) fn of_model(model: &Model) -> (Vec<String>, Vec<String>) {
    let mut words = Words::default();
    match &model.storage {
        Storage::Table => words.text("table", Some(&model.table)),
        Storage::Collection => words.text("collection", Some(&model.table)),
        Storage::View { query, materialized } => {
            words.text("view", Some(&model.table));
            words.flag("materialized", *materialized);
            words.text("query", Some(query));
        }
    }
    words.text("schema", model.schema.as_deref());
    words.text("was", model.was.as_deref());
    words.flag("keyless", model.storage == Storage::Table && !model.fields.iter().any(|field| field.id));
    words.text("primary_key", model.primary_key_name.as_deref());
    words.text("comment", model.comment.as_deref());
    if let Some(cache) = &model.cache {
        let mut inner = Words::default();
        inner.text("ttl", Some(&cache.ttl));
        inner.paths("by", &cache.by);
        words.0.push(inner.into_list("cache"));
    }
    words.paths("shard_key", &model.shard_key);
    if let Some(validation) = model.validation {
        words.0.push(print_validation(validation));
    }
    words.parameters(&model.with);
    let mut lists = Vec::new();
    lists.extend(model.indexes.iter().map(index));
    lists.extend(model.uniques.iter().map(unique));
    lists.extend(model.foreign_keys.iter().map(foreign_key));
    lists.extend(model.checks.iter().map(check));
    (words.0, lists)
}

fn print_validation(validation: Validation) -> String {
    let mut inner = Words::default();
    let level = match validation.level {
        ValidationLevel::Strict => "strict",
        ValidationLevel::Moderate => "moderate",
        ValidationLevel::Off => "off",
    };
    inner.value("level", Some(level));
    inner.value("action", (validation.action == ValidationAction::Warn).then_some("warn"));
    inner.into_list("validation")
}

pub(super) fn of_enum(declared: &EnumType) -> Vec<String> {
    let mut words = Words::default();
    words.text("name", declared.type_name.as_deref());
    words.text("schema", declared.schema.as_deref());
    words.text("was", declared.was.as_deref());
    words.value("store", declared.store.map(store));
    words.0
}

pub(super) fn of_variant(value: Option<&str>, was: Option<&str>) -> Vec<String> {
    let mut words = Words::default();
    words.text("name", value);
    words.text("was", was);
    words.0
}

pub(super) fn of_sequence(sequence: &Sequence) -> Vec<String> {
    let mut words = Words::default();
    words.text("name", sequence.sequence.as_deref());
    words.text("schema", sequence.schema.as_deref());
    words.value("start", sequence.start);
    words.value("increment", sequence.increment);
    words.value("min", sequence.min);
    words.value("max", sequence.max);
    words.value("cache", sequence.cache);
    words.flag("cycle", sequence.cycle);
    words.0
}

pub(super) fn of_field(field: &Field) -> Vec<String> {
    let mut words = Words::default();
    words.flag("id", field.id);
    words.flag("auto_increment", field.auto_increment);
    words.value(
        "identity",
        field.identity.map(|identity| match identity {
            Identity::Always => "always",
            Identity::ByDefault => "by_default",
        }),
    );
    words.text("name", field.column.as_deref());
    words.text("was", field.was.as_deref());
    words.value("varchar", field.varchar);
    if let Some((precision, scale)) = field.decimal {
        words.0.push(format!("decimal({precision}, {scale})"));
    }
    words.text("type", field.sql_type.as_deref());
    words.text("collate", field.collation.as_deref());
    words.value("store", field.store.map(store));
    words.value("default", field.default.as_ref().map(default));
    words.text("generated", field.generated.as_deref());
    if field.touch_on_update {
        words.0.push("on_update = now".into());
    }
    rules(&mut words, &field.rules);
    if !field.input.is_empty() {
        let mut inner = Words::default();
        rules(&mut inner, &field.input);
        words.0.push(inner.into_list("input"));
    }
    words.flag("unique", field.unique);
    words.flag("sparse", field.sparse);
    if let Some(index) = &field.index {
        let mut inner = Words::default();
        inner.flag("desc", index.descending);
        inner.text("name", index.name.as_deref());
        words.0.push(if inner.0.is_empty() { "index".into() } else { inner.into_list("index") });
    }
    words.text("ttl", field.ttl.as_deref());
    if let Some(reference) = &field.references {
        words.0.push(format!("references = {}::{}", ident(&reference.model), ident(&reference.field)));
        actions(&mut words, reference.on_delete, reference.on_update, reference.deferral);
        words.text("constraint", reference.name.as_deref());
    }
    words.0.extend(field.checks.iter().map(check));
    words.flag("sensitive", field.sensitive);
    if let Some(encryption) = field.encrypted {
        words.0.push(if encryption.blind_index { "encrypted(blind_index)" } else { "encrypted" }.into());
    }
    words.flag("version", field.version);
    words.flag("null", field.null);
    words.text("comment", field.comment.as_deref());
    words.0
}

fn rules(words: &mut Words, rules: &Rules) {
    words.value("min_len", rules.min_len);
    words.value("len", rules.len);
    words.text("pattern", rules.pattern.as_deref());
    words.flag("email", rules.email);
    words.value("min", rules.min.as_deref());
    words.value("max", rules.max.as_deref());
}

fn store(store: EnumStore) -> &'static str {
    match store {
        EnumStore::Native => "native",
        EnumStore::Text => "text",
    }
}

fn default(default: &Default) -> String {
    match default {
        Default::Uuid => "uuid".into(),
        Default::Now => "now".into(),
        Default::Text(text) => string(text),
        Default::Number(number) => number.clone(),
        Default::Bool(value) => value.to_string(),
        Default::Variant(variant) => ident(variant),
        Default::Empty => "empty".into(),
        Default::Sql(sql) => format!("sql({})", string(sql)),
    }
}

fn action(action: ReferentialAction) -> Option<&'static str> {
    match action {
        ReferentialAction::NoAction => None,
        ReferentialAction::Restrict => Some("restrict"),
        ReferentialAction::Cascade => Some("cascade"),
        ReferentialAction::SetNull => Some("set_null"),
        ReferentialAction::SetDefault => Some("set_default"),
    }
}

fn actions(
    words: &mut Words,
    on_delete: ReferentialAction,
    on_update: ReferentialAction,
    deferral: Deferral,
) {
    words.value("on_delete", action(on_delete));
    words.value("on_update", action(on_update));
    deferrals(words, deferral);
}

fn deferrals(words: &mut Words, deferral: Deferral) {
    words.flag("deferrable", deferral == Deferral::InitiallyImmediate);
    words.flag("deferred", deferral == Deferral::InitiallyDeferred);
}

fn index(index: &Index) -> String {
    let mut words = Words(index.keys.iter().map(key).collect());
    words.text("name", index.name.as_deref());
    words.flag("unique", index.unique);
    words.flag("sparse", index.sparse);
    words.flag("nulls_not_distinct", index.nulls_not_distinct);
    words.text("where", index.predicate.as_deref());
    let list = match &index.kind {
        IndexKind::Ordered => "index",
        IndexKind::Geo => "geo",
        IndexKind::Text => "text",
        IndexKind::Hashed => "hashed",
        IndexKind::Method(method) => {
            words.value("using", Some(ident(method)));
            "index"
        }
    };
    words.paths("include", &index.include);
    words.parameters(&index.with);
    words.into_list(list)
}

fn key(key: &IndexKey) -> String {
    let mut out = match &key.target {
        IndexTarget::Field(field) => path(field),
        IndexTarget::Sql(sql) => format!("expr = {}", string(sql)),
    };
    if let Some(weight) = key.weight {
        out.push_str(&format!(" = {weight}"));
    }
    if key.descending {
        out.push_str(" desc");
    }
    match key.nulls_first {
        Some(true) => out.push_str(" nulls_first"),
        Some(false) => out.push_str(" nulls_last"),
        None => {}
    }
    if let Some(class) = &key.operator_class {
        out.push_str(&format!(" ops({})", string(class)));
    }
    if let Some(collation) = &key.collation {
        out.push_str(&format!(" collate({})", string(collation)));
    }
    out
}

fn unique(unique: &Unique) -> String {
    let mut words = Words(unique.fields.iter().map(|field| path(field)).collect());
    words.text("name", unique.name.as_deref());
    words.flag("nulls_not_distinct", unique.nulls_not_distinct);
    deferrals(&mut words, unique.deferral);
    words.paths("include", &unique.include);
    words.into_list("unique")
}

fn foreign_key(key: &ForeignKey) -> String {
    let several = key.fields.len() != 1 || key.references.len() != 1;
    let side = |fields: &[String]| if several { format!("({})", join(fields)) } else { join(fields) };
    let mut words =
        Words(vec![format!("{} -> {}::{}", side(&key.fields), ident(&key.model), side(&key.references))]);
    words.text("name", key.name.as_deref());
    actions(&mut words, key.on_delete, key.on_update, key.deferral);
    words.into_list("foreign_key")
}

fn check(check: &Check) -> String {
    let condition = match &check.condition {
        Condition::Expression(expression) => print_expression(expression),
        Condition::Sql(sql) => string(sql),
    };
    format!("check({} = {condition})", name(&check.name))
}
