//! Where a field stands in a document.

use std::fmt;

/// One step into a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathPart {
    /// The field of this name.
    Field(String),
    /// Each element of the list.
    Each,
}

/// The steps from the document to a value, by stored names: `profile.city`, `collaborators[].userId`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(Vec<PathPart>);

impl FieldPath {
    /// The document itself.
    #[must_use]
    pub fn root() -> Self {
        FieldPath::default()
    }

    /// A field of the value at this path.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        let mut parts = self.0.clone();
        parts.push(PathPart::Field(name.to_owned()));
        FieldPath(parts)
    }

    /// The elements of the list at this path.
    #[must_use]
    pub fn each(&self) -> Self {
        let mut parts = self.0.clone();
        parts.push(PathPart::Each);
        FieldPath(parts)
    }

    /// The steps.
    #[must_use]
    pub fn parts(&self) -> &[PathPart] {
        &self.0
    }

    /// Whether the path leads through a list.
    #[must_use]
    pub fn in_list(&self) -> bool {
        self.0.contains(&PathPart::Each)
    }

    /// Whether the value stands at `other` or within it.
    #[must_use]
    pub fn is_within(&self, other: &FieldPath) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The path as a query writes it: without the marks of lists.
    #[must_use]
    pub fn dotted(&self) -> String {
        let names: Vec<&str> = self
            .0
            .iter()
            .filter_map(|part| match part {
                PathPart::Field(name) => Some(name.as_str()),
                PathPart::Each => None,
            })
            .collect();
        names.join(".")
    }

    /// The same path with the steps of `from` at its beginning replaced by those of `to`.
    #[must_use]
    pub fn moved(&self, from: &FieldPath, to: &FieldPath) -> Self {
        match self.0.strip_prefix(from.0.as_slice()) {
            Some(rest) => FieldPath(to.0.iter().chain(rest).cloned().collect()),
            None => self.clone(),
        }
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, part) in self.0.iter().enumerate() {
            match part {
                PathPart::Field(name) if place > 0 => write!(formatter, ".{name}")?,
                PathPart::Field(name) => formatter.write_str(name)?,
                PathPart::Each => formatter.write_str("[]")?,
            }
        }
        Ok(())
    }
}
