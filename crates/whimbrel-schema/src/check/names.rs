//! Names: given once, not too long, free where a rename comes from.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{At, Declared, Finding, Known, List, Part, is_relational};
use crate::model::{EnumStore, Model, Scalar, Storage};

/// PostgreSQL cuts longer names off without an error.
const IDENTIFIER_LIMIT_BYTES: usize = 63;

const DUPLICATE: &str = "schema::duplicate_name";
const LONG: &str = "schema::long_name";
const RENAME: &str = "schema::rename";
const MIXED: &str = "schema::mixed_models";

pub(super) fn check(known: &Known<'_>, found: &mut Vec<Finding>) {
    declarations(known, found);
    mixed(known, found);
    relations(known, found);
    members(known, found);
    enums(known, found);
    lengths(known, found);
    renames(known, found);
}

/// Every declaration with its name and place.
fn all<'a>(known: &Known<'a>) -> impl Iterator<Item = (&'a str, At)> {
    let schema = known.schema;
    let at = |list| move |index| At::new(list, index, Part::Name);
    let models = schema.models.iter().map(|model| model.name.as_str()).zip((0..).map(at(Declared::Model)));
    let embedded =
        schema.embedded.iter().map(|item| item.name.as_str()).zip((0..).map(at(Declared::Embedded)));
    let enums = schema.enums.iter().map(|item| item.name.as_str()).zip((0..).map(at(Declared::Enum)));
    let sequences =
        schema.sequences.iter().map(|item| item.name.as_str()).zip((0..).map(at(Declared::Sequence)));
    models.chain(embedded).chain(enums).chain(sequences)
}

fn declarations(known: &Known<'_>, found: &mut Vec<Finding>) {
    let mut names = HashMap::new();
    for (name, at) in all(known) {
        if names.insert(name, at).is_some() {
            found.push(
                Finding::new(at, DUPLICATE, format!("`{name}` is declared twice"))
                    .label("declared before")
                    .help("names are unique over all files of the schema: rename one of them"),
            );
        }
        if Scalar::ALL.into_iter().any(|scalar| scalar.rust_name() == name)
            || name == "Option"
            || name == "Vec"
        {
            found.push(
                Finding::new(at, DUPLICATE, format!("`{name}` is a type of the schema language"))
                    .label("taken")
                    .help("give it another name"),
            );
        }
    }
}

fn mixed(known: &Known<'_>, found: &mut Vec<Finding>) {
    let models = &known.schema.models;
    let Some(first) = models.first() else { return };
    let Some(index) = models.iter().position(|model| is_relational(model) != is_relational(first)) else {
        return;
    };
    let (one, other) = if is_relational(first) { ("table", "collection") } else { ("collection", "table") };
    found.push(
        Finding::new(
            At::model(index, Part::Name),
            MIXED,
            format!("`{}` is not a {one}, as `{}` is", models[index].name, first.name),
        )
        .label(format!("a {other} among {one}s"))
        .help("a schema describes one database: make two projects, one for the tables and one for the collections"),
    );
}

/// Tables, views, sequences, indexes and constraints that share a database schema share its names.
fn relations(known: &Known<'_>, found: &mut Vec<Finding>) {
    let mut taken: HashMap<(&str, &str), String> = HashMap::new();
    let mut claim = Claims { taken: &mut taken, found };
    for (index, model) in known.schema.models.iter().enumerate() {
        let scope = model.schema.as_deref().unwrap_or("");
        let (what, attribute) = match model.storage {
            Storage::Table => ("table", "table"),
            Storage::Collection => ("collection", "collection"),
            Storage::View { .. } => ("view", "view"),
        };
        claim.claim(scope, &model.table, what, &model.name, At::model(index, Part::Attribute(attribute)));
    }
    for (index, model) in known.schema.models.iter().enumerate() {
        if is_relational(model) {
            let scope = model.schema.as_deref().unwrap_or("");
            named_relations(model, index, scope, &mut claim);
        }
        constraints(model, index, claim.found);
    }
    for (index, sequence) in known.schema.sequences.iter().enumerate() {
        let at = At::new(Declared::Sequence, index, Part::Attribute("name"));
        let scope = sequence.schema.as_deref().unwrap_or("");
        if let Some(name) = &sequence.sequence {
            claim.claim(scope, name, "sequence", &sequence.name, at);
        }
    }
}

/// The names given so far, with what has them.
struct Claims<'a, 'f> {
    taken: &'f mut HashMap<(&'a str, &'a str), String>,
    found: &'f mut Vec<Finding>,
}

impl<'a> Claims<'a, '_> {
    fn claim(&mut self, scope: &'a str, name: &'a str, what: &str, owner: &str, at: At) {
        match self.taken.entry((scope, name)) {
            Entry::Vacant(free) => {
                free.insert(format!("the {what} of `{owner}`"));
            }
            Entry::Occupied(taken) => self.found.push(
                Finding::new(at, DUPLICATE, format!("the name `{name}` is given twice"))
                    .label(format!("{} has it", taken.get()))
                    .help("give it another name"),
            ),
        }
    }
}

