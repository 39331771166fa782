//! Walks through `#[db(…)]`: looks each word up in the grammar and reads its value.

use proc_macro2::{Span, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::spanned::Spanned as _;
use syn::{Attribute, Ident, Lit, LitStr, Meta, Token};

use super::places::Attributes;
use super::problem::{Problem, code};
use crate::grammar::{self, Form, Place};

/// What was said so far in one place: for duplicates and for the checks that come later.
pub(super) struct Said {
    place: Place,
    seen: Vec<&'static str>,
    pub(super) attributes: Attributes,
    pub(super) problems: Vec<Problem>,
}

/// One attribute's word, found in the grammar.
#[derive(Clone, Copy)]
pub(super) struct Word {
    pub(super) name: &'static str,
    pub(super) span: Span,
    pub(super) form: Form,
}

/// The value of one attribute, or why there is none.
pub(super) type Read<T> = Result<T, Problem>;

impl Said {
    pub(super) fn new(place: Place) -> Self {
        Said { place, seen: Vec::new(), attributes: Attributes::default(), problems: Vec::new() }
    }

    /// Reads every `#[db(…)]` among `attributes`, giving each known word to `take`, which must consume its value.
    pub(super) fn read(
        &mut self,
        attributes: &[Attribute],
        mut take: impl FnMut(&mut Said, Word, ParseStream<'_>) -> Read<Span>,
    ) {
        for attribute in attributes {
            if attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr") {
                self.problems.push(
                    Problem::new(
                        attribute.path().span(),
                        code::UNSUPPORTED,
                        format!("{} of a schema cannot depend on `cfg`", self.place.words()),
                    )
                    .label("the schema must be the same in every build")
                    .help("remove the attribute"),
                );
            }
            if !attribute.path().is_ident("db") {
                continue;
            }
            let Meta::List(list) = &attribute.meta else {
                self.problems.push(
                    Problem::new(attribute.path().span(), code::VALUE, "`#[db]` says nothing")
                        .help("write `#[db(…)]`, or remove it"),
                );
                continue;
            };
            let before = self.problems.len();
            let walk = |input: ParseStream<'_>| {
                self.entries(input, &mut take);
                Ok(())
            };
            // What a mistake left unread is no second mistake.
            if let Err(error) = list.parse_args_with(walk)
                && self.problems.len() == before
            {
                self.problems.push(error.into());
            }
        }
    }

    /// Reads the words up to the end of the list.
    pub(super) fn entries(
        &mut self,
        input: ParseStream<'_>,
        take: &mut impl FnMut(&mut Said, Word, ParseStream<'_>) -> Read<Span>,
    ) {
        while !input.is_empty() {
            if let Err(problem) = self.entry(input, take) {
                self.problems.push(problem);
                skip_entry(input);
            }
            if input.is_empty() {
                return;
            }
            if input.parse::<Token![,]>().is_err() {
                self.problems.push(
                    Problem::new(input.span(), code::VALUE, "a comma is missing here")
                        .label("expected `,`")
                        .help("separate attributes with commas"),
                );
                skip_entry(input);
                let _ = input.parse::<Token![,]>();
            }
        }
    }

    /// Reads one word and its value.
    pub(super) fn entry(
        &mut self,
        input: ParseStream<'_>,
        take: &mut impl FnMut(&mut Said, Word, ParseStream<'_>) -> Read<Span>,
    ) -> Read<()> {
        let ident = word(input)?;
        let attribute = self.lookup(&ident)?;
        let word = Word { name: attribute.name, span: ident.span(), form: attribute.form };
        if !attribute.repeats {
            self.once(attribute.name, word.span)?;
        }
        form(word, attribute.syntax, input)?;
        let span = take(self, word, input)?;
        self.attributes.record(attribute.name, span);
        Ok(())
    }

    /// Notes that `name` was given; an error when it was given before.
    pub(super) fn once(&mut self, name: &'static str, span: Span) -> Read<()> {
        if self.seen.contains(&name) {
            return Err(Problem::new(span, code::DUPLICATE, format!("`{name}` is given twice"))
                .label("given before")
                .help("keep one of them"));
        }
        self.seen.push(name);
        Ok(())
    }

    pub(super) fn lookup(&self, ident: &Ident) -> Read<&'static grammar::Attribute> {
        let name = ident.to_string();
        if let Some(attribute) = grammar::find(self.place, &name) {
            return Ok(attribute);
        }
        let problem = Problem::new(
            ident.span(),
            code::UNKNOWN,
            format!("`{name}` is not an attribute of {}", self.place.words()),
        )
        .label("not known here");
        let elsewhere = Place::ALL.into_iter().find(|place| grammar::find(*place, &name).is_some());
        let help = match (grammar::nearest(&name, grammar::names(self.place)), elsewhere) {
            (_, Some(place)) => format!("`{name}` belongs on {}", place.words()),
            (Some(near), None) => format!("did you mean `{near}`?"),
            (None, None) => {
                format!("known here: {}", grammar::names(self.place).collect::<Vec<_>>().join(", "))
            }
        };
        Err(problem.help(help))
    }
}

/// Refuses a value where the word takes none, and none where it takes one.
fn form(word: Word, syntax: &str, input: ParseStream<'_>) -> Read<()> {
    let equals = input.peek(Token![=]);
    let list = input.peek(syn::token::Paren);
    let fits = match word.form {
        Form::Flag => !equals && !list,
        Form::Value => equals,
        Form::List => list,
        Form::FlagOrList => !equals,
    };
    if !fits {
        return Err(Problem::new(word.span, code::VALUE, format!("`{}` is written otherwise", word.name))
            .label("wrong form")
            .help(format!("write `{syntax}`")));
    }
    if word.form == Form::Value {
        input.parse::<Token![=]>()?;
    }
    Ok(())
}

/// The next word, keywords included.
pub(super) fn word(input: ParseStream<'_>) -> Read<Ident> {
    input.call(Ident::parse_any).map_err(|_error| {
        Problem::new(input.span(), code::VALUE, "an attribute's name is missing here")
            .label("expected a name")
            .help("write `name`, `name = value` or `name(…)`")
    })
}

/// Goes on to the comma that ends this entry, or to the end.
pub(super) fn skip_entry(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        if input.parse::<TokenTree>().is_err() {
            return;
        }
    }
}

