//! Reads one struct or enum: the functions that the derive macros share with the reader.

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::spanned::Spanned as _;
use syn::{Fields, Generics, ItemEnum, ItemStruct};

use super::attributes::{Read, Said, Word, choice, doc, integer, text};
use super::field::field;
use super::lists::{cache, checks, foreign_key, index, parameters, unique, unread, validation};
use super::places::{DeclarationPlaces, MemberPlaces};
use super::problem::{Problem, code};
use crate::grammar::Place;
use crate::model::{
    Embedded, EnumStore, EnumType, Field, IndexKind, Model, Sequence, Storage, Variant, snake_case,
};

/// Something read, with its places.
pub type Placed<T> = (T, DeclarationPlaces);

/// The table, collection or view as it is said, before it is known which.
#[derive(Default)]
struct Names {
    table: Option<(String, Span)>,
    collection: Option<(String, Span)>,
    view: Option<(String, Span)>,
    query: Option<(String, Span)>,
    materialized: Option<Span>,
    keyless: Option<Span>,
}

/// Reads a struct with `#[derive(Model)]`.
///
/// The type of a field that is no scalar reads as [`crate::model::FieldType::Enum`]; only the
/// whole schema knows which of them are embedded structs.
///
/// # Errors
/// Every mistake in the struct.
pub fn model_from(item: &ItemStruct) -> Result<Placed<Model>, Vec<Problem>> {
    let mut places = DeclarationPlaces::at(item.ident.span());
    let mut model = Model::new(item.ident.unraw().to_string(), Storage::Table, "");
    model.doc = doc(&item.attrs);
    let mut said = Said::new(Place::Model);
    let mut names = Names::default();
    said.read(&item.attrs, |said, word, input| take(&mut model, &mut names, &mut places, said, word, input));
    let keyless = names.keyless;
    storage(&mut model, names, item.ident.span(), &mut said);
    let mut problems = said.problems;
    no_generics(&item.generics, &mut problems);
    (model.fields, places.members) =
        fields(&item.fields, &model.name, item.ident.span(), Place::Field, &mut problems);
    if problems.is_empty() {
        problems.extend(key(&model, keyless, item.ident.span()));
    }
    places.attributes = said.attributes;
    finish(model, places, problems)
}

/// Reads a struct with `#[derive(Embedded)]`.
///
/// # Errors
/// Every mistake in the struct.
pub fn embedded_from(item: &ItemStruct) -> Result<Placed<Embedded>, Vec<Problem>> {
    let mut places = DeclarationPlaces::at(item.ident.span());
    let name = item.ident.unraw().to_string();
    let mut problems = Vec::new();
    no_generics(&item.generics, &mut problems);
    for attribute in item.attrs.iter().filter(|attribute| attribute.path().is_ident("db")) {
        problems.push(
            Problem::new(
                attribute.path().span(),
                code::UNKNOWN,
                format!("the embedded struct `{name}` takes no attributes"),
            )
            .label("not known here")
            .help("indexes and checks on its fields belong on the model: `index(profile.city)`"),
        );
    }
    let (fields, members) =
        fields(&item.fields, &name, item.ident.span(), Place::EmbeddedField, &mut problems);
    places.members = members;
    finish(Embedded { name, doc: doc(&item.attrs), fields }, places, problems)
}