fn named_relations<'a>(model: &'a Model, index: usize, scope: &'a str, claim: &mut Claims<'a, '_>) {
    if let Some(name) = &model.primary_key_name {
        claim.claim(
            scope,
            name,
            "primary key",
            &model.name,
            At::model(index, Part::Attribute("primary_key")),
        );
    }
    for (number, declared) in model.indexes.iter().enumerate() {
        if let Some(name) = &declared.name {
            claim.claim(
                scope,
                name,
                "index",
                &model.name,
                At::model(index, Part::ListName(List::Index, number)),
            );
        }
    }
    for (number, unique) in model.uniques.iter().enumerate() {
        if let Some(name) = &unique.name {
            claim.claim(
                scope,
                name,
                "constraint",
                &model.name,
                At::model(index, Part::ListName(List::Unique, number)),
            );
        }
    }
    for (number, field) in model.fields.iter().enumerate() {
        if let Some(name) = field.index.as_ref().and_then(|declared| declared.name.as_ref()) {
            claim.claim(
                scope,
                name,
                "index",
                &model.name,
                At::model(index, Part::MemberAttribute(number, "index")),
            );
        }
    }
}

/// Constraints are named once in their table, and a collection's indexes once in their collection.
fn constraints(model: &Model, index: usize, found: &mut Vec<Finding>) {
    let mut names: Vec<(&str, At)> = Vec::new();
    let at = |part| At::model(index, part);
    for (number, check) in model.checks.iter().enumerate() {
        names.push((&check.name, at(Part::List(List::Check, number))));
    }
    for (number, key) in model.foreign_keys.iter().enumerate() {
        names.extend(key.name.as_deref().map(|name| (name, at(Part::ListName(List::ForeignKey, number)))));
    }
    for (number, field) in model.fields.iter().enumerate() {
        for (position, check) in field.checks.iter().enumerate() {
            names.push((&check.name, at(Part::MemberCheck(number, position))));
        }
        let reference = field.references.as_ref().and_then(|reference| reference.name.as_deref());
        names.extend(reference.map(|name| (name, at(Part::MemberAttribute(number, "constraint")))));
    }
    if is_relational(model) {
        names
            .extend(model.primary_key_name.as_deref().map(|name| (name, at(Part::Attribute("primary_key")))));
    } else {
        for (number, declared) in model.indexes.iter().enumerate() {
            names
                .extend(declared.name.as_deref().map(|name| (name, at(Part::ListName(List::Index, number)))));
        }
    }
    let mut seen = std::collections::HashSet::new();
    for (name, at) in names {
        if !seen.insert(name) {
            found.push(
                Finding::new(
                    at,
                    DUPLICATE,
                    format!("the constraint name `{name}` is given twice in `{}`", model.name),
                )
                .label("given before")
                .help("give it another name"),
            );
        }
    }
}

/// Fields, and the columns they are stored in.
fn members(known: &Known<'_>, found: &mut Vec<Finding>) {
    let models = known
        .schema
        .models
        .iter()
        .map(|model| (&model.name, &model.fields))
        .zip((0..).map(|i| (Declared::Model, i)));
    let embedded = known
        .schema
        .embedded
        .iter()
        .map(|item| (&item.name, &item.fields))
        .zip((0..).map(|i| (Declared::Embedded, i)));
    for ((owner, fields), (list, index)) in models.chain(embedded) {
        let mut columns: HashMap<&str, &str> = HashMap::with_capacity(fields.len());
        for (number, field) in fields.iter().enumerate() {
            if let Some(other) = columns.insert(field.column_name(), &field.name) {
                let at = At::new(list, index, Part::MemberAttribute(number, "name"));
                found.push(
                    Finding::new(
                        at,
                        DUPLICATE,
                        format!(
                            "`{}` and `{other}` of `{owner}` are both stored as `{}`",
                            field.name,
                            field.column_name()
                        ),
                    )
                    .label(format!("`{other}` has it"))
                    .help("give one of them another name"),
                );
            }
        }
    }
}

fn enums(known: &Known<'_>, found: &mut Vec<Finding>) {
    let mut types: HashMap<(&str, String), &str> = HashMap::new();
    for (index, declared) in known.schema.enums.iter().enumerate() {
        let at = |part| At::new(Declared::Enum, index, part);
        if declared.variants.is_empty() {
            found.push(
                Finding::new(
                    at(Part::Name),
                    "schema::empty_enum",
                    format!("enum `{}` has no variants", declared.name),
                )
                .label("no value fits")
                .help("name at least one variant"),
            );
        }
        if declared.store != Some(EnumStore::Text) {
            let key = (declared.schema.as_deref().unwrap_or(""), declared.type_name());
            if let Some(other) = types.insert(key, &declared.name) {
                found.push(
                    Finding::new(
                        at(Part::Attribute("name")),
                        DUPLICATE,
                        format!("`{}` and `{other}` are the same database type", declared.name),
                    )
                    .label(format!("`{other}` has it"))
                    .help("give one of them another name"),
                );
            }
        }
        let mut values: HashMap<String, &str> = HashMap::new();
        for (number, variant) in declared.variants.iter().enumerate() {
            if let Some(other) = values.insert(variant.stored(), &variant.name) {
                found.push(
                    Finding::new(
                        at(Part::MemberAttribute(number, "name")),
                        DUPLICATE,
                        format!(
                            "`{}` and `{other}` of `{}` are both stored as `{}`",
                            variant.name,
                            declared.name,
                            variant.stored()
                        ),
                    )
                    .label(format!("`{other}` has it"))
                    .help("give one of them another name"),
                );
            }
        }
    }
}

