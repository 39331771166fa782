//! Whether a field's attributes fit its type and each other.

use proc_macro2::Span;

use super::places::Attributes;
use super::problem::{Problem, code};
use crate::grammar::{self, Place, TypeSet};
use crate::model::{Default, Deferral, Field, FieldType, ReferentialAction, Scalar};

/// Which fields to look at: those whose type is known from the start, or the others once the schema is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Types {
    /// Scalars and lists of scalars.
    Scalars,
    /// Enums, embedded structs and lists of them.
    Declared,
}

/// One misfit: the attribute's name, the message and the help.
pub(crate) struct Misfit {
    pub(crate) attribute: &'static str,
    pub(crate) message: String,
    pub(crate) help: String,
}

pub(super) fn field(
    field: &Field,
    place: Place,
    attributes: &Attributes,
    types: Types,
    problems: &mut Vec<Problem>,
) {
    for misfit in misfits(field, place, types, attributes.iter().map(|(name, _)| name)) {
        let span = attributes.get(misfit.attribute).unwrap_or_else(Span::call_site);
        problems.push(Problem::new(span, code::FIT, misfit.message).label("does not fit").help(misfit.help));
    }
}

/// Every attribute of a field that does not fit.
pub(crate) fn misfits(
    field: &Field,
    place: Place,
    types: Types,
    attributes: impl Iterator<Item = &'static str>,
) -> Vec<Misfit> {
    let mut found = Vec::new();
    let declared = match &field.ty {
        FieldType::Scalar(_) => false,
        FieldType::Enum(_) | FieldType::Embedded(_) => true,
        FieldType::List(element) => !matches!(element.as_ref(), FieldType::Scalar(_)),
    };
    if declared == (types == Types::Declared) {
        for name in attributes {
            let plain = name.strip_prefix("input.").unwrap_or(name);
            let Some(attribute) = grammar::find(place, plain) else { continue };
            if !attribute.fits_type(&field.ty) {
                found.push(Misfit {
                    attribute: name,
                    message: format!(
                        "`{plain}` does not fit `{}`, which is {}",
                        field.name,
                        type_words(&field.ty)
                    ),
                    help: format!("it fits: {}", attribute.types.words()),
                });
            }
        }
        if found.is_empty() {
            default_fits(field, &mut found);
        }
    }
    if types == Types::Scalars {
        combinations(field, &mut found);
        empty_ranges(field, &mut found);
    }
    found
}

/// A type as it stands in Rust source.
pub(crate) fn type_words(ty: &FieldType) -> String {
    match ty {
        FieldType::Scalar(scalar) => format!("`{}`", scalar.rust_name()),
        FieldType::Enum(name) => format!("the enum `{name}`"),
        FieldType::Embedded(name) => format!("the embedded struct `{name}`"),
        FieldType::List(_) => "a list".into(),
    }
}

fn default_fits(field: &Field, found: &mut Vec<Misfit>) {
    let Some(default) = &field.default else { return };
    const NUMBERS: TypeSet =
        TypeSet::of(&[Scalar::I16, Scalar::I32, Scalar::I64, Scalar::F64, Scalar::Decimal]);
    const TIMES: TypeSet =
        TypeSet::of(&[Scalar::Timestamp, Scalar::NaiveTimestamp, Scalar::Date, Scalar::Time]);
    const TEXTS: TypeSet = TIMES.and(TypeSet::of(&[
        Scalar::String,
        Scalar::Uuid,
        Scalar::Json,
        Scalar::Bytes,
        Scalar::ObjectId,
    ]));
    let (words, fits) = match default {
        Default::Uuid => ("`uuid`", TypeSet::of(&[Scalar::Uuid])),
        Default::Now => ("`now`", TIMES),
        Default::Text(_) => ("a string", TEXTS),
        Default::Number(_) => ("a number", NUMBERS),
        Default::Bool(_) => ("true or false", TypeSet::of(&[Scalar::Bool])),
        Default::Variant(_) => ("a variant", TypeSet::ENUM),
        Default::Empty => ("`empty`", TypeSet::of(&[Scalar::Json]).and(TypeSet::LIST)),
        Default::Sql(_) => return,
    };
    if !fits.meets(TypeSet::kind(&field.ty)) {
        found.push(Misfit {
            attribute: "default",
            message: format!(
                "{words} is no default for `{}`, which is {}",
                field.name,
                type_words(&field.ty)
            ),
            help: format!("{words} fits: {}; for anything else, write `sql(\"…\")`", fits.words()),
        });
    }
    if let Default::Number(number) = default
        && matches!(field.ty, FieldType::Scalar(Scalar::I16 | Scalar::I32 | Scalar::I64))
        && number.contains(['.', 'e', 'E'])
    {
        found.push(Misfit {
            attribute: "default",
            message: format!(
                "`{number}` is not a whole number, and `{}` is {}",
                field.name,
                type_words(&field.ty)
            ),
            help: "write a whole number, or use `Decimal`".into(),
        });
    }
}

