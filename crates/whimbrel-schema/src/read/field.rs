//! Reads the fields of models and embedded structs.

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::spanned::Spanned as _;
use syn::{Ident, Lit, LitStr, Token};

use super::attributes::{
    Read, Said, Word, any_text, choice, doc, duration, end_of_entry, field_name, integer, number,
    parenthesized, text,
};
use super::lists::{ACTIONS, checks, deferral, unread};
use super::places::{ListPlaces, MemberPlaces};
use super::problem::{Problem, code};
use super::types::field_type;
use crate::grammar::{self, Place};
use crate::model::{
    Default, Deferral, Encryption, EnumStore, Field, FieldIndex, Identity, Reference, ReferentialAction,
    Rules,
};

const STORES: &[(&str, EnumStore)] = &[("text", EnumStore::Text), ("native", EnumStore::Native)];
const IDENTITIES: &[(&str, Identity)] = &[("always", Identity::Always), ("by_default", Identity::ByDefault)];

/// What is gathered before it is known whether there is a `references`.
#[derive(Default)]
struct Referring {
    target: Option<(String, String)>,
    on_delete: Option<ReferentialAction>,
    on_update: Option<ReferentialAction>,
    deferral: Deferral,
    name: Option<String>,
    first_option: Option<(&'static str, Span)>,
}

/// One field of a struct with named fields.
pub(super) fn field(
    source: &syn::Field,
    place: Place,
    problems: &mut Vec<Problem>,
) -> Option<(Field, MemberPlaces)> {
    let ident = source.ident.as_ref()?;
    let read = match field_type(&source.ty) {
        Ok(read) => Some(read),
        Err(problem) => {
            problems.push(problem);
            None
        }
    };
    let known = read.is_some();
    let (ty, optional, span) = match read {
        Some(read) => (read.ty, read.optional, read.span),
        None => (crate::model::FieldType::Scalar(crate::model::Scalar::String), false, source.ty.span()),
    };
    let mut field = Field::new(ident.unraw().to_string(), ty);
    field.optional = optional;
    field.doc = doc(&source.attrs);
    let mut said = Said::new(place);
    let mut check_places = Vec::new();
    let mut referring = Referring::default();
    said.read(&source.attrs, |said, word, input| {
        take(&mut field, &mut referring, &mut check_places, said, word, input)
    });
    finish_reference(&mut field, referring, &mut said.problems);
    if known && said.problems.is_empty() {
        super::fit::field(&field, place, &said.attributes, super::fit::Types::Scalars, &mut said.problems);
    }
    problems.append(&mut said.problems);
    let places =
        MemberPlaces { name: ident.span(), ty: span, attributes: said.attributes, checks: check_places };
    Some((field, places))
}

fn take(
    field: &mut Field,
    referring: &mut Referring,
    check_places: &mut Vec<ListPlaces>,
    said: &mut Said,
    word: Word,
    input: ParseStream<'_>,
) -> Read<Span> {
    match word.name {
        "id" => field.id = true,
        "auto_increment" => field.auto_increment = true,
        "version" => field.version = true,
        "unique" => field.unique = true,
        "sparse" => field.sparse = true,
        "sensitive" => field.sensitive = true,
        "null" => field.null = true,
        "min_len" | "len" | "pattern" | "email" | "min" | "max" => {
            return rule(&mut field.rules, word, input);
        }
        "references" | "on_delete" | "on_update" | "deferrable" | "deferred" | "constraint" => {
            return refer(field, referring, said, word, input);
        }
        "index" => field.index = Some(field_index(input)?),
        "input" => field.input = input_rules(said, input)?,
        "encrypted" => field.encrypted = Some(encryption(input)?),
        "decimal" => {
            let content = parenthesized(input)?;
            let (precision, span) = integer("decimal", &content)?;
            content.parse::<Token![,]>().map_err(|_error| {
                Problem::new(span, code::VALUE, "`decimal` needs precision and scale")
                    .label("one number")
                    .help("write `decimal(10, 2)`: ten digits, two of them after the point")
            })?;
            let (scale, _) = integer("decimal", &content)?;
            end_of_entry(&content)?;
            field.decimal = Some((precision, scale));
            return Ok(span);
        }
        "check" => {
            for (check, places) in checks(word, input)? {
                field.checks.push(check);
                check_places.push(places);
            }
        }
        _ => return valued(field, word, input),
    }
    Ok(word.span)
}

/// The attributes that are `name = value`.
fn valued(field: &mut Field, word: Word, input: ParseStream<'_>) -> Read<Span> {
    let mut keep = |slot: fn(&mut Field) -> &mut Option<String>| {
        let (value, span) = text(word.name, input)?;
        *slot(field) = Some(value);
        Ok(span)
    };
    match word.name {
        "name" => keep(|field| &mut field.column),
        "was" => keep(|field| &mut field.was),
        "generated" => keep(|field| &mut field.generated),
        "type" => keep(|field| &mut field.sql_type),
        "collate" => keep(|field| &mut field.collation),
        "comment" => keep(|field| &mut field.comment),
        "ttl" => {
            let (value, span) = duration("ttl", input)?;
            field.ttl = Some(value);
            Ok(span)
        }
        "varchar" => {
            let (value, span) = integer::<u32>("varchar", input)?;
            if value == 0 {
                return Err(
                    Problem::new(span, code::VALUE, "`varchar = 0` holds nothing").help("write at least 1")
                );
            }
            field.varchar = Some(value);
            Ok(span)
        }
        "store" => {
            let (value, span) = choice("store", input, STORES)?;
            field.store = Some(value);
            Ok(span)
        }
        "identity" => {
            let (value, span) = choice("identity", input, IDENTITIES)?;
            field.identity = Some(value);
            Ok(span)
        }
        "default" => {
            let (value, span) = default(input)?;
            field.default = Some(value);
            Ok(span)
        }
        _ => Err(unread(word)),
    }
}

fn rule(rules: &mut Rules, word: Word, input: ParseStream<'_>) -> Read<Span> {
    match word.name {
        "email" => {
            rules.email = true;
            Ok(word.span)
        }
        "min_len" => {
            let (value, span) = integer("min_len", input)?;
            rules.min_len = Some(value);
            Ok(span)
        }
        "len" => {
            let (value, span) = integer("len", input)?;
            rules.len = Some(value);
            Ok(span)
        }
        "pattern" => {
            let (value, span) = text("pattern", input)?;
            rules.pattern = Some(value);
            Ok(span)
        }
        "min" => {
            let (value, span) = number("min", input)?;
            rules.min = Some(value);
            Ok(span)
        }
        "max" => {
            let (value, span) = number("max", input)?;
            rules.max = Some(value);
            Ok(span)
        }
        _ => Err(unread(word)),
    }
}

/// `input(min_len = 1, email)`: the same rules, for input only.
fn input_rules(said: &mut Said, input: ParseStream<'_>) -> Read<Rules> {
    let content = parenthesized(input)?;
    let mut rules = Rules::default();
    let mut inner = Said::new(Place::Field);
    inner.entries(&content, &mut |_: &mut Said, word: Word, input: ParseStream<'_>| {
        rule(&mut rules, word, input).map_err(|problem| {
            if problem.code == code::UNKNOWN {
                Problem::new(word.span, code::UNKNOWN, format!("`{}` is not a rule of input", word.name))
                    .label("not known here")
                    .help("the rules are min_len, len, pattern, email, min and max")
            } else {
                problem
            }
        })
    });
    for (name, span) in inner.attributes.iter() {
        said.attributes.record(input_name(name), span);
    }
    said.problems.append(&mut inner.problems);
    Ok(rules)
}