fn lengths(known: &Known<'_>, found: &mut Vec<Finding>) {
    let mut long = |name: &str, at: At| {
        if name.len() > IDENTIFIER_LIMIT_BYTES {
            found.push(
                Finding::new(
                    at,
                    LONG,
                    format!(
                        "`{name}` has {} bytes, and PostgreSQL keeps {IDENTIFIER_LIMIT_BYTES}",
                        name.len()
                    ),
                )
                .label("too long")
                .help("give it a shorter name"),
            );
        }
    };
    for (index, model) in known.schema.models.iter().enumerate().filter(|(_, model)| is_relational(model)) {
        let at = |part| At::model(index, part);
        let attribute = if model.storage == Storage::Table { "table" } else { "view" };
        long(&model.table, at(Part::Attribute(attribute)));
        for (number, field) in model.fields.iter().enumerate() {
            let part = if field.column.is_some() {
                Part::MemberAttribute(number, "name")
            } else {
                Part::Member(number)
            };
            long(field.column_name(), at(part));
            for (position, check) in field.checks.iter().enumerate() {
                long(&check.name, at(Part::MemberCheck(number, position)));
            }
            if let Some(name) = field.references.as_ref().and_then(|reference| reference.name.as_deref()) {
                long(name, at(Part::MemberAttribute(number, "constraint")));
            }
        }
        let indexes = model.indexes.iter().map(|declared| (List::Index, declared.name.as_deref()));
        let uniques = model.uniques.iter().map(|declared| (List::Unique, declared.name.as_deref()));
        let keys = model.foreign_keys.iter().map(|declared| (List::ForeignKey, declared.name.as_deref()));
        let checks = model.checks.iter().map(|declared| (List::Check, Some(declared.name.as_str())));
        let lists =
            indexes.enumerate().chain(uniques.enumerate()).chain(keys.enumerate()).chain(checks.enumerate());
        for (number, (list, name)) in lists {
            if let Some(name) = name {
                long(name, at(Part::ListName(list, number)));
            }
        }
    }
    for (index, declared) in known.schema.enums.iter().enumerate() {
        for (number, variant) in declared.variants.iter().enumerate() {
            let at = At::new(Declared::Enum, index, Part::MemberAttribute(number, "name"));
            long(&variant.stored(), at);
        }
    }
}

/// A former name must be free, or the rename would meet what is there.
fn renames(known: &Known<'_>, found: &mut Vec<Finding>) {
    let mut taken = |was: &str, at: At, message: String| {
        found.push(
            Finding::new(at, RENAME, message)
                .label(format!("`{was}` is still there"))
                .help("`was` is the name before a rename: remove it, or rename the other"),
        );
    };
    let tables: HashMap<(&str, &str), &str> = known
        .schema
        .models
        .iter()
        .map(|model| ((model.schema.as_deref().unwrap_or(""), model.table.as_str()), model.name.as_str()))
        .collect();
    for (index, model) in known.schema.models.iter().enumerate() {
        if let Some(was) = &model.was {
            let key = was.split_once('.').unwrap_or((model.schema.as_deref().unwrap_or(""), was));
            if let Some(other) = tables.get(&key) {
                let at = At::model(index, Part::Attribute("was"));
                taken(was, at, format!("`{}` was `{was}`, which `{other}` is stored as", model.name));
            }
        }
    }
    let models =
        known.schema.models.iter().map(|model| &model.fields).zip((0..).map(|i| (Declared::Model, i)));
    let embedded =
        known.schema.embedded.iter().map(|item| &item.fields).zip((0..).map(|i| (Declared::Embedded, i)));
    for (fields, (list, index)) in models.chain(embedded) {
        for (number, field) in fields.iter().enumerate() {
            let Some(was) = &field.was else { continue };
            if let Some(other) = fields.iter().find(|other| other.column_name() == was) {
                let at = At::new(list, index, Part::MemberAttribute(number, "was"));
                taken(was, at, format!("`{}` was `{was}`, which `{}` is stored as", field.name, other.name));
            }
        }
    }
    for (index, declared) in known.schema.enums.iter().enumerate() {
        for (number, variant) in declared.variants.iter().enumerate() {
            let Some(was) = &variant.was else { continue };
            if let Some(other) = declared.variants.iter().find(|other| other.stored() == *was) {
                let at = At::new(Declared::Enum, index, Part::MemberAttribute(number, "was"));
                taken(
                    was,
                    at,
                    format!("`{}` was `{was}`, which `{}` is stored as", variant.name, other.name),
                );
            }
        }
    }
}
