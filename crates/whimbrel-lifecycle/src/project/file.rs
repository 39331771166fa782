//! whimbrel.toml, read and checked against the table of keys, with the place of every value.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::error::{ProjectError, SourceView, line_at};
use super::hooks;
use super::interpret::{self, Problem, Raw, nearest};
use super::keys::{self, Kind, Place};
use super::mask::{self, Edit};
use super::setting::Origin;
use super::template;

/// The file's name.
pub(crate) const FILE_NAME: &str = "whimbrel.toml";

/// One value of the file.
pub(crate) struct Entry {
    pub(crate) raw: Raw,
    pub(crate) span: Range<usize>,
}

/// The whole file. It has no `Debug`: it may hold passwords.
pub(crate) struct ConfigFile {
    pub(crate) path: PathBuf,
    text: String,
    entries: BTreeMap<String, Entry>,
    environments: Vec<String>,
}

impl ConfigFile {
    /// Reads and checks a text.
    pub(crate) fn parse(path: &Path, text: String) -> Result<Self, ProjectError> {
        let mut file = Self {
            path: path.to_owned(),
            text: String::new(),
            entries: BTreeMap::new(),
            environments: Vec::new(),
        };
        match DeTable::parse(&text) {
            Ok(table) => {
                file.text.clone_from(&text);
                let walk = Walk { places: keys::places() };
                // Values first, so that a mistake anywhere is shown with every known secret masked.
                let mistakes = walk.table(&mut file, "", "", table.get_ref());
                match mistakes.into_iter().min_by_key(|mistake| mistake.span.start) {
                    Some(mistake) => Err(file.error(mistake)),
                    None => Ok(file),
                }
            }
            Err(error) => {
                let edits = mask::toml_edits(&text, Vec::new(), true);
                let view = SourceView::new(path, &text, &edits);
                Err(ProjectError::Syntax {
                    message: error.message().trim().replace('\n', ", "),
                    source_code: view.named_source(),
                    span: view.span(error.span().unwrap_or(0..0)),
                })
            }
        }
    }

    /// Gives the value at a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// Lists the environments that have a table.
    pub(crate) fn environments(&self) -> impl Iterator<Item = &str> {
        self.environments.iter().map(String::as_str)
    }

    /// Gives the names of variables that `[variables]` maps to a setting.
    pub(crate) fn mapped(&self, setting: &str) -> &[String] {
        match self.get(&format!("variables.{setting}")) {
            Some(Entry { raw: Raw::List(names), .. }) => names,
            _ => &[],
        }
    }

    /// Gives the origin of a literal at a place.
    pub(crate) fn origin(&self, span: &Range<usize>) -> Origin {
        Origin::File { path: self.path.clone(), line: line_at(&self.text, span.start), through: Vec::new() }
    }

    /// Gives the text as errors show it: each URL masked, and whatever looks like a secret.
    pub(crate) fn view(&self) -> SourceView {
        let urls = self.entries.iter().filter_map(|(key, entry)| match &entry.raw {
            Raw::Text(text) if key.ends_with(".url") => Some(Edit {
                range: entry.span.clone(),
                // Line breaks of a multi-line string stay, so that lines keep their numbers.
                replacement: format!(
                    "\"{}\"{}",
                    mask::url_literal(text).replace(['\n', '\r'], ""),
                    "\n".repeat(self.text[entry.span.clone()].matches('\n').count())
                ),
            }),
            _ => None,
        });
        let edits = mask::toml_edits(&self.text, urls.collect(), false);
        SourceView::new(&self.path, &self.text, &edits)
    }

    /// Finds `${NAME` inside a value, for a precise caret.
    pub(crate) fn variable_span(&self, entry: &Entry, variable: &str) -> Range<usize> {
        let literal = &self.text[entry.span.clone()];
        let written = format!("${{{variable}");
        match literal.find(&written) {
            Some(at) => {
                let start = entry.span.start + at;
                start..start + written.len() + 1
            }
            None => entry.span.clone(),
        }
    }