/// A string that is not empty.
pub(super) fn text(name: &str, input: ParseStream<'_>) -> Read<(String, Span)> {
    let (value, span) = any_text(name, input)?;
    if value.is_empty() {
        return Err(Problem::new(span, code::VALUE, format!("`{name}` is empty"))
            .label("empty")
            .help("give a value"));
    }
    Ok((value, span))
}

/// A string.
pub(super) fn any_text(name: &str, input: ParseStream<'_>) -> Read<(String, Span)> {
    if input.peek(LitStr) {
        let literal: LitStr = input.parse()?;
        if literal.suffix().is_empty() {
            return Ok((literal.value(), literal.span()));
        }
    }
    Err(Problem::new(input.span(), code::VALUE, format!("the value of `{name}` is not a string"))
        .label("expected a string")
        .help(format!("write `{name} = \"…\"`")))
}

/// A whole number of this type.
pub(super) fn integer<N>(name: &str, input: ParseStream<'_>) -> Read<(N, Span)>
where
    N: std::str::FromStr,
{
    let (digits, span) = number(name, input)?;
    match digits.parse() {
        Ok(value) => Ok((value, span)),
        Err(_) => Err(Problem::new(span, code::VALUE, format!("`{digits}` is no value for `{name}`"))
            .label("not a whole number in range")
            .help("write a whole number that fits")),
    }
}

/// A number as written, without underscores.
pub(super) fn number(name: &str, input: ParseStream<'_>) -> Read<(String, Span)> {
    let start = input.span();
    let sign = if input.peek(Token![-]) {
        input.parse::<Token![-]>()?;
        "-"
    } else {
        ""
    };
    let fail = |span| {
        Problem::new(span, code::VALUE, format!("the value of `{name}` is not a number"))
            .label("expected a number")
            .help(format!("write `{name} = 1`, without quotes or a type's suffix"))
    };
    if !input.peek(Lit) {
        return Err(fail(start));
    }
    let literal: Lit = input.parse()?;
    match digits(&literal) {
        Some(digits) => Ok((format!("{sign}{digits}"), start)),
        None => Err(fail(start)),
    }
}

/// The digits of a number without a suffix.
pub(super) fn digits(literal: &Lit) -> Option<String> {
    match literal {
        Lit::Int(int) if int.suffix().is_empty() => Some(int.base10_digits().to_owned()),
        Lit::Float(float) if float.suffix().is_empty() => Some(float.base10_digits().to_owned()),
        _ => None,
    }
}

/// One of a few words.
pub(super) fn choice<T: Copy>(
    name: &str,
    input: ParseStream<'_>,
    choices: &[(&'static str, T)],
) -> Read<(T, Span)> {
    let span = input.span();
    let all = || choices.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let Ok(ident) = input.call(Ident::parse_any) else {
        return Err(Problem::new(span, code::VALUE, format!("the value of `{name}` is not a word"))
            .label("expected a word")
            .help(format!("one of {}", all())));
    };
    let given = ident.to_string();
    if let Some((_, value)) = choices.iter().find(|(word, _)| *word == given) {
        return Ok((*value, span));
    }
    let help = match grammar::nearest(&given, choices.iter().map(|(word, _)| *word)) {
        Some(near) => format!("did you mean `{near}`? One of {}", all()),
        None => format!("one of {}", all()),
    };
    Err(Problem::new(span, code::VALUE, format!("`{given}` is no value for `{name}`"))
        .label("not known")
        .help(help))
}

/// A field's name; `r#unique` is the field `unique`.
pub(super) fn field_name(input: ParseStream<'_>) -> Read<(String, Span)> {
    let span = input.span();
    match input.call(Ident::parse_any) {
        Ok(ident) => Ok((ident.unraw().to_string(), span)),
        Err(_) => Err(Problem::new(span, code::VALUE, "a field's name is missing here")
            .label("expected a field")
            .help("name a field of this model")),
    }
}

/// A field path: `created_at`, `profile.city`.
pub(super) fn field_path(input: ParseStream<'_>) -> Read<(String, Span)> {
    let (mut path, span) = field_name(input)?;
    while input.peek(Token![.]) {
        input.parse::<Token![.]>()?;
        path.push('.');
        path.push_str(&field_name(input)?.0);
    }
    Ok((path, span))
}

/// `(a, b.c)`: field paths in parentheses.
pub(super) fn field_paths(input: ParseStream<'_>) -> Read<Vec<(String, Span)>> {
    let content = parenthesized(input)?;
    let mut paths = Vec::new();
    while !content.is_empty() {
        paths.push(field_path(&content)?);
        end_of_entry(&content)?;
    }
    Ok(paths)
}

/// The inside of parentheses.
pub(super) fn parenthesized<'a>(input: ParseStream<'a>) -> Read<syn::parse::ParseBuffer<'a>> {
    fn inside<'a>(input: ParseStream<'a>) -> syn::Result<syn::parse::ParseBuffer<'a>> {
        let content;
        syn::parenthesized!(content in input);
        Ok(content)
    }
    Ok(inside(input)?)
}

