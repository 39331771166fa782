//! Parsing projections.

use bson::{Bson, Document};

use super::{Entry, Mode, Projection, Shape, Tree};
use crate::expression::{Parser, field_path};
use crate::matcher::Matcher;
use crate::refusal::{Refusal, Result, at_location, not_implemented, refuse};
use crate::value::Number;

/// What has been found of a projection while it is read.
struct Reader<'p> {
    parser: &'p Parser,
    find: bool,
    mode: Option<Mode>,
    /// Whether `_id` is shown, where the projection says so.
    id: Option<bool>,
    projection: Projection,
    /// Whether expressions were seen, which only an inclusion takes.
    shapes_include: bool,
}

/// Parses a projection.
pub(super) fn parse_projection(parser: &Parser, stated: &Document, find: bool) -> Result<Projection> {
    if stated.is_empty() && !find {
        return Err(at_location(51272, "projection specification must have at least one field"));
    }
    let projection = Projection { mode: Mode::Exclude, tree: Tree::default(), shapes: Vec::new() };
    let mut reader = Reader { parser, find, mode: None, id: None, projection, shapes_include: false };
    for (path, value) in stated {
        check_path(path)?;
        reader.read(path, path, value)?;
    }
    reader.finish()
}

fn check_path(path: &str) -> Result<()> {
    if path.is_empty() {
        return Err(at_location(40352, "FieldPath cannot be constructed with empty string"));
    }
    let plain = path.strip_suffix(".$").unwrap_or(path);
    if plain.contains(".$.") {
        return Err(at_location(
            31394,
            "As of 4.4, it's illegal to specify positional operator in the middle of a path.Positional projection \
             may only be used at the end, for example: a.b.$. If the query previously used a form like a.b.$.d, \
             remove the parts following the '$' and the results will be equivalent.",
        ));
    }
    field_path(plain).map(|_| ())
}

