//! Rust names for what a database calls its tables, columns, types and values.

use std::collections::BTreeSet;

use crate::model::{Scalar, snake_case};

/// Names of types that a schema file uses itself.
const OTHER_TYPES: &[&str] = &["Option", "Vec", "Model", "Embedded", "Enum", "Sequence"];

/// Makes valid Rust names, each once.
pub(crate) struct NameMaker {
    taken: BTreeSet<String>,
    /// What follows a name that cannot stand alone.
    suffix: &'static str,
}

impl NameMaker {
    pub(crate) fn types() -> Self {
        let scalars = Scalar::ALL.iter().map(|scalar| scalar.rust_name());
        let taken = scalars.chain(OTHER_TYPES.iter().copied()).map(str::to_owned).collect();
        NameMaker { taken, suffix: "Row" }
    }

    pub(crate) fn variants() -> Self {
        NameMaker { taken: BTreeSet::new(), suffix: "Value" }
    }

    pub(crate) fn fields() -> Self {
        NameMaker { taken: BTreeSet::new(), suffix: "_" }
    }

    /// A struct's name: singular, in Pascal case.
    pub(crate) fn model(&mut self, table: &str) -> String {
        self.unique(pascal_case(&singular(table), "Table"))
    }

    pub(crate) fn type_name(&mut self, name: &str) -> String {
        self.unique(pascal_case(name, "Type"))
    }

    pub(crate) fn variant(&mut self, value: &str) -> String {
        self.unique(pascal_case(value, "Value"))
    }

    pub(crate) fn field(&mut self, column: &str) -> String {
        let words: String =
            column.chars().map(|current| if is_word(current) { current } else { '_' }).collect();
        let mut name = snake_case(&words);
        if name.trim_matches('_').is_empty() {
            name = format!("column{name}");
        } else if name.starts_with(|first: char| first.is_numeric()) {
            name.insert(0, '_');
        }
        self.unique(name)
    }

    fn unique(&mut self, name: String) -> String {
        let is_free = |taken: &BTreeSet<String>, name: &str| !taken.contains(name) && is_identifier(name);
        let mut found = name.clone();
        if !is_free(&self.taken, &found) {
            found = format!("{name}{}", self.suffix);
        }
        let mut number = 2_u32;
        while !is_free(&self.taken, &found) {
            found = format!("{name}{}{number}", self.suffix);
            number += 1;
        }
        self.taken.insert(found.clone());
        found
    }
}

fn is_identifier(name: &str) -> bool {
    syn::parse_str::<syn::Ident>(name).is_ok()
}

fn is_word(current: char) -> bool {
    current.is_ascii_alphanumeric() || current == '_' || (!current.is_ascii() && current.is_alphabetic())
}

/// `in_progress` → `InProgress`; `first` leads where no letter does.
fn pascal_case(name: &str, first: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for word in name.split(|current: char| !is_word(current) || current == '_') {
        let mut chars = word.chars();
        if let Some(initial) = chars.next() {
            out.extend(initial.to_uppercase());
            out.push_str(chars.as_str());
        }
    }
    if out.starts_with(|initial: char| !initial.is_alphabetic()) || out.is_empty() {
        out.insert_str(0, first);
    }
    out
}

/// The last word in the singular.
fn singular(name: &str) -> String {
    const IRREGULAR: &[(&str, &str)] = &[
        ("people", "person"),
        ("children", "child"),
        ("men", "man"),
        ("women", "woman"),
        ("indices", "index"),
        ("matrices", "matrix"),
        ("vertices", "vertex"),
        ("movies", "movie"),
        ("cookies", "cookie"),
        ("caches", "cache"),
        ("series", "series"),
        ("news", "news"),
    ];
    let split = name.rfind('_').map_or(0, |at| at + 1);
    let (before, word) = name.split_at(split);
    if let Some((_, one)) = IRREGULAR.iter().find(|(many, _)| *many == word) {
        return format!("{before}{one}");
    }
    let is_kept = ["ss", "us", "is"].iter().any(|ending| word.ends_with(ending)) || word.len() < 3;
    let one = if is_kept {
        word.to_owned()
    } else if let Some(stem) = word.strip_suffix("ies") {
        format!("{stem}y")
    } else if ["sses", "xes", "ches", "shes", "zes", "tuses", "buses"].iter().any(|end| word.ends_with(end)) {
        word[..word.len() - 2].to_owned()
    } else {
        word.strip_suffix('s').unwrap_or(word).to_owned()
    };
    format!("{before}{one}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_singular_pascal_case_and_unique() {
        let mut taken = NameMaker::types();
        for (table, expected) in [
            ("trips", "Trip"),
            ("itineraries", "Itinerary"),
            ("trip_collaborators", "TripCollaborator"),
            ("addresses", "Address"),
            ("statuses", "Status"),
            ("houses", "House"),
            ("people", "Person"),
            ("trip", "TripRow"),
            ("Trips", "TripRow2"),
            ("dates", "DateRow"),
            ("2024_sales", "Table2024Sale"),
            ("odd name!", "OddName"),
            ("self", "SelfRow"),
            ("", "Table"),
        ] {
            assert_eq!(taken.model(table), expected, "{table}");
        }
    }

    #[test]
    fn fields_are_valid_and_unique() {
        let mut taken = NameMaker::fields();
        for (column, expected) in [
            ("type", "type_"),
            ("createdAt", "created_at"),
            ("created_at", "created_at_"),
            ("created at", "created_at_2"),
            ("2nd", "_2nd"),
            ("_", "column_"),
            ("größe", "größe"),
            ("self", "self_"),
        ] {
            assert_eq!(taken.field(column), expected, "{column}");
            assert!(is_identifier(expected), "{expected}");
        }
    }

    #[test]
    fn variants_are_pascal_case() {
        let mut taken = NameMaker::variants();
        for (value, expected) in [
            ("in_progress", "InProgress"),
            ("in-progress", "InProgressValue"),
            ("", "Value"),
            ("3d", "Value3d"),
        ] {
            assert_eq!(taken.variant(value), expected);
        }
    }
}
