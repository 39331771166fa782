//! Reads the lists of a model: indexes, unique constraints, foreign keys, checks, parameters.

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::{Ident, LitInt, LitStr, Token};

use super::attributes::{
    Read, Said, Word, any_text, choice, digits, duration, end_of_entry, field_name, field_path, field_paths,
    parenthesized, skip_entry, text,
};
use super::expression::condition;
use super::places::ListPlaces;
use super::problem::{Problem, code};
use crate::document::{ValidationAction, ValidationLevel};
use crate::grammar::{self, Form, Place};
use crate::model::{
    Cache, Check, Condition, Deferral, ForeignKey, Index, IndexKey, IndexKind, IndexTarget,
    ReferentialAction, Unique, Validation,
};

pub(super) const ACTIONS: &[(&str, ReferentialAction)] = &[
    ("no_action", ReferentialAction::NoAction),
    ("restrict", ReferentialAction::Restrict),
    ("cascade", ReferentialAction::Cascade),
    ("set_null", ReferentialAction::SetNull),
    ("set_default", ReferentialAction::SetDefault),
];

/// Goes through a list whose entries are fields or keys, except for the options of `place`.
fn list(
    said: &mut Said,
    place: Place,
    input: ParseStream<'_>,
    mut option: impl FnMut(&mut Said, Word, ParseStream<'_>) -> Read<Span>,
    mut item: impl FnMut(ParseStream<'_>) -> Read<()>,
) -> Read<()> {
    let content = parenthesized(input)?;
    let mut inner = Said::new(place);
    while !content.is_empty() {
        if is_option(place, &content) {
            if let Err(problem) = inner.entry(&content, &mut option) {
                inner.problems.push(problem);
                skip_entry(&content);
            }
        } else if let Err(problem) = item(&content) {
            inner.problems.push(problem);
            skip_entry(&content);
        }
        if let Err(problem) = end_of_entry(&content) {
            inner.problems.push(problem);
            skip_entry(&content);
            let _ = content.parse::<Token![,]>();
        }
    }
    said.problems.append(&mut inner.problems);
    Ok(())
}

/// Whether an option of the list begins here, and not a field of the same name.
fn is_option(place: Place, content: ParseStream<'_>) -> bool {
    let ahead = content.fork();
    let Ok(ident) = ahead.call(Ident::parse_any) else { return false };
    let name = ident.to_string();
    match grammar::find(place, &name).map(|attribute| attribute.form) {
        Some(Form::Flag) => ahead.is_empty() || ahead.peek(Token![,]),
        Some(Form::List | Form::FlagOrList) => ahead.peek(syn::token::Paren),
        Some(Form::Value) => ahead.peek(Token![=]) && !ahead.peek2(LitInt),
        // A word with a value is meant as an option: the look-up then says which are known.
        None => (ahead.peek(Token![=]) && !ahead.peek2(LitInt)) || ahead.peek(syn::token::Paren),
    }
}

/// `index(…)`, `geo(…)`, `text(…)` and `hashed(…)`.
pub(super) fn index(
    said: &mut Said,
    kind: IndexKind,
    word: Word,
    input: ParseStream<'_>,
) -> Read<(Index, ListPlaces)> {
    let mut index = Index {
        name: None,
        kind: kind.clone(),
        keys: Vec::new(),
        unique: false,
        sparse: false,
        nulls_not_distinct: false,
        predicate: None,
        include: Vec::new(),
        with: Vec::new(),
    };
    let mut places = ListPlaces::at(word.span);
    let mut name = None;
    let mut included = Vec::new();
    let keys = std::cell::RefCell::new(Vec::<(IndexKey, Span)>::new());
    list(
        said,
        Place::Index,
        input,
        |_, word, input| {
            let span = word.span;
            match word.name {
                "name" => {
                    let (value, span) = text("name", input)?;
                    index.name = Some(value);
                    name = Some(span);
                }
                "expr" => {
                    let (sql, span) = text("expr", input)?;
                    let key = modifiers(IndexTarget::Sql(sql), input)?;
                    keys.borrow_mut().push((key, span));
                }
                "unique" => index.unique = true,
                "sparse" => index.sparse = true,
                "nulls_not_distinct" => index.nulls_not_distinct = true,
                "where" => index.predicate = Some(text("where", input)?.0),
                "using" => index.kind = method(&kind, span, input)?,
                "include" => {
                    for (field, span) in field_paths(input)? {
                        index.include.push(field);
                        included.push(span);
                    }
                }
                "with" => index.with.extend(parameters(input)?),
                _ => return Err(unread(word)),
            }
            Ok(span)
        },
        |input| {
            let (path, span) = field_path(input)?;
            let mut weight = None;
            if kind == IndexKind::Text && input.peek(Token![=]) {
                input.parse::<Token![=]>()?;
                weight = Some(super::attributes::integer::<u32>("weight", input)?.0);
            }
            let mut key = modifiers(IndexTarget::Field(path), input)?;
            key.weight = weight;
            keys.borrow_mut().push((key, span));
            Ok(())
        },
    )?;
    for (key, span) in keys.into_inner() {
        index.keys.push(key);
        places.items.push(span);
    }
    places.items.append(&mut included);
    places.name = name;
    if index.keys.is_empty() {
        return Err(Problem::new(word.span, code::VALUE, format!("`{}` has no keys", word.name))
            .label("nothing to index")
            .help(format!("name the fields: `{}(created_at)`", word.name)));
    }
    Ok((index, places))
}

fn method(kind: &IndexKind, span: Span, input: ParseStream<'_>) -> Read<IndexKind> {
    let (name, _) = field_name(input)?;
    if *kind != IndexKind::Ordered {
        return Err(Problem::new(span, code::FIT, "`using` fits `index(…)` only")
            .label("the kind of index is known already")
            .help("remove it, or write `index(…, using = …)`"));
    }
    // The custom needs no words: an index reads the same with and without it.
    Ok(if name == "btree" { IndexKind::Ordered } else { IndexKind::Method(name) })
}

/// What follows a key: `desc`, `nulls_last`, `ops("…")`, `collate("…")`.
fn modifiers(target: IndexTarget, input: ParseStream<'_>) -> Read<IndexKey> {
    let mut key = IndexKey {
        target,
        descending: false,
        nulls_first: None,
        operator_class: None,
        collation: None,
        weight: None,
    };
    while !input.is_empty() && !input.peek(Token![,]) {
        let span = input.span();
        let known = ["asc", "desc", "nulls_first", "nulls_last", "ops", "collate"];
        let Ok(ident) = input.call(Ident::parse_any) else {
            return Err(Problem::new(span, code::VALUE, "this does not belong after a key")
                .label("not known here")
                .help(format!("after a key: {}", known.join(", "))));
        };
        match ident.to_string().as_str() {
            "asc" => {}
            "desc" => key.descending = true,
            "nulls_first" => key.nulls_first = Some(true),
            "nulls_last" => key.nulls_first = Some(false),
            "ops" => key.operator_class = Some(quoted("ops", input)?),
            "collate" => key.collation = Some(quoted("collate", input)?),
            other => {
                let help = match grammar::nearest(other, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("after a key: {}; separate keys with commas", known.join(", ")),
                };
                return Err(Problem::new(
                    span,
                    code::UNKNOWN,
                    format!("`{other}` does not belong after a key"),
                )
                .label("not known here")
                .help(help));
            }
        }
    }
    // The order's own place of NULLs needs no words: last when ascending, first when descending.
    if key.nulls_first == Some(key.descending) {
        key.nulls_first = None;
    }
    Ok(key)
}

/// `("text")`
fn quoted(name: &str, input: ParseStream<'_>) -> Read<String> {
    if !input.peek(syn::token::Paren) {
        return Err(Problem::new(input.span(), code::VALUE, format!("`{name}` is written otherwise"))
            .label("expected `(`")
            .help(format!("write `{name}(\"…\")`")));
    }
    let content = parenthesized(input)?;
    let (value, _) =
        text(name, &content).map_err(|problem| problem.help(format!("write `{name}(\"…\")`")))?;
    end_of_entry(&content)?;
    Ok(value)
}

/// `unique(…)` on a model.
pub(super) fn unique(said: &mut Said, word: Word, input: ParseStream<'_>) -> Read<(Unique, ListPlaces)> {
    let mut unique = Unique {
        fields: Vec::new(),
        name: None,
        nulls_not_distinct: false,
        deferral: Deferral::NotDeferrable,
        include: Vec::new(),
    };
    let mut places = ListPlaces::at(word.span);
    let mut name = None;
    let mut included = Vec::new();
    let mut fields = Vec::new();
    list(
        said,
        Place::Unique,
        input,
        |_, word, input| {
            match word.name {
                "name" => {
                    let (value, span) = text("name", input)?;
                    unique.name = Some(value);
                    name = Some(span);
                }
                "nulls_not_distinct" => unique.nulls_not_distinct = true,
                "deferrable" | "deferred" => unique.deferral = deferral(unique.deferral, word)?,
                "include" => {
                    for (field, span) in field_paths(input)? {
                        unique.include.push(field);
                        included.push(span);
                    }
                }
                _ => return Err(unread(word)),
            }
            Ok(word.span)
        },
        |input| {
            fields.push(field_path(input)?);
            Ok(())
        },
    )?;
    for (field, span) in fields {
        unique.fields.push(field);
        places.items.push(span);
    }
    places.items.append(&mut included);
    places.name = name;
    if unique.fields.is_empty() {
        return Err(Problem::new(word.span, code::VALUE, "`unique(…)` names no field")
            .help("name the fields: `unique(user_id, slug)`"));
    }
    Ok((unique, places))
}

/// `deferrable` or `deferred`, of which one is enough.
pub(super) fn deferral(before: Deferral, word: Word) -> Read<Deferral> {
    if before != Deferral::NotDeferrable {
        return Err(Problem::new(word.span, code::FIT, "`deferred` and `deferrable` exclude each other")
            .help("`deferred` alone is both"));
    }
    Ok(if word.name == "deferred" { Deferral::InitiallyDeferred } else { Deferral::InitiallyImmediate })
}

/// `foreign_key(user_id -> User::id, …)` or `foreign_key((a, b) -> Other::(x, y), …)`.
pub(super) fn foreign_key(
    said: &mut Said,
    word: Word,
    input: ParseStream<'_>,
) -> Read<(ForeignKey, ListPlaces)> {
    let content = parenthesized(input)?;
    let mut places = ListPlaces::at(word.span);
    let fields = names_or_one(&content)?;
    content.parse::<Token![->]>().map_err(|_error| arrow(content.span()))?;
    let (model, model_span) = field_name(&content).map_err(|_problem| arrow(content.span()))?;
    content.parse::<Token![::]>().map_err(|_error| arrow(content.span()))?;
    let references = names_or_one(&content)?;
    if fields.len() != references.len() {
        return Err(Problem::new(
            word.span,
            code::VALUE,
            format!("{} fields cannot refer to {}", fields.len(), references.len()),
        )
        .label("as many on both sides")
        .help("name as many fields of the other model"));
    }
    end_of_entry(&content)?;
    let mut key = ForeignKey {
        fields: Vec::new(),
        model,
        references: Vec::new(),
        on_delete: ReferentialAction::NoAction,
        on_update: ReferentialAction::NoAction,
        deferral: Deferral::NotDeferrable,
        name: None,
    };
    let mut inner = Said::new(Place::ForeignKey);
    let mut name = None;
    inner.entries(&content, &mut |_: &mut Said, word: Word, input: ParseStream<'_>| {
        match word.name {
            "name" => {
                let (value, span) = text("name", input)?;
                key.name = Some(value);
                name = Some(span);
            }
            "on_delete" => key.on_delete = choice("on_delete", input, ACTIONS)?.0,
            "on_update" => key.on_update = choice("on_update", input, ACTIONS)?.0,
            "deferrable" | "deferred" => key.deferral = deferral(key.deferral, word)?,
            _ => return Err(unread(word)),
        }
        Ok(word.span)
    });
    said.problems.append(&mut inner.problems);
    places.name = name;
    for (field, span) in fields {
        key.fields.push(field);
        places.items.push(span);
    }
    places.whole = word.span;
    for (field, span) in references {
        key.references.push(field);
        places.items.push(span);
    }
    places.items.push(model_span);
    Ok((key, places))
}

fn names_or_one(content: ParseStream<'_>) -> Read<Vec<(String, Span)>> {
    if content.peek(syn::token::Paren) {
        let names = field_paths(content)?;
        if names.is_empty() {
            return Err(arrow(content.span()));
        }
        return Ok(names);
    }
    Ok(vec![field_name(content)?])
}

fn arrow(span: Span) -> Problem {
    Problem::new(span, code::VALUE, "a foreign key is written otherwise")
        .label("expected `fields -> Model::fields`")
        .help("write `foreign_key(user_id -> User::id)` or `foreign_key((a, b) -> Other::(x, y))`")
}

/// `check(name = condition, …)`.
pub(super) fn checks(word: Word, input: ParseStream<'_>) -> Read<Vec<(Check, ListPlaces)>> {
    let content = parenthesized(input)?;
    let mut checks = Vec::new();
    while !content.is_empty() {
        let span = content.span();
        let name = if content.peek(LitStr) { text("check", &content)?.0 } else { field_name(&content)?.0 };
        if !content.peek(Token![=]) || content.peek(Token![==]) {
            return Err(Problem::new(span, code::VALUE, "a check needs a name")
                .label("expected `name = condition`")
                .help("write `check(positive_price = price > 0)`"));
        }
        content.parse::<Token![=]>()?;
        let condition = if content.peek(LitStr) && !content.peek2(Token![.]) {
            let (sql, at) = any_text(&name, &content)?;
            if sql.trim().is_empty() {
                return Err(Problem::new(at, code::CONDITION, format!("check `{name}` has no condition")));
            }
            Condition::Sql(sql)
        } else {
            Condition::Expression(condition(&content.parse().map_err(|error: syn::Error| {
                Problem::new(error.span(), code::CONDITION, format!("check `{name}` cannot be read: {error}"))
                    .label("not a condition")
            })?)?)
        };
        end_of_entry(&content)?;
        let mut places = ListPlaces::at(span);
        places.name = Some(span);
        checks.push((Check { name, condition }, places));
    }
    if checks.is_empty() {
        return Err(Problem::new(word.span, code::VALUE, "`check(…)` has no condition")
            .help("write `check(positive_price = price > 0)`"));
    }
    Ok(checks)
}

/// `with(fillfactor = 70)`.
pub(super) fn parameters(input: ParseStream<'_>) -> Read<Vec<(String, String)>> {
    let content = parenthesized(input)?;
    let mut parameters = Vec::new();
    while !content.is_empty() {
        let name = if content.peek(LitStr) { text("with", &content)?.0 } else { field_path(&content)?.0 };
        content.parse::<Token![=]>().map_err(|error| {
            Problem::new(error.span(), code::VALUE, format!("parameter `{name}` has no value"))
                .help("write `with(fillfactor = 70)`")
        })?;
        let value = if content.peek(LitStr) {
            any_text("with", &content)?.0
        } else if content.peek(syn::Lit) && !content.peek(syn::LitBool) {
            let span = content.span();
            digits(&content.parse()?).ok_or_else(|| {
                Problem::new(span, code::VALUE, format!("parameter `{name}` has no such value"))
            })?
        } else {
            field_name(&content)?.0
        };
        end_of_entry(&content)?;
        parameters.push((name, value));
    }
    Ok(parameters)
}

/// `cache(ttl = "5m", by(email))`.
pub(super) fn cache(word: Word, input: ParseStream<'_>) -> Read<(Cache, ListPlaces)> {
    let content = parenthesized(input)?;
    let mut ttl = None;
    let mut by = Vec::new();
    let mut places = ListPlaces::at(word.span);
    while !content.is_empty() {
        let span = content.span();
        let (name, _) = field_name(&content)?;
        match name.as_str() {
            "ttl" if content.peek(Token![=]) => {
                content.parse::<Token![=]>()?;
                ttl = Some(duration("ttl", &content)?.0);
            }
            "by" if content.peek(syn::token::Paren) => {
                for (field, span) in field_paths(&content)? {
                    by.push(field);
                    places.items.push(span);
                }
            }
            other => {
                return Err(Problem::new(
                    span,
                    code::UNKNOWN,
                    format!("`{other}` is not an option of `cache`"),
                )
                .label("not known here")
                .help("write `cache(ttl = \"5m\", by(email))`"));
            }
        }
        end_of_entry(&content)?;
    }
    match ttl {
        Some(ttl) => Ok((Cache { ttl, by }, places)),
        None => Err(Problem::new(word.span, code::MISSING, "`cache` does not say for how long")
            .label("no `ttl`")
            .help("write `cache(ttl = \"5m\")`")),
    }
}

/// `validation(level = moderate, action = warn)`.
pub(super) fn validation(word: Word, input: ParseStream<'_>) -> Read<Validation> {
    const LEVELS: &[(&str, ValidationLevel)] = &[
        ("strict", ValidationLevel::Strict),
        ("moderate", ValidationLevel::Moderate),
        ("off", ValidationLevel::Off),
    ];
    const ACTIONS: &[(&str, ValidationAction)] =
        &[("error", ValidationAction::Error), ("warn", ValidationAction::Warn)];
    let content = parenthesized(input)?;
    let (mut level, mut action) = (None, None);
    while !content.is_empty() {
        let span = content.span();
        let (name, _) = field_name(&content)?;
        let is_value = content.peek(Token![=]);
        if is_value {
            content.parse::<Token![=]>()?;
        }
        match name.as_str() {
            "level" if is_value && level.is_none() => level = Some(choice("level", &content, LEVELS)?.0),
            "action" if is_value && action.is_none() => action = Some(choice("action", &content, ACTIONS)?.0),
            "level" | "action" if is_value => {
                return Err(Problem::new(span, code::DUPLICATE, format!("`{name}` is given twice"))
                    .label("given before")
                    .help("keep one of them"));
            }
            other => {
                return Err(Problem::new(
                    span,
                    code::UNKNOWN,
                    format!("`{other}` is not an option of `validation`"),
                )
                .label("not known here")
                .help("write `validation(level = moderate, action = warn)`"));
            }
        }
        end_of_entry(&content)?;
    }
    match (level, action) {
        (None, None) => Err(Problem::new(word.span, code::VALUE, "`validation(…)` says nothing")
            .label("no `level` and no `action`")
            .help("write `validation(level = moderate)`, or remove it")),
        (Some(ValidationLevel::Off), Some(_)) => {
            Err(Problem::new(word.span, code::FIT, "`level = off` takes no action")
                .label("nothing is checked")
                .help("write `validation(level = off)` alone, or another level"))
        }
        _ => Ok(Validation { level: level.unwrap_or_default(), action: action.unwrap_or_default() }),
    }
}

/// The grammar has a word that its reader does not know; a test over the table shows that there is none.
pub(super) fn unread(word: Word) -> Problem {
    Problem::new(word.span, code::UNKNOWN, format!("`{}` is not read here", word.name))
}