impl Reader<'_> {
    /// Reads one entry; `shown` is the name that messages use.
    fn read(&mut self, path: &str, shown: &str, value: &Bson) -> Result<()> {
        if let Some(array) = path.strip_suffix(".$") {
            return self.read_positional(array, value);
        }
        match value {
            Bson::Boolean(_) | Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => {
                let include = match value {
                    Bson::Boolean(flag) => *flag,
                    other => Number::of(other.into()).is_some_and(|number| !number.is_zero()),
                };
                self.read_flag(path, shown, include)
            }
            Bson::Document(nested) if nested.is_empty() => {
                Err(at_location(51270, format!("Invalid empty sub-projection: {shown}")))
            }
            Bson::Document(nested) if nested.keys().next().is_some_and(|key| key.starts_with('$')) => {
                self.read_operator(path, value, nested)
            }
            Bson::Document(nested) => {
                for (name, value) in nested {
                    if name.starts_with('$') {
                        field_path(name)?;
                    }
                    if name.contains('.') {
                        return Err(at_location(
                            51271,
                            format!("FieldPath field names may not contain '.' in sub-projection: {name}"),
                        ));
                    }
                    self.read(&format!("{path}.{name}"), name, value)?;
                }
                Ok(())
            }
            other => self.read_computed(path, other),
        }
    }

    fn read_flag(&mut self, path: &str, shown: &str, include: bool) -> Result<()> {
        if path == "_id" {
            self.id = Some(include);
            return Ok(());
        }
        let wanted = if include { Mode::Include } else { Mode::Exclude };
        match self.mode {
            None => self.mode = Some(wanted),
            Some(known) if known == wanted => {}
            Some(Mode::Include) => {
                return Err(at_location(
                    31254,
                    format!("Cannot do exclusion on field {shown} in inclusion projection"),
                ));
            }
            Some(Mode::Exclude) => {
                return Err(at_location(
                    31253,
                    format!("Cannot do inclusion on field {shown} in exclusion projection"),
                ));
            }
        }
        let entry = if include { Entry::Include } else { Entry::Exclude };
        self.projection.tree.add(path, path, entry)
    }

    fn read_positional(&mut self, array: &str, value: &Bson) -> Result<()> {
        if !self.find {
            return Err(at_location(31324, "Cannot use positional projection in aggregation projection"));
        }
        if self.projection.is_positional() {
            return Err(at_location(31276, "Cannot specify more than one positional projection per query."));
        }
        if !crate::expression::is_true(Some(value)) || self.mode == Some(Mode::Exclude) {
            return Err(at_location(31395, "positional projection cannot be used with exclusion"));
        }
        self.read_flag(array, array, true)?;
        self.projection.shapes.push((array.to_owned(), Shape::Positional));
        Ok(())
    }

    fn read_operator(&mut self, path: &str, value: &Bson, operators: &Document) -> Result<()> {
        let Some((name, argument)) = operators.iter().next() else { return Ok(()) };
        match (name.as_str(), self.find) {
            ("$slice", true) => match parse_slice(argument) {
                Ok(shape) => {
                    self.projection.shapes.push((path.to_owned(), shape));
                    if self.mode == Some(Mode::Include) {
                        self.projection.tree.add(path, path, Entry::Include)?;
                    }
                    Ok(())
                }
                Err(refusal) => self.read_computed(path, value).map_err(|error| Refusal {
                    message: format!(
                        "Invalid $slice syntax. The given syntax {} did not match the find() syntax because :: {}: {} \
                         :: The given syntax did not match the expression $slice syntax. :: caused by :: {}",
                        crate::value::show(value.into()),
                        refusal.code_name,
                        refusal.message,
                        error.message
                    ),
                    ..error
                }),
            },
            ("$elemMatch", true) => self.read_elem_match(path, operators),
            ("$elemMatch", false) => {
                Err(refuse(168, "InvalidPipelineOperator", "Cannot use $elemMatch in this context"))
            }
            ("$meta", _) => match argument {
                Bson::String(kind) if kind == "textScore" => {
                    self.projection.tree.add(path, path, Entry::TextScore)
                }
                Bson::String(kind) if ["searchScore", "recordId", "sortKey", "indexKey", "geoNearDistance"].contains(&kind.as_str()) => {
                    Err(not_implemented(&format!("{{$meta: \"{kind}\"}}")))
                }
                other => Err(at_location(17308, format!("Unsupported $meta field: {}", other.as_str().unwrap_or_default()))),
            },
            _ => self.read_computed(path, value),
        }
    }

    fn read_elem_match(&mut self, path: &str, operators: &Document) -> Result<()> {
        if path.contains('.') {
            return Err(at_location(31275, "Cannot use $elemMatch projection on a nested field."));
        }
        let mut filter = Document::new();
        filter.insert(path, operators.clone());
        let matcher = Matcher::parse(&filter)?;
        self.shapes_include = true;
        self.projection.shapes.push((path.to_owned(), Shape::FirstElement(Box::new(matcher))));
        Ok(())
    }

    fn read_computed(&mut self, path: &str, value: &Bson) -> Result<()> {
        match self.mode {
            None => self.mode = Some(Mode::Include),
            Some(Mode::Include) => {}
            Some(Mode::Exclude) => {
                return Err(at_location(
                    31252,
                    "Cannot use expression other than $meta in exclusion projection",
                ));
            }
        }
        let expression = self.parser.parse(value).map_err(|error| as_unknown_expression(error, value))?;
        if path == "_id" {
            self.id = Some(true);
        }
        self.projection.tree.add(path, path, Entry::Computed(expression))
    }

    fn finish(mut self) -> Result<Projection> {
        let tree = &mut self.projection.tree;
        let mode = match (self.mode, self.id) {
            (Some(mode), _) => mode,
            (None, Some(true)) => Mode::Include,
            (None, _) if self.shapes_include => Mode::Include,
            (None, _) => Mode::Exclude,
        };
        self.projection.mode = mode;
        let has_id = tree.fields.iter().any(|(name, _)| name == "_id");
        match (mode, self.id) {
            (Mode::Include, None | Some(true)) if !has_id => {
                tree.fields.insert(0, ("_id".to_owned(), Entry::Include))
            }
            (Mode::Exclude, Some(false)) => tree.fields.push(("_id".to_owned(), Entry::Exclude)),
            _ => {}
        }
        if mode == Mode::Include {
            for (path, shape) in &self.projection.shapes {
                let known =
                    tree.fields.iter().any(|(name, _)| name == path.split('.').next().unwrap_or(path));
                if matches!(shape, Shape::Slice { .. }) && !known {
                    tree.add(path, path, Entry::Include)?;
                }
            }
        }
        Ok(self.projection)
    }
}

/// An unknown operator at the top of a field has a code of its own in projections.
fn as_unknown_expression(error: Refusal, value: &Bson) -> Refusal {
    let name = value.as_document().and_then(|document| document.keys().next());
    match name {
        Some(name) if error.code == 168 && error.message == format!("Unrecognized expression '{name}'") => {
            at_location(31325, format!("Unknown expression {name}"))
        }
        _ => error,
    }
}

