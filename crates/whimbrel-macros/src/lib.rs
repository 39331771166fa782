//! The derive macros of the schema.
//!
//! They read a struct or enum with the same functions as the `whimbrel` command, so that the two
//! cannot disagree, and emit what a reader of text cannot know: that a type named `Uuid` is the
//! `Uuid`, and that a referenced field exists.

mod emit;
mod parts;

use proc_macro::TokenStream;
use syn::Item;
use whimbrel_schema::check;
use whimbrel_schema::model::Schema;
use whimbrel_schema::read::{self, Places, Problem};

/// Describes a table, collection or view; `#[db(…)]` says how it is stored.
#[proc_macro_derive(Model, attributes(db))]
pub fn derive_model(input: TokenStream) -> TokenStream {
    expand(input, "Model", |item| {
        let Item::Struct(source) = item else { return Err(Refused(None)) };
        let (model, places) = read::model_from(source)?;
        let schema = Schema { models: vec![model], ..Schema::new() };
        let places = Places { models: vec![places], ..Places::default() };
        alone(&schema, &places)?;
        Ok(emit::model(source, &schema.models[0], &places.models[0]))
    })
}

/// Describes a struct that lives inside a model's field.
#[proc_macro_derive(Embedded, attributes(db))]
pub fn derive_embedded(input: TokenStream) -> TokenStream {
    expand(input, "Embedded", |item| {
        let Item::Struct(source) = item else { return Err(Refused(None)) };
        let (embedded, places) = read::embedded_from(source)?;
        let schema = Schema { embedded: vec![embedded], ..Schema::new() };
        let places = Places { embedded: vec![places], ..Places::default() };
        alone(&schema, &places)?;
        Ok(emit::embedded(source, &schema.embedded[0], &places.embedded[0]))
    })
}

/// Describes an enum whose variants are words.
#[proc_macro_derive(Enum, attributes(db))]
pub fn derive_enum(input: TokenStream) -> TokenStream {
    expand(input, "Enum", |item| {
        let Item::Enum(source) = item else { return Err(Refused(None)) };
        let (declared, places) = read::enum_from(source)?;
        let schema = Schema { enums: vec![declared], ..Schema::new() };
        let places = Places { enums: vec![places], ..Places::default() };
        alone(&schema, &places)?;
        Ok(emit::enumeration(source, &schema.enums[0]))
    })
}

/// Describes a sequence that no column owns.
#[proc_macro_derive(Sequence, attributes(db))]
pub fn derive_sequence(input: TokenStream) -> TokenStream {
    expand(input, "Sequence", |item| {
        let Item::Struct(source) = item else { return Err(Refused(None)) };
        let (sequence, _) = read::sequence_from(source)?;
        Ok(emit::sequence(source, &sequence))
    })
}

/// The mistakes of a declaration; none of them means that the derive stands on the wrong kind of item.
struct Refused(Option<Vec<Problem>>);

impl From<Vec<Problem>> for Refused {
    fn from(problems: Vec<Problem>) -> Self {
        Refused(Some(problems))
    }
}

fn alone(schema: &Schema, places: &Places) -> Result<(), Refused> {
    let problems = check::alone(schema, places);
    if problems.is_empty() { Ok(()) } else { Err(Refused(Some(problems))) }
}

fn expand(
    input: TokenStream,
    derive: &str,
    read: impl Fn(&Item) -> Result<proc_macro2::TokenStream, Refused>,
) -> TokenStream {
    let item: Item = match syn::parse(input) {
        Ok(item) => item,
        Err(error) => return error.to_compile_error().into(),
    };
    let problems = match read(&item) {
        Ok(tokens) => return tokens.into(),
        Err(Refused(problems)) => problems,
    };
    let Some(problems) = problems else {
        let place = if derive == "Enum" { "an enum" } else { "a struct" };
        let message = format!("`#[derive({derive})]` belongs on {place}");
        return syn::Error::new_spanned(&item, message).to_compile_error().into();
    };
    problems
        .iter()
        .map(|problem| problem.to_compile_error().to_compile_error())
        .collect::<proc_macro2::TokenStream>()
        .into()
}
