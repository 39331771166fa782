//! Where each part of a schema stands in its source.

use proc_macro2::Span;

/// The places of one struct or enum.
#[derive(Clone, Debug)]
pub struct DeclarationPlaces {
    /// Which of the schema's files it stands in.
    pub file: usize,
    /// The name.
    pub name: Span,
    /// The attributes on the struct or enum itself, at their values.
    pub attributes: Attributes,
    /// `index(…)` and its kin, as in [`crate::model::Model::indexes`].
    pub indexes: Vec<ListPlaces>,
    /// `unique(…)`, as in [`crate::model::Model::uniques`].
    pub uniques: Vec<ListPlaces>,
    /// `foreign_key(…)`, as in [`crate::model::Model::foreign_keys`].
    pub foreign_keys: Vec<ListPlaces>,
    /// `check(…)`, as in [`crate::model::Model::checks`].
    pub checks: Vec<ListPlaces>,
    /// The fields of `cache(by(…))`.
    pub cache: ListPlaces,
    /// The fields of `shard_key(…)`.
    pub shard_key: ListPlaces,
    /// The fields, or an enum's variants.
    pub members: Vec<MemberPlaces>,
}

/// The places of one field or variant.
#[derive(Clone, Debug)]
pub struct MemberPlaces {
    /// The name.
    pub name: Span,
    /// The type's last word; the name where there is no type.
    pub ty: Span,
    /// The attributes, at their values.
    pub attributes: Attributes,
    /// `check(…)`, as in [`crate::model::Field::checks`].
    pub checks: Vec<ListPlaces>,
}

/// The places of one `name(…)`.
#[derive(Clone, Debug)]
pub struct ListPlaces {
    /// The word before the parenthesis.
    pub whole: Span,
    /// The value of `name = …`.
    pub name: Option<Span>,
    /// The keys or fields, in order; then the fields of `include(…)` or the referenced fields.
    pub items: Vec<Span>,
}

impl ListPlaces {
    pub(super) fn at(whole: Span) -> Self {
        ListPlaces { whole, name: None, items: Vec::new() }
    }
}

/// Attributes by name.
#[derive(Clone, Debug, Default)]
pub struct Attributes(Vec<(&'static str, Span)>);

impl Attributes {
    pub(super) fn record(&mut self, name: &'static str, span: Span) {
        self.0.push((name, span));
    }

    /// The place of the attribute, where it is given.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Span> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, span)| *span)
    }

    /// The attributes given, in source order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Span)> {
        self.0.iter().copied()
    }
}

impl DeclarationPlaces {
    pub(super) fn at(name: Span) -> Self {
        DeclarationPlaces {
            file: 0,
            name,
            attributes: Attributes::default(),
            indexes: Vec::new(),
            uniques: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            cache: ListPlaces::at(name),
            shard_key: ListPlaces::at(name),
            members: Vec::new(),
        }
    }
}

/// The places of a whole schema, in the order of its lists.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// As in [`crate::model::Schema::models`].
    pub models: Vec<DeclarationPlaces>,
    /// As in [`crate::model::Schema::embedded`].
    pub embedded: Vec<DeclarationPlaces>,
    /// As in [`crate::model::Schema::enums`].
    pub enums: Vec<DeclarationPlaces>,
    /// As in [`crate::model::Schema::sequences`].
    pub sequences: Vec<DeclarationPlaces>,
}