fn whole_number(value: &Bson) -> Option<i64> {
    Number::of(value.into()).map(Number::saturated)
}

fn parse_slice(argument: &Bson) -> Result<Shape> {
    if let Bson::Array(items) = argument {
        let [skip, limit] = items.as_slice() else {
            return Err(at_location(31272, "$slice array argument should be of form [skip, limit]"));
        };
        let number = |value: &Bson| {
            whole_number(value)
                .ok_or_else(|| at_location(31273, "$slice only supports numbers and [skip, limit] arrays"))
        };
        let (skip, limit) = (number(skip)?, number(limit)?);
        if limit <= 0 {
            return Err(at_location(31274, format!("$slice limit must be positive, got {limit}")));
        }
        return Ok(Shape::Slice { skip: Some(skip), limit });
    }
    match whole_number(argument) {
        Some(limit) => Ok(Shape::Slice { skip: None, limit }),
        None => Err(at_location(31273, "$slice only supports numbers and [skip, limit] arrays")),
    }
}

impl Tree {
    /// Adds a path, and refuses one that is there already, or lies on another's way.
    fn add(&mut self, whole: &str, rest: &str, entry: Entry) -> Result<()> {
        let (name, below) = rest.split_once('.').map_or((rest, None), |(name, below)| (name, Some(below)));
        let at = self.fields.iter().position(|(known, _)| known == name);
        match (at, below) {
            (None, None) => self.fields.push((name.to_owned(), entry)),
            (None, Some(below)) => {
                let mut tree = Tree::default();
                tree.add(whole, below, entry)?;
                self.fields.push((name.to_owned(), Entry::Nested(tree)));
            }
            (Some(at), Some(below)) => match &mut self.fields[at].1 {
                Entry::Nested(tree) => tree.add(whole, below, entry)?,
                _ => {
                    return Err(at_location(
                        31249,
                        format!("Path collision at {whole} remaining portion {below}"),
                    ));
                }
            },
            (Some(_), None) => return Err(at_location(31250, format!("Path collision at {whole}"))),
        }
        Ok(())
    }
}

/// Refuses paths of which one lies on another's way.
pub(super) fn check_collisions(paths: &[&str]) -> Result<()> {
    let mut tree = Tree::default();
    for path in paths {
        check_path(path)?;
        tree.add(path, path, Entry::Exclude)?;
    }
    Ok(())
}

/// Parses the fields of a `$set`.
pub(super) fn parse_set(parser: &Parser, stated: &Document) -> Result<Projection> {
    let mut tree = Tree::default();
    for (path, value) in stated {
        check_path(path)?;
        add_set(parser, &mut tree, path, value, stated)?;
    }
    Ok(Projection { mode: Mode::Exclude, tree, shapes: Vec::new() })
}

fn add_set(parser: &Parser, tree: &mut Tree, path: &str, value: &Bson, stated: &Document) -> Result<()> {
    match value {
        Bson::Document(nested) if !nested.is_empty() && !nested.keys().any(|key| key.starts_with('$')) => {
            for (name, value) in nested {
                add_set(parser, tree, &format!("{path}.{name}"), value, stated)?;
            }
            Ok(())
        }
        other => {
            if let Bson::Document(nested) = other
                && nested.len() > 1
                && nested.keys().any(|key| key.starts_with('$'))
            {
                let show = |document| crate::value::show_document(crate::value::DocRef::Parsed(document));
                return Err(at_location(
                    40181,
                    format!(
                        "an expression specification must contain exactly one field, the name of the expression. \
                         Found {} fields in {}, while parsing object {}",
                        nested.len(),
                        show(nested),
                        show(stated)
                    ),
                ));
            }
            let expression = parser.parse(other)?;
            tree.add(path, path, Entry::Computed(expression)).map_err(|_| {
                let earlier = stated
                    .keys()
                    .find(|key| path != *key && (path.starts_with(&format!("{key}.")) || key.starts_with(&format!("{path}."))))
                    .map_or(path, String::as_str);
                at_location(
                    40176,
                    format!(
                        "specification contains two conflicting paths. Cannot specify both '{path}' and '{earlier}': {}",
                        crate::value::show(crate::value::ValueRef::Document(crate::value::DocRef::Parsed(stated)))
                    ),
                )
            })
        }
    }
}