    /// Makes an error about a value of the file.
    pub(crate) fn problem(
        &self,
        key: &str,
        kind: Kind,
        span: &Range<usize>,
        problem: Problem,
    ) -> ProjectError {
        let view = self.view();
        match problem {
            Problem::WrongType { found, help } => ProjectError::WrongType {
                key: key.to_owned(),
                expected: kind.expected(),
                found,
                source_code: view.named_source(),
                span: view.span(span.clone()),
                help,
            },
            Problem::Bad { reason, help } => ProjectError::BadValue {
                key: key.to_owned(),
                reason,
                origin: self.origin(span),
                source_code: Some(view.named_source()),
                span: Some(view.span(span.clone())),
                help,
            },
        }
    }

    fn error(&self, mistake: Mistake) -> ProjectError {
        match mistake.what {
            What::UnknownKey { help } => {
                let view = self.view();
                ProjectError::UnknownKey {
                    key: mistake.key,
                    source_code: view.named_source(),
                    span: view.span(mistake.span),
                    help,
                }
            }
            What::NotATable { found } => {
                let view = self.view();
                ProjectError::WrongType {
                    help: format!("write a table: [{}]", mistake.key),
                    key: mistake.key,
                    expected: "a table".to_owned(),
                    found,
                    source_code: view.named_source(),
                    span: view.span(mistake.span),
                }
            }
            What::Value { kind, problem } => self.problem(&mistake.key, kind, &mistake.span, problem),
        }
    }
}

struct Mistake {
    key: String,
    span: Range<usize>,
    what: What,
}

enum What {
    UnknownKey { help: String },
    NotATable { found: &'static str },
    Value { kind: Kind, problem: Problem },
}

/// The walk over the tree of values, beside the table of keys.
struct Walk {
    places: Vec<Place>,
}

impl Walk {
    /// Walks one table; `pattern` is its path in the table of keys, where an environment is `<name>`.
    fn table(&self, file: &mut ConfigFile, path: &str, pattern: &str, table: &DeTable<'_>) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        for (key, value) in table {
            let name: &str = key.get_ref();
            let key_path = join(path, name);
            let key_pattern =
                if pattern == "environments" { join(pattern, "<name>") } else { join(pattern, name) };
            let is_listed = self.children(&key_pattern).next().is_some() || self.leaf(&key_pattern).is_some();
            let is_badly_named = pattern == "environments" && !is_environment_name(name);
            // A quoted `"pool.size"` is one key to TOML, and none of ours.
            let is_unknown = !is_listed || is_badly_named || name.contains('.');
            let mistake = |span: Range<usize>, what: What| Mistake { key: key_path.clone(), span, what };
            if is_unknown {
                let help = self.suggestion(pattern, name);
                mistakes.push(mistake(key.span(), What::UnknownKey { help }));
                continue;
            }
            if pattern == "environments" {
                file.environments.push(name.to_owned());
            }
            match (self.leaf(&key_pattern), value.get_ref()) {
                // `variables.environment` and its like are leaves; `variables.pool` is a table.
                (Some(kind), value_ref) => {
                    let (raw, problem) = read_value(kind, value_ref);
                    if let Some(problem) = problem {
                        mistakes.push(mistake(value.span(), What::Value { kind, problem }));
                    }
                    let entry = Entry { raw: normal(kind, raw), span: value.span() };
                    file.entries.insert(key_path, entry);
                }
                (None, DeValue::Table(inner)) => {
                    mistakes.extend(self.table(file, &key_path, &key_pattern, inner));
                }
                (None, other) => {
                    let found = article(other.type_str());
                    mistakes.push(mistake(value.span(), What::NotATable { found }));
                }
            }
        }
        mistakes
    }

    fn leaf(&self, pattern: &str) -> Option<Kind> {
        self.places.iter().find(|place| place.path == pattern).map(|place| place.kind)
    }

