//! Reads field types.

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::{GenericArgument, PathArguments, PathSegment, Type};

use super::attributes::Read;
use super::problem::{Problem, code};
use crate::model::{FieldType, Scalar};

/// A field's type; a name that is no scalar reads as an enum until the whole schema is known.
pub(super) struct ReadType {
    pub(super) ty: FieldType,
    pub(super) optional: bool,
    pub(super) span: Span,
}

pub(super) fn field_type(ty: &Type) -> Read<ReadType> {
    let segment = last_segment(ty)?;
    if segment.ident == "Option" {
        let inner = argument(segment)?;
        if last_segment(inner)?.ident == "Option" {
            return Err(unsupported(inner.span(), "`Option<Option<T>>` has no column")
                .help("write `Option<T>`: a value is there or it is not"));
        }
        let (ty, span) = required(inner)?;
        return Ok(ReadType { ty, optional: true, span });
    }
    let (ty, span) = required(ty)?;
    Ok(ReadType { ty, optional: false, span })
}

fn required(ty: &Type) -> Read<(FieldType, Span)> {
    let segment = last_segment(ty)?;
    let span = segment.ident.span();
    if segment.ident != "Vec" {
        return named(segment).map(|found| (found, span));
    }
    let inner = argument(segment)?;
    let element = last_segment(inner)?;
    if element.ident == "Option" {
        return Err(unsupported(inner.span(), "a list's elements cannot be missing")
            .help("write `Vec<T>`, or `Option<Vec<T>>` for a list that may be missing"));
    }
    if element.ident == "Vec" {
        return Err(unsupported(inner.span(), "a list of lists has no column")
            .help("use `Json`, or an embedded struct that holds the inner list"));
    }
    if element.ident == "u8" {
        return Err(unsupported(inner.span(), "`Vec<u8>` is written `Bytes`").help("write `Bytes`"));
    }
    let inner = named(element)?;
    Ok((FieldType::List(Box::new(inner)), element.ident.span()))
}

fn named(segment: &PathSegment) -> Read<FieldType> {
    if !matches!(segment.arguments, PathArguments::None) {
        return Err(unsupported(segment.ident.span(), format!("`{}` cannot have parameters", segment.ident))
            .help(
                hint(&segment.ident.to_string())
                    .unwrap_or("only `Option<T>` and `Vec<T>` take one")
                    .to_owned(),
            ));
    }
    let name = syn::ext::IdentExt::unraw(&segment.ident).to_string();
    if let Some(scalar) = Scalar::ALL.into_iter().find(|scalar| scalar.rust_name() == name) {
        return Ok(FieldType::Scalar(scalar));
    }
    match hint(&name) {
        Some(help) => Err(Problem::new(
            segment.ident.span(),
            code::TYPE,
            format!("`{name}` is not a type of the schema"),
        )
        .label("not known")
        .help(help)),
        None => Ok(FieldType::Enum(name)),
    }
}

/// What to write instead of a type that Rust has and the schema does not.
fn hint(name: &str) -> Option<&'static str> {
    Some(match name {
        "u8" | "i8" => "use `i16`",
        "u16" => "use `i32` with `min = 0`",
        "u32" | "usize" | "isize" => "use `i64` with `min = 0`",
        "u64" | "i128" | "u128" => "use `i64`, or `Decimal` for larger numbers",
        "f32" => "use `f64`, or `Decimal` for exact values such as money",
        "str" | "char" | "Cow" => "use `String`",
        "Value" => "use `Json`",
        "HashMap" | "BTreeMap" => "use `Json`, or an embedded struct",
        "HashSet" | "BTreeSet" | "VecDeque" => "use `Vec<T>`",
        "Box" | "Arc" | "Rc" => "write the type itself",
        "DateTime" | "OffsetDateTime" | "Instant" | "SystemTime" | "Zoned" => {
            "use `Timestamp` (an instant) or `NaiveTimestamp` (without a zone)"
        }
        "NaiveDateTime" | "PrimitiveDateTime" => "use `NaiveTimestamp`",
        "NaiveDate" => "use `Date`",
        "NaiveTime" => "use `Time`",
        "Duration" => "use `i64` with the unit in the field's name, such as `timeout_ms`",
        "BigDecimal" => "use `Decimal`",
        _ => return None,
    })
}

fn last_segment(ty: &Type) -> Read<&PathSegment> {
    match ty {
        Type::Path(path) if path.qself.is_none() => match path.path.segments.last() {
            Some(segment) => Ok(segment),
            None => Err(unsupported(ty.span(), "this type has no name")),
        },
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        Type::Reference(_) => {
            Err(unsupported(ty.span(), "a field cannot borrow").help("use `String`, or the type itself"))
        }
        Type::Tuple(_) => Err(unsupported(ty.span(), "a tuple has no column").help("use an embedded struct")),
        Type::Array(_) | Type::Slice(_) => {
            Err(unsupported(ty.span(), "an array has no column").help("use `Vec<T>`, or `Bytes` for bytes"))
        }
        Type::Macro(_) => Err(unsupported(ty.span(), "a macro cannot stand for a type of the schema")
            .help("write the type itself: the schema is read without running macros")),
        _ => Err(unsupported(ty.span(), "this type has no column").help("use one of the schema's types")),
    }
}

fn argument(segment: &PathSegment) -> Read<&Type> {
    if let PathArguments::AngleBracketed(arguments) = &segment.arguments
        && arguments.args.len() == 1
        && let Some(GenericArgument::Type(inner)) = arguments.args.first()
    {
        return Ok(inner);
    }
    Err(unsupported(segment.ident.span(), format!("`{}` needs one type", segment.ident))
        .help(format!("write `{}<T>`", segment.ident)))
}

fn unsupported(span: Span, message: impl Into<String>) -> Problem {
    Problem::new(span, code::UNSUPPORTED, message).label("not supported")
}
