//! References: models and fields that exist, of a fitting type, that name one row.

use super::lists::unknown_field;
use super::{At, Finding, Known, List, ModelFields, Part, is_relational};
use crate::grammar;
use crate::model::{Field, FieldType, IndexKind, IndexTarget, Model, ReferentialAction, Scalar, Storage};

const MODEL: &str = "schema::unknown_model";
const REFERENCE: &str = "schema::reference";

pub(super) fn check(known: &Known<'_>, found: &mut Vec<Finding>) {
    for (index, model) in known.schema.models.iter().enumerate() {
        for (number, field) in model.fields.iter().enumerate() {
            of_field(known, model, At::model(index, Part::Name), number, field, found);
        }
        for number in 0..model.foreign_keys.len() {
            of_model(known, model, index, number, found);
        }
    }
    for (index, embedded) in known.schema.embedded.iter().enumerate() {
        for (number, field) in embedded.fields.iter().enumerate() {
            let Some(reference) = &field.references else { continue };
            let at = |name| At::new(super::Declared::Embedded, index, Part::MemberAttribute(number, name));
            if let Some(target) = model_named(known, at("references"), &reference.model, found) {
                target_field(target, at("references.field"), &reference.field, field, found);
            }
        }
    }
}

fn of_field(
    known: &Known<'_>,
    model: &Model,
    at: At,
    number: usize,
    field: &Field,
    found: &mut Vec<Finding>,
) {
    let Some(reference) = &field.references else { return };
    let at = |name| At { part: Part::MemberAttribute(number, name), ..at };
    if is_relational(model) && matches!(field.ty, FieldType::List(_)) {
        found.push(
            Finding::new(
                at("references"),
                REFERENCE,
                format!("the list `{}` cannot refer to rows", field.name),
            )
            .label("a list of keys")
            .help("make a model for the pairs, with a reference to each side"),
        );
        return;
    }
    let actions = [("on_delete", reference.on_delete), ("on_update", reference.on_update)];
    for (name, action) in actions {
        found.extend(action_fits(at(name), name, action, field));
    }
    let Some(target) = model_named(known, at("references"), &reference.model, found) else { return };
    if target_field(target, at("references.field"), &reference.field, field, found)
        && is_relational(model)
        && !names_one_row(target.model, &[reference.field.as_str()])
    {
        found.push(not_unique(at("references.field"), &reference.model, &reference.field));
    }
}

fn of_model(known: &Known<'_>, model: &Model, index: usize, number: usize, found: &mut Vec<Finding>) {
    let key = &model.foreign_keys[number];
    let whole = At::model(index, Part::List(List::ForeignKey, number));
    let item = |item| At::model(index, Part::ListItem(List::ForeignKey, number, item));
    if key.fields.len() != key.references.len() || key.fields.is_empty() {
        found.push(Finding::new(whole, REFERENCE, "a foreign key names as many fields on both sides"));
        return;
    }
    let own = &known.models[model.name.as_str()].fields;
    let model_at = item(key.fields.len() + key.references.len());
    let target = model_named(known, model_at, &key.model, found);
    let mut complete = target.is_some();
    for (position, (name, referenced)) in key.fields.iter().zip(&key.references).enumerate() {
        let Some(field) = own.get(name.as_str()) else {
            let near: Vec<&str> = model.fields.iter().map(|field| field.name.as_str()).collect();
            found.push(unknown_field(item(position), &model.name, name, name, &near));
            complete = false;
            continue;
        };
        for (what, action) in [("on_delete", key.on_delete), ("on_update", key.on_update)] {
            found.extend(action_fits(whole, what, action, field));
        }
        if let Some(target) = target {
            complete &= target_field(target, item(key.fields.len() + position), referenced, field, found);
        }
    }
    if let Some(target) = target
        && complete
    {
        let names: Vec<&str> = key.references.iter().map(String::as_str).collect();
        if !names_one_row(target.model, &names) {
            found.push(not_unique(item(key.fields.len()), &key.model, &names.join(", ")));
        }
    }
}

