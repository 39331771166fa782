//! Reads a schema from Rust source.
//!
//! Structs and enums with our derives are read; everything else in the files is left alone. What
//! the schema language does not have is refused with its place, and all mistakes are reported
//! together. Nothing here touches a file system: the caller gives the text of each file. The same
//! functions serve the derive macros, so that the two cannot disagree.

mod attributes;
mod declarations;
mod error;
mod expression;
mod field;
mod files;
pub(crate) mod fit;
mod lists;
mod places;
mod problem;
mod types;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use miette::NamedSource;
use proc_macro2::Span;

pub use declarations::{Placed, embedded_from, enum_from, model_from, sequence_from};
pub use error::{ReadError, SourcePlace, SourceProblem};
pub use places::{Attributes, DeclarationPlaces, ListPlaces, MemberPlaces, Places};
pub use problem::Problem;

use crate::check;
use crate::grammar;
use crate::model::{FORMAT, FieldType, Scalar, Schema};
use files::{Reading, SourceFile};
use problem::code;

/// A schema with the names of the files it was read from.
#[derive(Clone, Debug)]
pub struct ReadSchema {
    /// The schema, checked.
    pub schema: Schema,
    /// The files, the root first.
    pub files: Vec<String>,
}

/// Reads and checks the schema that begins in the file `root`.
///
/// `loader` gives the text of a file by its name, `/` between folders, or nothing where there is
/// no such file. It is asked for `root`, then for what `mod` and `use` lead to.
///
/// # Errors
/// Every mistake in the files, and, where they read, every mistake of the whole schema.
pub fn read_schema(root: &str, loader: &dyn Fn(&str) -> Option<String>) -> Result<Schema, ReadError> {
    read_files(root, loader).map(|read| read.schema)
}

/// As [`read_schema`], with the names of the files.
///
/// # Errors
/// As [`read_schema`].
pub fn read_files(root: &str, loader: &dyn Fn(&str) -> Option<String>) -> Result<ReadSchema, ReadError> {
    let mut reading = Reading::new(root, loader);
    if !reading.file(root) {
        return Err(ReadError {
            problems: vec![SourceProblem {
                code: code::FILE,
                message: format!("the schema file {root} is not there"),
                help: Some("create it, or set `schema` in whimbrel.toml".into()),
                place: None,
            }],
        });
    }
    let broken = !reading.problems.is_empty();
    resolve(&mut reading, broken);
    if reading.problems.is_empty() {
        let findings = check::findings(&reading.schema);
        for finding in findings {
            let (file, span) = check::place(&reading.places, finding.at);
            let problem = Problem::new(span, finding.code, finding.message)
                .label(finding.label)
                .help_maybe(finding.help);
            reading.problems.push((file, problem));
        }
    }
    if reading.problems.is_empty() {
        let files = reading.files.into_iter().map(|file| file.name).collect();
        return Ok(ReadSchema { schema: reading.schema, files });
    }
    Err(located(&reading.files, reading.problems))
}

/// Reads a schema that stands in one text; `name` is the file's name in messages.
///
/// # Errors
/// As [`read_schema`].
pub fn read_text(name: &str, text: &str) -> Result<Schema, ReadError> {
    read_schema(name, &|asked| (asked == name).then(|| text.to_owned()))
}

/// Reads the schema's JSON form and checks it; `name` is the file's name in messages.
///
/// # Errors
/// Text that is not the JSON form of a schema, a form this version does not know, and every
/// mistake of the whole schema.
pub fn read_json(name: &str, text: &str) -> Result<Schema, ReadError> {
    let fail = |code, message: String, help: &str, place| ReadError {
        problems: vec![SourceProblem { code, message, help: Some(help.into()), place }],
    };
    let schema: Schema = serde_json::from_str(text).map_err(|error| {
        let line: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let start = (line + error.column().saturating_sub(1)).min(text.len());
        let place = SourcePlace {
            source: NamedSource::new(name, Arc::new(text.to_owned())),
            start,
            length: usize::from(start < text.len()),
            label: "here".into(),
        };
        let message = format!("this is not the JSON form of a schema: {error}");
        fail(code::SYNTAX, message, "`whimbrel schema print --format json` writes the form", Some(place))
    })?;
    if schema.format != FORMAT {
        let message = format!("{name} has form {}, and this version reads form {FORMAT}", schema.format);
        return Err(fail("schema::format", message, "write it again with this version", None));
    }
    check::check_schema(&schema)?;
    Ok(schema)
}