/// The attributes that a field has, as their names.
pub(crate) fn given(field: &Field) -> Vec<&'static str> {
    let reference = field.references.as_ref();
    let input = &field.input;
    let rules = &field.rules;
    [
        ("id", field.id),
        ("auto_increment", field.auto_increment),
        ("identity", field.identity.is_some()),
        ("generated", field.generated.is_some()),
        ("default", field.default.is_some()),
        ("on_update", field.touch_on_update),
        ("varchar", field.varchar.is_some()),
        ("decimal", field.decimal.is_some()),
        ("type", field.sql_type.is_some()),
        ("collate", field.collation.is_some()),
        ("comment", field.comment.is_some()),
        ("store", field.store.is_some()),
        ("min_len", rules.min_len.is_some()),
        ("len", rules.len.is_some()),
        ("pattern", rules.pattern.is_some()),
        ("email", rules.email),
        ("min", rules.min.is_some()),
        ("max", rules.max.is_some()),
        ("input.min_len", input.min_len.is_some()),
        ("input.len", input.len.is_some()),
        ("input.pattern", input.pattern.is_some()),
        ("input.email", input.email),
        ("input.min", input.min.is_some()),
        ("input.max", input.max.is_some()),
        ("unique", field.unique),
        ("sparse", field.sparse),
        ("index", field.index.is_some()),
        ("ttl", field.ttl.is_some()),
        ("references", reference.is_some()),
        ("on_delete", reference.is_some_and(|key| key.on_delete != ReferentialAction::NoAction)),
        ("deferrable", reference.is_some_and(|key| key.deferral == Deferral::InitiallyImmediate)),
        ("deferred", reference.is_some_and(|key| key.deferral == Deferral::InitiallyDeferred)),
        ("constraint", reference.is_some_and(|key| key.name.is_some())),
        ("check", !field.checks.is_empty()),
        ("sensitive", field.sensitive),
        ("encrypted", field.encrypted.is_some()),
        ("version", field.version),
        ("null", field.null),
        ("name", field.column.is_some()),
        ("was", field.was.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, given)| given.then_some(name))
    .collect()
}

/// What contradicts itself whatever the type is.
fn combinations(field: &Field, found: &mut Vec<Misfit>) {
    let mut add = |attribute, message: String, help: &str| {
        found.push(Misfit { attribute, message, help: help.into() });
    };
    let name = &field.name;
    let sources: Vec<&'static str> = [
        ("auto_increment", field.auto_increment),
        ("identity", field.identity.is_some()),
        ("generated", field.generated.is_some()),
        ("default", field.default.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, given)| given.then_some(name))
    .collect();
    if let [first, second, ..] = sources.as_slice() {
        add(
            *second,
            format!("`{name}` has both `{first}` and `{second}`"),
            "a value comes from one place: keep one of them",
        );
    }
    if field.sparse && !field.unique && field.index.is_none() {
        add(
            "sparse",
            format!("`sparse` on `{name}` has no index to leave rows out of"),
            "add `unique` or `index`",
        );
    }
    if field.id && field.optional {
        add("id", format!("the id `{name}` cannot be missing"), "remove the `Option`");
    }
    if field.version && field.optional {
        add("version", format!("the version `{name}` cannot be missing"), "remove the `Option`");
    }
    if field.null && !field.optional {
        add("null", format!("`{name}` is never missing"), "make it an `Option`, or remove `null`");
    }
    if field.touch_on_update
        && !matches!(
            field.ty,
            FieldType::Scalar(Scalar::Timestamp | Scalar::NaiveTimestamp | Scalar::Date | Scalar::Time)
        )
    {
        add(
            "on_update",
            format!("`on_update = now` does not fit `{name}`"),
            "it fits Timestamp, NaiveTimestamp, Date and Time",
        );
    }
    if let Some(encryption) = field.encrypted {
        if field.id {
            add("encrypted", format!("the id `{name}` cannot be encrypted"), "remove `encrypted`");
        } else if !encryption.blind_index && (field.unique || field.index.is_some()) {
            add(
                "encrypted",
                format!("equal values of `{name}` cannot be found when it is encrypted"),
                "write `encrypted(blind_index)`, or remove the index",
            );
        }
    }
    if field.varchar.is_some() && field.sql_type.is_some() {
        add("type", format!("`{name}` has both `varchar` and `type`"), "keep one of them");
    }
    if field.decimal.is_some() && field.sql_type.is_some() {
        add("type", format!("`{name}` has both `decimal` and `type`"), "keep one of them");
    }
    if let Some((precision, scale)) = field.decimal {
        if precision == 0 || precision > 1000 {
            add(
                "decimal",
                format!("`{name}` cannot have {precision} digits"),
                "a precision is from 1 to 1000",
            );
        } else if scale > precision {
            add(
                "decimal",
                format!("`{name}` has {scale} digits after the point, of {precision}"),
                "write the precision first: `decimal(10, 2)`",
            );
        }
    }
}

/// Rules that no value keeps.
fn empty_ranges(field: &Field, found: &mut Vec<Misfit>) {
    let name = &field.name;
    let mut add = |attribute, message: String| {
        found.push(Misfit { attribute, message, help: "swap them".into() });
    };
    for (rules, length, size) in
        [(&field.rules, "min_len", "min"), (&field.input, "input.min_len", "input.min")]
    {
        if let (Some(least), Some(most)) = (rules.min_len, rules.len)
            && least > most
        {
            add(length, format!("no length of `{name}` is at least {least} and at most {most}"));
        }
        if let (Some(least), Some(most)) = (&rules.min, &rules.max)
            && let (Ok(least), Ok(most)) = (least.parse::<f64>(), most.parse::<f64>())
            && least > most
        {
            add(size, format!("no value of `{name}` is at least {least} and at most {most}"));
        }
    }
}
