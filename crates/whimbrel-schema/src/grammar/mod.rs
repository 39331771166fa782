//! The attribute grammar: one table of everything that `#[db(…)]` accepts.
//!
//! The reader looks every attribute up here, the checks ask which types and data models it
//! fits, and the reference page is generated from it. Nothing else lists attributes.

mod declaration;
mod field;
mod list;
mod model;
mod reference;

use crate::model::{FieldType, Scalar};

pub use reference::reference_markdown;

/// Where an attribute stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// On a struct with `#[derive(Model)]`.
    Model,
    /// On a field of a model.
    Field,
    /// On a field of a struct with `#[derive(Embedded)]`.
    EmbeddedField,
    /// On an enum with `#[derive(Enum)]`.
    Enum,
    /// On a variant of such an enum.
    Variant,
    /// On a unit struct with `#[derive(Sequence)]`.
    Sequence,
    /// Inside `index(…)`, `geo(…)`, `text(…)` and `hashed(…)`, beside the keys.
    Index,
    /// Inside `unique(…)` on a model, beside the fields.
    Unique,
    /// Inside `foreign_key(…)`, after the fields.
    ForeignKey,
}

impl Place {
    /// Every place, in the order of the reference.
    pub const ALL: [Place; 9] = [
        Place::Model,
        Place::Field,
        Place::EmbeddedField,
        Place::Enum,
        Place::Variant,
        Place::Sequence,
        Place::Index,
        Place::Unique,
        Place::ForeignKey,
    ];

    /// The place in words, with its article.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Place::Model => "a model",
            Place::Field => "a field",
            Place::EmbeddedField => "a field of an embedded struct",
            Place::Enum => "an enum",
            Place::Variant => "a variant",
            Place::Sequence => "a sequence",
            Place::Index => "an index",
            Place::Unique => "a unique constraint",
            Place::ForeignKey => "a foreign key",
        }
    }
}

/// How an attribute is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The bare word.
    Flag,
    /// `name = …`
    Value,
    /// `name(…)`
    List,
    /// The bare word or `name(…)`.
    FlagOrList,
}

/// The data models that an attribute has a meaning in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataModels {
    /// Tables and collections.
    Both,
    /// Tables and views.
    Relational,
    /// Collections.
    Document,
}

/// A set of kinds of field type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeSet(u32);

const ENUM_BIT: u32 = 1 << 16;
const EMBEDDED_BIT: u32 = 1 << 17;
const LIST_BIT: u32 = 1 << 18;

impl TypeSet {
    /// Every type.
    pub const ANY: TypeSet = TypeSet((1 << 19) - 1);
    /// No type: the attribute does not stand on a field.
    pub const NONE: TypeSet = TypeSet(0);
    /// Fields whose type is an enum of the schema.
    pub const ENUM: TypeSet = TypeSet(ENUM_BIT);
    /// Fields whose type is an embedded struct of the schema.
    pub const EMBEDDED: TypeSet = TypeSet(EMBEDDED_BIT);
    /// `Vec<T>`.
    pub const LIST: TypeSet = TypeSet(LIST_BIT);

    /// The set of these scalars.
    #[must_use]
    pub const fn of(scalars: &[Scalar]) -> TypeSet {
        let mut bits = 0;
        let mut index = 0;
        while index < scalars.len() {
            bits |= 1 << (scalars[index] as u32);
            index += 1;
        }
        TypeSet(bits)
    }

    /// Both sets.
    #[must_use]
    pub const fn and(self, other: TypeSet) -> TypeSet {
        TypeSet(self.0 | other.0)
    }

    /// This set without the other.
    #[must_use]
    pub const fn without(self, other: TypeSet) -> TypeSet {
        TypeSet(self.0 & !other.0)
    }

    /// Whether the two sets share a type.
    #[must_use]
    pub const fn meets(self, other: TypeSet) -> bool {
        self.0 & other.0 != 0
    }

    /// The kind of one field type, as a set of one.
    #[must_use]
    pub fn kind(ty: &FieldType) -> TypeSet {
        match ty {
            FieldType::Scalar(scalar) => TypeSet::of(&[*scalar]),
            FieldType::Enum(_) => TypeSet::ENUM,
            FieldType::Embedded(_) => TypeSet::EMBEDDED,
            FieldType::List(_) => TypeSet::LIST,
        }
    }