/// Ties mistakes to their files, in the order of files and lines.
fn located(files: &[SourceFile], problems: Vec<(usize, Problem)>) -> ReadError {
    let sources: Vec<NamedSource<Arc<String>>> =
        files.iter().map(|file| NamedSource::new(&file.name, Arc::clone(&file.text))).collect();
    let mut placed: Vec<(usize, usize, SourceProblem)> = problems
        .into_iter()
        .map(|(file, problem)| {
            let range = problem.span.byte_range();
            let place = SourcePlace {
                source: sources[file].clone(),
                start: range.start,
                length: range.len(),
                label: problem.label,
            };
            let (code, message, help) = (problem.code, problem.message, problem.help);
            (file, range.start, SourceProblem { code, message, help, place: Some(place) })
        })
        .collect();
    placed.sort_by_key(|(file, start, _)| (*file, *start));
    ReadError { problems: placed.into_iter().map(|(_, _, problem)| problem).collect() }
}

/// Tells enums from embedded structs in field types, and finds names that are neither.
///
/// Where a part of the schema could not be read (`broken`), an unknown name may be that part's.
fn resolve(reading: &mut Reading<'_>, broken: bool) {
    let enums: HashSet<String> = reading.schema.enums.iter().map(|declared| declared.name.clone()).collect();
    let embedded: HashSet<String> =
        reading.schema.embedded.iter().map(|declared| declared.name.clone()).collect();
    let models: HashMap<String, String> = reading
        .schema
        .models
        .iter()
        .map(|model| {
            let id = model.fields.iter().find(|field| field.id);
            (model.name.clone(), id.map_or_else(|| "id".to_owned(), |field| field.name.clone()))
        })
        .collect();
    let mut problems = Vec::new();
    let fields_of_models =
        reading.schema.models.iter_mut().map(|model| &mut model.fields).zip(&reading.places.models);
    let fields_of_embedded =
        reading.schema.embedded.iter_mut().map(|embedded| &mut embedded.fields).zip(&reading.places.embedded);
    for (fields, places) in fields_of_models.chain(fields_of_embedded) {
        for (field, member) in fields.iter_mut().zip(&places.members) {
            let named = match &mut field.ty {
                FieldType::List(element) => element.as_mut(),
                other => other,
            };
            let FieldType::Enum(name) = named else { continue };
            if embedded.contains(name.as_str()) {
                *named = FieldType::Embedded(name.clone());
            } else if !enums.contains(name.as_str()) && !broken {
                problems.push((places.file, unknown(name, member.ty, &enums, &embedded, &models)));
            }
        }
    }
    reading.problems.append(&mut problems);
}

fn unknown(
    name: &str,
    span: Span,
    enums: &HashSet<String>,
    embedded: &HashSet<String>,
    models: &HashMap<String, String>,
) -> Problem {
    let problem =
        Problem::new(span, code::TYPE, format!("`{name}` is not a type of the schema")).label("not known");
    if let Some(id) = models.get(name) {
        return problem.help(format!(
            "`{name}` is a model: keep its id in the field, with `#[db(references = {name}::{id})]`"
        ));
    }
    let mut declared: Vec<&str> = enums.iter().chain(embedded).map(String::as_str).collect();
    declared.sort_unstable();
    let candidates = Scalar::ALL.into_iter().map(|scalar| -> &str { scalar.rust_name() }).chain(declared);
    match grammar::nearest(name, candidates) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(format!(
            "declare it with `#[derive(Enum)]` or `#[derive(Embedded)]`, or use one of {}",
            Scalar::ALL.map(Scalar::rust_name).join(", ")
        )),
    }
}