/// Reads an enum with `#[derive(Enum)]`.
///
/// # Errors
/// Every mistake in the enum.
pub fn enum_from(item: &ItemEnum) -> Result<Placed<EnumType>, Vec<Problem>> {
    let mut places = DeclarationPlaces::at(item.ident.span());
    let mut declared = EnumType {
        name: item.ident.unraw().to_string(),
        doc: doc(&item.attrs),
        type_name: None,
        schema: None,
        was: None,
        store: None,
        variants: Vec::new(),
    };
    let mut said = Said::new(Place::Enum);
    said.read(&item.attrs, |_, word, input| {
        let (slot, value) = match word.name {
            "store" => {
                let choices = [("text", EnumStore::Text), ("native", EnumStore::Native)];
                let (store, span) = choice("store", input, &choices)?;
                declared.store = Some(store);
                return Ok(span);
            }
            "name" => (&mut declared.type_name, text("name", input)?),
            "schema" => (&mut declared.schema, text("schema", input)?),
            "was" => (&mut declared.was, text("was", input)?),
            _ => return Err(unread(word)),
        };
        *slot = Some(value.0);
        Ok(value.1)
    });
    let mut problems = said.problems;
    places.attributes = said.attributes;
    no_generics(&item.generics, &mut problems);
    for source in &item.variants {
        let (variant, place) = variant(source, &mut problems);
        declared.variants.push(variant);
        places.members.push(place);
    }
    finish(declared, places, problems)
}

fn variant(source: &syn::Variant, problems: &mut Vec<Problem>) -> (Variant, MemberPlaces) {
    let mut variant =
        Variant { name: source.ident.unraw().to_string(), doc: doc(&source.attrs), value: None, was: None };
    if !matches!(source.fields, Fields::Unit) {
        problems.push(
            Problem::new(
                source.fields.span(),
                code::UNSUPPORTED,
                format!("variant `{}` carries values", variant.name),
            )
            .label("not supported")
            .help("a variant is a word; put the values in a struct beside it"),
        );
    }
    if let Some((_, expr)) = &source.discriminant {
        problems.push(
            Problem::new(expr.span(), code::UNSUPPORTED, format!("variant `{}` has a number", variant.name))
                .label("not supported")
                .help("a variant is stored by its name: remove the number"),
        );
    }
    let mut said = Said::new(Place::Variant);
    said.read(&source.attrs, |_, word, input| {
        let (value, span) = text(word.name, input)?;
        match word.name {
            "name" => variant.value = Some(value),
            "was" => variant.was = Some(value),
            _ => return Err(unread(word)),
        }
        Ok(span)
    });
    problems.append(&mut said.problems);
    let span = source.ident.span();
    let place = MemberPlaces { name: span, ty: span, attributes: said.attributes, checks: Vec::new() };
    (variant, place)
}

/// Reads a unit struct with `#[derive(Sequence)]`.
///
/// # Errors
/// Every mistake in the struct.
pub fn sequence_from(item: &ItemStruct) -> Result<Placed<Sequence>, Vec<Problem>> {
    let mut places = DeclarationPlaces::at(item.ident.span());
    let mut sequence = Sequence {
        name: item.ident.unraw().to_string(),
        sequence: None,
        schema: None,
        start: None,
        increment: None,
        min: None,
        max: None,
        cache: None,
        cycle: false,
    };
    let mut said = Said::new(Place::Sequence);
    said.read(&item.attrs, |_, word, input| {
        let (slot, value) = match word.name {
            "cycle" => {
                sequence.cycle = true;
                return Ok(word.span);
            }
            "name" => {
                let (value, span) = text("name", input)?;
                sequence.sequence = Some(value);
                return Ok(span);
            }
            "schema" => {
                let (value, span) = text("schema", input)?;
                sequence.schema = Some(value);
                return Ok(span);
            }
            "start" => (&mut sequence.start, integer("start", input)?),
            "increment" => (&mut sequence.increment, integer("increment", input)?),
            "min" => (&mut sequence.min, integer("min", input)?),
            "max" => (&mut sequence.max, integer("max", input)?),
            "cache" => (&mut sequence.cache, integer("cache", input)?),
            _ => return Err(unread(word)),
        };
        *slot = Some(value.0);
        Ok(value.1)
    });
    let mut problems = said.problems;
    places.attributes = said.attributes;
    no_generics(&item.generics, &mut problems);
    if !matches!(item.fields, Fields::Unit) {
        problems.push(
            Problem::new(
                item.fields.span(),
                code::UNSUPPORTED,
                format!("the sequence `{}` has fields", sequence.name),
            )
            .label("not supported")
            .help(format!("write `pub struct {};`", sequence.name)),
        );
    }
    finish(sequence, places, problems)
}

