//! Fields: types that exist, attributes that fit the type and the data model.

use super::{At, Declared, Finding, Known, Part, is_relational};
use crate::grammar::{self, DataModels, Place};
use crate::model::{Default, Embedded, Field, FieldType, Model, Scalar, Storage};
use crate::read::fit::{self, Types};

const FIT: &str = "schema::attribute_fit";
const TYPE: &str = "schema::unknown_type";
const KEY: &str = "schema::primary_key";

pub(super) fn check(known: &Known<'_>, found: &mut Vec<Finding>) {
    // A struct that is read by itself, as a derive macro does, may belong to either.
    let relational = known.schema.models.first().map(is_relational);
    for (index, model) in known.schema.models.iter().enumerate() {
        for (number, field) in model.fields.iter().enumerate() {
            let owner = Owner { list: Declared::Model, index, name: &model.name, place: Place::Field };
            owner.field(known, number, field, relational, found);
            if matches!(model.storage, Storage::View { .. }) {
                owner.on_view(number, field, found);
            }
        }
        keys(model, index, found);
        model_attributes(model, index, found);
    }
    for (index, Embedded { name, fields, .. }) in known.schema.embedded.iter().enumerate() {
        for (number, field) in fields.iter().enumerate() {
            let owner = Owner { list: Declared::Embedded, index, name, place: Place::EmbeddedField };
            owner.field(known, number, field, relational, found);
        }
    }
    if relational == Some(false) {
        declarations_of_documents(known, found);
    }
}

/// The struct that a field belongs to.
struct Owner<'a> {
    list: Declared,
    index: usize,
    name: &'a str,
    place: Place,
}

impl Owner<'_> {
    fn at(&self, part: Part) -> At {
        At::new(self.list, self.index, part)
    }

    fn field(
        &self,
        known: &Known<'_>,
        number: usize,
        field: &Field,
        relational: Option<bool>,
        found: &mut Vec<Finding>,
    ) {
        self.ty(known, number, field, relational, found);
        let given = fit::given(field);
        for types in [Types::Scalars, Types::Declared] {
            for misfit in fit::misfits(field, self.place, types, given.iter().copied()) {
                let at = self.at(Part::MemberAttribute(number, misfit.attribute));
                found.push(Finding::new(at, FIT, misfit.message).label("does not fit").help(misfit.help));
            }
        }
        for name in given {
            let at = self.at(Part::MemberAttribute(number, name));
            let plain = name.strip_prefix("input.").unwrap_or(name);
            let Some(attribute) = grammar::find(self.place, plain) else {
                found.push(
                    Finding::new(
                        at,
                        FIT,
                        format!("`{plain}` does not fit `{}` of an embedded struct", field.name),
                    )
                    .label("not in embedded structs"),
                );
                continue;
            };
            if let Some(finding) =
                wrong_model(at, attribute, &format!("{}::{}", self.name, field.name), relational)
            {
                found.push(finding);
            }
        }
        self.default_variant(known, number, field, found);
    }

    fn ty(
        &self,
        known: &Known<'_>,
        number: usize,
        field: &Field,
        relational: Option<bool>,
        found: &mut Vec<Finding>,
    ) {
        let at = self.at(Part::MemberType(number));
        let ty = match &field.ty {
            FieldType::List(element) => element.as_ref(),
            other => other,
        };
        let missing = match ty {
            FieldType::Enum(name) => (!known.enums.contains_key(name.as_str())).then_some(name),
            FieldType::Embedded(name) => (!known.embedded.contains_key(name.as_str())).then_some(name),
            FieldType::Scalar(Scalar::ObjectId) if relational == Some(true) => {
                found.push(
                    Finding::new(
                        at,
                        FIT,
                        format!("`{}::{}` is an ObjectId, and tables have none", self.name, field.name),
                    )
                    .label("collections only")
                    .help("use `Uuid`"),
                );
                None
            }
            FieldType::List(_) => {
                found.push(Finding::new(
                    at,
                    TYPE,
                    format!("`{}::{}` is a list of lists", self.name, field.name),
                ));
                None
            }
            FieldType::Scalar(_) => None,
        };
        if let Some(name) = missing {
            found.push(
                Finding::new(at, TYPE, format!("`{name}` is not a type of the schema")).label("not known"),
            );
        }
    }

    fn default_variant(&self, known: &Known<'_>, number: usize, field: &Field, found: &mut Vec<Finding>) {
        let (Some(Default::Variant(variant)), FieldType::Enum(name)) = (&field.default, &field.ty) else {
            return;
        };
        let Some(declared) = known.enums.get(name.as_str()) else { return };
        if declared.variants.iter().any(|candidate| candidate.name == *variant) {
            return;
        }
        let names = || declared.variants.iter().map(|candidate| candidate.name.as_str());
        let help = match grammar::nearest(variant, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of {}", names().collect::<Vec<_>>().join(", ")),
        };
        found.push(
            Finding::new(
                self.at(Part::MemberAttribute(number, "default")),
                "schema::unknown_variant",
                format!("`{variant}` is not a variant of `{name}`"),
            )
            .label("not known")
            .help(help),
        );
    }

    fn on_view(&self, number: usize, field: &Field, found: &mut Vec<Finding>) {
        for name in fit::given(field) {
            let plain = name.strip_prefix("input.").unwrap_or(name);
            if grammar::find(Place::Field, plain).is_some_and(|attribute| !attribute.views) {
                found.push(
                    Finding::new(
                        self.at(Part::MemberAttribute(number, name)),
                        FIT,
                        format!("`{plain}` does not fit `{}`, which a view computes", field.name),
                    )
                    .label("not on views")
                    .help("put it on the table that the view reads"),
                );
            }
        }
    }
}