    /// The set in words: `String, Vec<T>`.
    #[must_use]
    pub fn words(self) -> String {
        if self == TypeSet::ANY {
            return "any".into();
        }
        let mut words: Vec<&str> = Scalar::ALL
            .iter()
            .filter(|scalar| self.meets(TypeSet::of(&[**scalar])))
            .map(|scalar| scalar.rust_name())
            .collect();
        for (set, word) in
            [(TypeSet::ENUM, "an enum"), (TypeSet::EMBEDDED, "an embedded struct"), (TypeSet::LIST, "Vec<T>")]
        {
            if self.meets(set) {
                words.push(word);
            }
        }
        words.join(", ")
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    /// The word.
    pub name: &'static str,
    /// Where it may stand.
    pub places: &'static [Place],
    /// How it is written.
    pub form: Form,
    /// The form with its value, as the reference shows it.
    pub syntax: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// The data models it has a meaning in.
    pub models: DataModels,
    /// The field types it fits; [`TypeSet::NONE`] where it does not stand on a field.
    pub types: TypeSet,
    /// Whether it also fits `Vec<T>` where it fits T.
    pub elements: bool,
    /// Whether it may stand on a view or on a view's field.
    pub views: bool,
    /// Whether it may be given more than once in the same place.
    pub repeats: bool,
    /// What it does on PostgreSQL.
    pub postgres: &'static str,
    /// What it does on SQLite.
    pub sqlite: &'static str,
    /// What it does on MongoDB.
    pub mongodb: &'static str,
    /// One use of it, as it stands inside `#[db(…)]`.
    pub example: &'static str,
}

impl Attribute {
    /// An attribute for both data models that stands on no field type in particular.
    const fn new(
        name: &'static str,
        places: &'static [Place],
        form: Form,
        syntax: &'static str,
    ) -> Attribute {
        Attribute {
            name,
            places,
            form,
            syntax,
            meaning: "",
            models: DataModels::Both,
            types: TypeSet::NONE,
            elements: false,
            views: false,
            repeats: false,
            postgres: "",
            sqlite: "",
            mongodb: "",
            example: "",
        }
    }

    const fn says(mut self, meaning: &'static str, example: &'static str) -> Attribute {
        self.meaning = meaning;
        self.example = example;
        self
    }

    const fn does(
        mut self,
        postgres: &'static str,
        sqlite: &'static str,
        mongodb: &'static str,
    ) -> Attribute {
        self.postgres = postgres;
        self.sqlite = sqlite;
        self.mongodb = mongodb;
        self
    }

    const fn fits(mut self, types: TypeSet) -> Attribute {
        self.types = types;
        self
    }

    const fn fits_elements(mut self) -> Attribute {
        self.elements = true;
        self
    }

    const fn only(mut self, models: DataModels) -> Attribute {
        self.models = models;
        self
    }

    const fn on_views(mut self) -> Attribute {
        self.views = true;
        self
    }

    const fn repeated(mut self) -> Attribute {
        self.repeats = true;
        self
    }

    /// Whether the attribute may stand on a field of this type.
    #[must_use]
    pub fn fits_type(&self, ty: &FieldType) -> bool {
        if self.types.meets(TypeSet::kind(ty)) {
            return true;
        }
        match ty {
            FieldType::List(element) if self.elements => self.types.meets(TypeSet::kind(element)),
            _ => false,
        }
    }
}

/// The whole table, place by place.
pub fn attributes() -> impl Iterator<Item = &'static Attribute> {
    model::TABLE.iter().chain(field::TABLE).chain(declaration::TABLE).chain(list::TABLE)
}

/// The attribute of this name in this place.
#[must_use]
pub fn find(place: Place, name: &str) -> Option<&'static Attribute> {
    table_of(place).iter().find(|attribute| attribute.name == name && attribute.places.contains(&place))
}

/// The names that may stand in a place, in the table's order.
pub fn names(place: Place) -> impl Iterator<Item = &'static str> {
    table_of(place)
        .iter()
        .filter(move |attribute| attribute.places.contains(&place))
        .map(|attribute| attribute.name)
}

fn table_of(place: Place) -> &'static [Attribute] {
    match place {
        Place::Model => model::TABLE,
        Place::Field | Place::EmbeddedField => field::TABLE,
        Place::Enum | Place::Variant | Place::Sequence => declaration::TABLE,
        Place::Index | Place::Unique | Place::ForeignKey => list::TABLE,
    }
}

/// The candidate nearest to a word, where one is near enough to be meant.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| {
            let longest = word.chars().count().max(candidate.chars().count());
            *distance * 3 <= longest.max(3)
        })
        .min_by_key(|(distance, candidate)| (*distance, candidate.chars().next() != lower.chars().next()))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_complete() {
        for attribute in attributes() {
            for (what, text) in [
                ("meaning", attribute.meaning),
                ("syntax", attribute.syntax),
                ("postgres", attribute.postgres),
                ("sqlite", attribute.sqlite),
                ("mongodb", attribute.mongodb),
                ("example", attribute.example),
            ] {
                assert!(!text.is_empty(), "{} has no {what}", attribute.name);
            }
            assert!(attribute.syntax.contains(attribute.name), "{}: {}", attribute.name, attribute.syntax);
        }
    }

    #[test]
    fn names_are_unique_in_their_place() {
        for place in Place::ALL {
            let mut all: Vec<_> = names(place).collect();
            let count = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), count, "{place:?}");
        }
    }

    #[test]
    fn field_attributes_fit_some_type() {
        for attribute in field::TABLE {
            assert_ne!(attribute.types, TypeSet::NONE, "{}", attribute.name);
        }
    }

    #[test]
    fn the_nearest_name_is_near() {
        assert_eq!(nearest("uniqe", names(Place::Field)), Some("unique"));
        assert_eq!(nearest("on_delte", names(Place::Field)), Some("on_delete"));
        assert_eq!(nearest("banana", names(Place::Field)), None);
    }
}