fn finish<T>(read: T, places: DeclarationPlaces, problems: Vec<Problem>) -> Result<Placed<T>, Vec<Problem>> {
    if problems.is_empty() { Ok((read, places)) } else { Err(problems) }
}

fn fields(
    source: &Fields,
    owner: &str,
    span: Span,
    place: Place,
    problems: &mut Vec<Problem>,
) -> (Vec<Field>, Vec<MemberPlaces>) {
    match source {
        Fields::Named(named) => {
            named.named.iter().filter_map(|source| field(source, place, problems)).unzip()
        }
        Fields::Unnamed(_) => {
            problems.push(
                Problem::new(
                    source.span(),
                    code::UNSUPPORTED,
                    format!("the fields of `{owner}` have no names"),
                )
                .label("not supported")
                .help("a column has a name: write `struct Name { field: Type }`"),
            );
            (Vec::new(), Vec::new())
        }
        Fields::Unit => {
            problems.push(
                Problem::new(span, code::UNSUPPORTED, format!("`{owner}` has no fields"))
                    .label("nothing to store")
                    .help("write `struct Name { field: Type }`"),
            );
            (Vec::new(), Vec::new())
        }
    }
}

fn no_generics(generics: &Generics, problems: &mut Vec<Problem>) {
    if let Some(parameter) = generics.params.first() {
        problems.push(
            Problem::new(parameter.span(), code::UNSUPPORTED, "a part of the schema cannot have parameters")
                .label("not supported")
                .help("write the types themselves"),
        );
    } else if let Some(clause) = &generics.where_clause {
        problems.push(
            Problem::new(
                clause.span(),
                code::UNSUPPORTED,
                "a part of the schema cannot have a `where` clause",
            )
            .label("not supported")
            .help("remove it"),
        );
    }
}

fn take(
    model: &mut Model,
    names: &mut Names,
    places: &mut DeclarationPlaces,
    said: &mut Said,
    word: Word,
    input: ParseStream<'_>,
) -> Read<Span> {
    let named = |slot: &mut Option<(String, Span)>| {
        let value = text(word.name, input)?;
        let span = value.1;
        *slot = Some(value);
        Ok(span)
    };
    let plain = |slot: &mut Option<String>| {
        let (value, span) = text(word.name, input)?;
        *slot = Some(value);
        Ok(span)
    };
    match word.name {
        "table" => return named(&mut names.table),
        "collection" => return named(&mut names.collection),
        "view" => return named(&mut names.view),
        "query" => return named(&mut names.query),
        "schema" => return plain(&mut model.schema),
        "was" => return plain(&mut model.was),
        "comment" => return plain(&mut model.comment),
        "primary_key" => return plain(&mut model.primary_key_name),
        "materialized" => names.materialized = Some(word.span),
        "keyless" => names.keyless = Some(word.span),
        "index" | "geo" | "text" | "hashed" => {
            let kind = match word.name {
                "geo" => IndexKind::Geo,
                "text" => IndexKind::Text,
                "hashed" => IndexKind::Hashed,
                _ => IndexKind::Ordered,
            };
            let (read, place) = index(said, kind, word, input)?;
            model.indexes.push(read);
            places.indexes.push(place);
        }
        "unique" => {
            let (read, place) = unique(said, word, input)?;
            model.uniques.push(read);
            places.uniques.push(place);
        }
        "foreign_key" => {
            let (read, place) = foreign_key(said, word, input)?;
            model.foreign_keys.push(read);
            places.foreign_keys.push(place);
        }
        "check" => {
            for (read, place) in checks(word, input)? {
                model.checks.push(read);
                places.checks.push(place);
            }
        }
        "with" => model.with.extend(parameters(input)?),
        "cache" => {
            let (read, place) = cache(word, input)?;
            model.cache = Some(read);
            places.cache = place;
        }
        "shard_key" => {
            for (path, span) in super::attributes::field_paths(input)? {
                model.shard_key.push(path);
                places.shard_key.items.push(span);
            }
        }
        "validation" => model.validation = Some(validation(word, input)?),
        _ => return Err(unread(word)),
    }
    Ok(word.span)
}