/// An attribute that has no meaning in this data model.
fn wrong_model(
    at: At,
    attribute: &grammar::Attribute,
    owner: &str,
    relational: Option<bool>,
) -> Option<Finding> {
    let relational = relational?;
    let (kind, wrong, says) = match attribute.models {
        DataModels::Relational => ("tables", !relational, attribute.mongodb),
        DataModels::Document => ("collections", relational, attribute.postgres),
        DataModels::Both => return None,
    };
    if !wrong {
        return None;
    }
    let finding = Finding::new(at, FIT, format!("`{}` on `{owner}` is for {kind} only", attribute.name))
        .label(format!("{kind} only"));
    Some(match says.split_once(": ") {
        Some((_, advice)) => finding.help(advice),
        None => finding.help("remove it"),
    })
}

fn keys(model: &Model, index: usize, found: &mut Vec<Finding>) {
    let mut ids = model.fields.iter().enumerate().filter(|(_, field)| field.id);
    if model.storage == Storage::Collection {
        let first = ids.next();
        if let Some((number, field)) = first
            && field.column.as_deref().is_some_and(|name| name != "_id")
        {
            found.push(
                Finding::new(
                    At::model(index, Part::MemberAttribute(number, "name")),
                    KEY,
                    format!("the id of collection `{}` is stored as `_id`, under no other name", model.table),
                )
                .label("the id has a fixed name")
                .help("remove `name`"),
            );
        }
        if let Some((number, field)) = ids.next() {
            found.push(
                Finding::new(
                    At::model(index, Part::MemberAttribute(number, "id")),
                    KEY,
                    format!("collection `{}` has a second id, `{}`", model.table, field.name),
                )
                .label("a document has one `_id`")
                .help("keep one `id`; for uniqueness over several fields write `unique(a, b)` on the model"),
            );
        }
        if first.is_none() {
            found.push(
                Finding::new(
                    At::model(index, Part::Name),
                    KEY,
                    format!("collection `{}` has no id", model.table),
                )
                .label("no field has `id`")
                .help("mark a field `#[db(id)]`"),
            );
        }
    }
    let mut versions = model.fields.iter().enumerate().filter(|(_, field)| field.version).skip(1);
    if let Some((number, field)) = versions.next() {
        found.push(
            Finding::new(
                At::model(index, Part::MemberAttribute(number, "version")),
                FIT,
                format!("`{}` has a second version, `{}`", model.name, field.name),
            )
            .label("one counter is enough")
            .help("keep one `version`"),
        );
    }
}

/// What stands on the model itself.
fn model_attributes(model: &Model, index: usize, found: &mut Vec<Finding>) {
    let relational = is_relational(model);
    let view = matches!(model.storage, Storage::View { .. });
    let given = [
        ("schema", model.schema.is_some()),
        ("was", model.was.is_some()),
        ("comment", model.comment.is_some()),
        ("primary_key", model.primary_key_name.is_some()),
        ("with", !model.with.is_empty()),
        ("cache", model.cache.is_some()),
        ("shard_key", !model.shard_key.is_empty()),
        ("validation", model.validation.is_some()),
        ("foreign_key", !model.foreign_keys.is_empty()),
        ("unique", !model.uniques.is_empty()),
        ("check", !model.checks.is_empty()),
    ];
    for (name, _) in given.into_iter().filter(|(_, given)| *given) {
        let at = At::model(index, Part::Attribute(name));
        let attribute = grammar::find(Place::Model, name).expect("the names above are rows of the grammar");
        found.extend(wrong_model(at, attribute, &model.name, Some(relational)));
        if view && !attribute.views {
            found.push(
                Finding::new(at, FIT, format!("`{name}` does not fit the view `{}`", model.name))
                    .label("not on views")
                    .help("put it on the table that the view reads"),
            );
        }
    }
}

fn declarations_of_documents(known: &Known<'_>, found: &mut Vec<Finding>) {
    for (index, sequence) in known.schema.sequences.iter().enumerate() {
        found.push(
            Finding::new(
                At::new(Declared::Sequence, index, Part::Name),
                FIT,
                format!("the sequence `{}` is for tables only", sequence.name),
            )
            .label("tables only")
            .help("remove it"),
        );
    }
    for (index, declared) in known.schema.enums.iter().enumerate() {
        for (name, given) in [("schema", declared.schema.is_some()), ("store", declared.store.is_some())] {
            if given {
                let at = At::new(Declared::Enum, index, Part::Attribute(name));
                found.push(
                    Finding::new(at, FIT, format!("`{name}` on `{}` is for tables only", declared.name))
                        .label("tables only")
                        .help("remove it: a document holds the variant's name"),
                );
            }
        }
    }
}