/// A comma or the end.
pub(super) fn end_of_entry(input: ParseStream<'_>) -> Read<()> {
    if input.is_empty() || input.parse::<Token![,]>().is_ok() {
        return Ok(());
    }
    Err(Problem::new(input.span(), code::VALUE, "this does not belong here").label("expected `,`"))
}

/// The doc comment, lines joined with `\n`.
pub(super) fn doc(attributes: &[Attribute]) -> Option<String> {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let syn::Expr::Lit(literal) = &pair.value
            && let Lit::Str(text) = &literal.lit
        {
            let text = text.value();
            lines.extend(text.split('\n').map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned()));
        }
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// A time such as `90s`, `5m`, `1h`, `30d`, `2w`, as written.
pub(super) fn duration(name: &str, input: ParseStream<'_>) -> Read<(String, Span)> {
    let (value, span) = text(name, input)?;
    let digits = value.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let unit = &value[digits.len()..];
    if digits.parse::<u32>().is_ok() && ["ms", "s", "m", "h", "d", "w"].contains(&unit) {
        return Ok((value, span));
    }
    Err(Problem::new(span, code::VALUE, format!("`{value}` is no time for `{name}`"))
        .label("not a time")
        .help("write a number and a unit: \"500ms\", \"90s\", \"5m\", \"1h\", \"30d\", \"2w\""))
}