    /// Lists the names directly below a path; a name may come several times.
    fn children<'w>(&'w self, pattern: &'w str) -> impl Iterator<Item = &'w str> {
        self.places.iter().filter_map(move |place| {
            let below = if pattern.is_empty() {
                place.path.as_str()
            } else {
                place.path.strip_prefix(pattern)?.strip_prefix('.')?
            };
            below.split('.').next()
        })
    }

    fn suggestion(&self, pattern: &str, name: &str) -> String {
        if pattern == "environments" {
            return "an environment's name has letters, digits, `_` and `-` only".to_owned();
        }
        if let Some(near) = nearest(name, self.children(pattern)).filter(|_| !name.contains('.')) {
            return format!("did you mean `{near}`?");
        }
        let last = name.rsplit('.').next().unwrap_or(name);
        let elsewhere = keys::KEYS.iter().find(|key| key.path.rsplit('.').next() == Some(last));
        if let Some(key) = elsewhere {
            let (table, leaf) = key.path.rsplit_once('.').unwrap_or(("", key.path));
            return match table {
                "" => format!("`{leaf}` stands at the head of the file, above every [table]"),
                _ => format!("`{leaf}` stands in [{table}]"),
            };
        }
        let mut names: Vec<&str> = self.children(pattern).collect();
        names.sort_unstable();
        names.dedup();
        let place =
            if pattern.is_empty() { "the head of the file".to_owned() } else { format!("[{pattern}]") };
        format!("{place} takes {}", names.join(", "))
    }
}

/// Says whether a name is fit for an environment: it becomes part of a file's name.
pub(crate) fn is_environment_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn article(type_name: &str) -> &'static str {
    match type_name {
        "string" => "a string",
        "integer" => "an integer",
        "boolean" => "a boolean",
        "array" => "a list",
        "float" => "a number with a fraction",
        _ => "a date or time",
    }
}

/// Takes a value in, and says what is wrong with it.
fn read_value(kind: Kind, value: &DeValue<'_>) -> (Raw, Option<Problem>) {
    if kind == Kind::Hooks
        && let DeValue::Array(_) = value
    {
        return match hooks::read(value) {
            Ok(hooks) => (Raw::Hooks(hooks), None),
            Err(problem) => (Raw::Other("array"), Some(problem)),
        };
    }
    let raw = raw(value);
    let problem = check(kind, &raw).err();
    (raw, problem)
}

fn raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        // A number beyond 64 bits is beyond every range too, so any such number stands for it.
        DeValue::Integer(number) => {
            Raw::Integer(i64::from_str_radix(number.as_str(), number.radix()).unwrap_or(i64::MAX))
        }
        DeValue::Boolean(value) => Raw::Boolean(*value),
        DeValue::Array(items) => items
            .iter()
            .map(|item| item.get_ref().as_str().map(str::to_owned))
            .collect::<Option<Vec<String>>>()
            .map_or(Raw::Other("array"), Raw::List),
        DeValue::Table(_) => Raw::Other("table"),
        DeValue::Float(_) => Raw::Other("float"),
        DeValue::Datetime(_) => Raw::Other("datetime"),
    }
}

/// Checks a value as far as it is known before expansion.
fn check(kind: Kind, raw: &Raw) -> Result<(), Problem> {
    if let Raw::Text(text) = raw
        && template::is_template(text)
        && kind != Kind::Names
    {
        return template::check(text).map_err(|reason| Problem::Bad {
            reason: reason.to_owned(),
            help: "write ${NAME} or ${NAME:-default}; `$$` is a dollar sign".to_owned(),
        });
    }
    interpret::read(kind, raw.clone()).map(|_| ())
}

/// Makes one name of a variable a list of one.
fn normal(kind: Kind, raw: Raw) -> Raw {
    match (kind, raw) {
        (Kind::Names, Raw::Text(name)) => Raw::List(vec![name]),
        (_, raw) => raw,
    }
}