/// The rule's name among a field's places where it stands inside `input(…)`.
fn input_name(name: &'static str) -> &'static str {
    match name {
        "min_len" => "input.min_len",
        "len" => "input.len",
        "pattern" => "input.pattern",
        "email" => "input.email",
        "min" => "input.min",
        "max" => "input.max",
        _ => "input",
    }
}

fn refer(
    field: &mut Field,
    referring: &mut Referring,
    said: &mut Said,
    word: Word,
    input: ParseStream<'_>,
) -> Read<Span> {
    if word.name == "references" {
        let (model, span) = field_name(input)?;
        if input.parse::<Token![::]>().is_err() {
            return Err(Problem::new(span, code::VALUE, "`references` needs a model and a field")
                .label("only one name")
                .help(format!("write `references = {model}::id`")));
        }
        let (name, field_span) = field_name(input)?;
        said.attributes.record("references.field", field_span);
        referring.target = Some((model, name));
        return Ok(span);
    }
    if word.name == "on_update"
        && input.peek(Ident)
        && input.fork().parse::<Ident>().is_ok_and(|ident| ident == "now")
    {
        let span = input.span();
        input.parse::<Ident>()?;
        said.once("on_update = now", word.span)?;
        field.touch_on_update = true;
        return Ok(span);
    }
    referring.first_option.get_or_insert((word.name, word.span));
    match word.name {
        "on_delete" => {
            let (action, span) = choice("on_delete", input, ACTIONS)?;
            referring.on_delete = Some(action);
            Ok(span)
        }
        "on_update" => {
            let choices: Vec<(&'static str, Option<ReferentialAction>)> = std::iter::once(("now", None))
                .chain(ACTIONS.iter().map(|(name, action)| (*name, Some(*action))))
                .collect();
            let (action, span) = choice("on_update", input, &choices)?;
            said.once("on_update", word.span)?;
            referring.on_update = action;
            Ok(span)
        }
        "constraint" => {
            let (name, span) = text("constraint", input)?;
            referring.name = Some(name);
            Ok(span)
        }
        _ => {
            referring.deferral = deferral(referring.deferral, word)?;
            Ok(word.span)
        }
    }
}

fn finish_reference(field: &mut Field, referring: Referring, problems: &mut Vec<Problem>) {
    if let Some((model, target)) = referring.target {
        field.references = Some(Reference {
            model,
            field: target,
            on_delete: referring.on_delete.unwrap_or_default(),
            on_update: referring.on_update.unwrap_or_default(),
            deferral: referring.deferral,
            name: referring.name,
        });
    } else if let Some((name, span)) = referring.first_option {
        problems.push(
            Problem::new(span, code::FIT, format!("`{name}` needs `references` on the same field"))
                .label("no reference here")
                .help("add `references = Model::field`, or remove it"),
        );
    }
}

/// `index`, `index(desc)`, `index(desc, name = "…")`.
fn field_index(input: ParseStream<'_>) -> Read<FieldIndex> {
    let mut index = FieldIndex::default();
    if !input.peek(syn::token::Paren) {
        return Ok(index);
    }
    let content = parenthesized(input)?;
    while !content.is_empty() {
        let span = content.span();
        let (word, _) = field_name(&content)?;
        match word.as_str() {
            "asc" => {}
            "desc" => index.descending = true,
            "name" if content.peek(Token![=]) => {
                content.parse::<Token![=]>()?;
                index.name = Some(text("name", &content)?.0);
            }
            other => {
                return Err(Problem::new(
                    span,
                    code::UNKNOWN,
                    format!("`{other}` is not an option of a field's index"),
                )
                .label("not known here")
                .help("here are `desc` and `name = \"…\"`; for more, write `index(…)` on the model"));
            }
        }
        end_of_entry(&content)?;
    }
    Ok(index)
}

/// `encrypted`, `encrypted(blind_index)`.
fn encryption(input: ParseStream<'_>) -> Read<Encryption> {
    if !input.peek(syn::token::Paren) {
        return Ok(Encryption { blind_index: false });
    }
    let content = parenthesized(input)?;
    choice("encrypted", &content, &[("blind_index", ())])?;
    end_of_entry(&content)?;
    Ok(Encryption { blind_index: true })
}

/// `uuid`, `now`, `empty`, `true`, `0`, `"text"`, `Planned`, `sql("…")`.
fn default(input: ParseStream<'_>) -> Read<(Default, Span)> {
    let span = input.span();
    if input.peek(LitStr) {
        return any_text("default", input).map(|(value, span)| (Default::Text(value), span));
    }
    if input.peek(syn::LitBool) {
        return Ok((Default::Bool(input.parse::<syn::LitBool>()?.value()), span));
    }
    if input.peek(Lit) || input.peek(Token![-]) {
        return number("default", input).map(|(value, span)| (Default::Number(value), span));
    }
    let wrong = || {
        Problem::new(span, code::VALUE, "this is not a default value")
            .label("not a value")
            .help("write `uuid`, `now`, `empty`, `true`, a number, a string, a variant, or `sql(\"…\")`")
    };
    let Ok(mut ident) = input.call(Ident::parse_any) else { return Err(wrong()) };
    if ident == "sql" && input.peek(syn::token::Paren) {
        let content = parenthesized(input)?;
        let (sql, span) = text("sql", &content)?;
        end_of_entry(&content)?;
        return Ok((Default::Sql(sql), span));
    }
    while input.peek(Token![::]) {
        input.parse::<Token![::]>()?;
        ident = input.call(Ident::parse_any)?;
    }
    if input.peek(syn::token::Paren) || input.peek(Token![.]) || input.peek(Token![!]) {
        return Err(wrong().help("for a function of the database, write `sql(\"…\")`"));
    }
    let name = ident.unraw().to_string();
    let value = match name.as_str() {
        "uuid" => Default::Uuid,
        "now" => Default::Now,
        "empty" => Default::Empty,
        _ if name.starts_with(char::is_uppercase) => Default::Variant(name),
        _ => {
            let help = match grammar::nearest(&name, ["uuid", "now", "empty", "true", "false"]) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("for text, write \"{name}\"; a variant has its Rust name"),
            };
            return Err(Problem::new(span, code::VALUE, format!("`{name}` is not a default value"))
                .label("not known")
                .help(help));
        }
    };
    Ok((value, span))
}