/// Decides between table, collection and view.
fn storage(model: &mut Model, names: Names, span: Span, said: &mut Said) {
    let given: Vec<(&str, Span)> =
        [("table", &names.table), ("collection", &names.collection), ("view", &names.view)]
            .into_iter()
            .filter_map(|(word, value)| value.as_ref().map(|(_, span)| (word, *span)))
            .collect();
    match given.as_slice() {
        [_] => {}
        [] => {
            if said.problems.is_empty() {
                let suggestion = plural(&snake_case(&model.name));
                said.problems.push(
                    Problem::new(
                        span,
                        code::MISSING,
                        format!("model `{}` does not say where it is stored", model.name),
                    )
                    .label("no `table`, `collection` or `view`")
                    .help(format!(
                        "add `#[db(table = \"{suggestion}\")]` or `#[db(collection = \"{suggestion}\")]`"
                    )),
                );
            }
            return;
        }
        [(first, _), (second, span), ..] => {
            said.problems.push(
                Problem::new(
                    *span,
                    code::FIT,
                    format!("model `{}` has both `{first}` and `{second}`", model.name),
                )
                .label("already stored elsewhere")
                .help("a model is one of them"),
            );
            return;
        }
    }
    if names.view.is_none() {
        let stray = names.query.as_ref().map(|(_, span)| ("query", *span));
        if let Some((word, span)) = stray.or(names.materialized.map(|span| ("materialized", span))) {
            said.problems.push(
                Problem::new(span, code::FIT, format!("`{word}` needs `view`"))
                    .label("not a view")
                    .help("write `view = \"name\", query = \"SELECT …\"`"),
            );
        }
    }
    if let Some((name, span)) = names.view {
        model.table = name;
        let Some((query, _)) = names.query else {
            said.problems.push(
                Problem::new(span, code::MISSING, format!("view `{}` has no query", model.table))
                    .label("no `query`")
                    .help("add `query = \"SELECT …\"`"),
            );
            return;
        };
        model.storage = Storage::View { query, materialized: names.materialized.is_some() };
    } else if let Some((name, _)) = names.collection {
        model.table = name;
        model.storage = Storage::Collection;
    } else if let Some((name, _)) = names.table {
        model.table = name;
    }
}

/// A table has a primary key unless it says that it has none.
fn key(model: &Model, keyless: Option<Span>, span: Span) -> Option<Problem> {
    let has_id = model.fields.iter().any(|field| field.id);
    match (keyless, has_id) {
        (Some(span), true) => Some(
            Problem::new(span, code::FIT, format!("model `{}` has an `id`", model.name))
                .label("not keyless")
                .help("remove `keyless`"),
        ),
        (None, false) if model.storage == Storage::Table => Some(
            Problem::new(span, code::MISSING, format!("table `{}` has no primary key", model.table))
                .label("no field has `id`")
                .help("mark a field `#[db(id)]`, or say `keyless` on the model"),
        ),
        _ => None,
    }
}

/// A likely plural, for a suggestion only.
fn plural(word: &str) -> String {
    if let Some(stem) = word.strip_suffix('y')
        && !stem.ends_with(['a', 'e', 'i', 'o', 'u'])
    {
        return format!("{stem}ies");
    }
    if word.ends_with(['s', 'x']) || word.ends_with("ch") || word.ends_with("sh") {
        return format!("{word}es");
    }
    format!("{word}s")
}