fn model_named<'k, 'a>(
    known: &'k Known<'a>,
    at: At,
    name: &str,
    found: &mut Vec<Finding>,
) -> Option<&'k ModelFields<'a>> {
    let target = known.models.get(name);
    match target {
        None => {
            let finding = Finding::new(at, MODEL, format!("there is no model `{name}`")).label("not known");
            found.push(match grammar::nearest(name, known.models.keys().copied()) {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding.help("declare it with `#[derive(Model)]`"),
            });
            None
        }
        Some(target) if matches!(target.model.storage, Storage::View { .. }) => {
            found.push(
                Finding::new(at, REFERENCE, format!("`{name}` is a view, and rows of a view have no key"))
                    .label("a view")
                    .help("refer to the table that the view reads"),
            );
            None
        }
        some => some,
    }
}

/// Whether the field is there and of a fitting type.
fn target_field(
    target: &ModelFields<'_>,
    at: At,
    name: &str,
    field: &Field,
    found: &mut Vec<Finding>,
) -> bool {
    let Some(other) = target.fields.get(name) else {
        let near: Vec<&str> = target.model.fields.iter().map(|field| field.name.as_str()).collect();
        found.push(unknown_field(at, &target.model.name, name, name, &near));
        return false;
    };
    let own = match &field.ty {
        FieldType::List(element) => element.as_ref(),
        other => other,
    };
    if alike(own, &other.ty) || field.sql_type.is_some() || other.sql_type.is_some() {
        return true;
    }
    found.push(
        Finding::new(
            at,
            REFERENCE,
            format!(
                "`{}` is {}, and `{}::{name}` is {}",
                field.name,
                crate::read::fit::type_words(own),
                target.model.name,
                crate::read::fit::type_words(&other.ty)
            ),
        )
        .label("another type")
        .help("give both fields the same type"),
    );
    false
}

fn alike(one: &FieldType, other: &FieldType) -> bool {
    let whole = |ty: &FieldType| matches!(ty, FieldType::Scalar(Scalar::I16 | Scalar::I32 | Scalar::I64));
    one == other || (whole(one) && whole(other))
}

fn action_fits(at: At, name: &str, action: ReferentialAction, field: &Field) -> Option<Finding> {
    if action == ReferentialAction::SetNull && !field.optional {
        return Some(
            Finding::new(at, REFERENCE, format!("`{}` cannot become NULL", field.name))
                .label(format!("`{name} = set_null` on a required field"))
                .help(format!("make it an `Option`, or write `{name} = cascade` or `restrict`")),
        );
    }
    if action == ReferentialAction::SetDefault && !field.optional && field.default.is_none() {
        return Some(
            Finding::new(at, REFERENCE, format!("`{}` has no default", field.name))
                .label(format!("`{name} = set_default` without one"))
                .help("add `default = …`"),
        );
    }
    None
}

/// Whether the fields are the primary key or unique together.
fn names_one_row(model: &Model, fields: &[&str]) -> bool {
    let same = |candidates: &[&str]| {
        candidates.len() == fields.len() && candidates.iter().all(|candidate| fields.contains(candidate))
    };
    if let [only] = fields
        && model.field(only).is_some_and(|field| field.unique)
    {
        return true;
    }
    let ids: Vec<&str> =
        model.fields.iter().filter(|field| field.id).map(|field| field.name.as_str()).collect();
    if same(&ids) {
        return true;
    }
    let by_constraint = model
        .uniques
        .iter()
        .any(|unique| same(&unique.fields.iter().map(String::as_str).collect::<Vec<_>>()));
    by_constraint
        || model.indexes.iter().any(|index| {
            let keys: Option<Vec<&str>> = index
                .keys
                .iter()
                .map(|key| match &key.target {
                    IndexTarget::Field(path) => Some(path.as_str()),
                    IndexTarget::Sql(_) => None,
                })
                .collect();
            index.unique
                && index.predicate.is_none()
                && index.kind == IndexKind::Ordered
                && keys.is_some_and(|keys| same(&keys))
        })
}

fn not_unique(at: At, model: &str, fields: &str) -> Finding {
    Finding::new(at, REFERENCE, format!("`{fields}` of `{model}` does not name one row"))
        .label("neither the primary key nor unique")
        .help("refer to the primary key, or make it unique")
}
