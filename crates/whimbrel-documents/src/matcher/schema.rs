//! `$jsonSchema`: its rules, and whether a document keeps them.

use bson::{Bson, Document};

use super::{Pattern, TypeSet};
use crate::value::{DocRef, HashedKey, Number, ValueRef, compare, compare_numbers};

/// A parsed schema.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schema {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) rules: Vec<Rule>,
}

/// One rule of a schema, with the words that state it.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// The keyword: `minLength`.
    pub(super) keyword: &'static str,
    /// What the schema says: `{minLength: 3}`.
    pub(super) stated: Document,
    pub(super) test: Keyword,
}

/// What a keyword asks.
#[derive(Clone, Debug)]
pub(super) enum Keyword {
    Type(TypeSet),
    Enum(Vec<Bson>),
    Minimum {
        bound: Number,
        exclusive: bool,
    },
    Maximum {
        bound: Number,
        exclusive: bool,
    },
    MultipleOf(Number),
    MinLength(usize),
    MaxLength(usize),
    Pattern(Pattern),
    MinItems(usize),
    MaxItems(usize),
    UniqueItems,
    Items(Box<Schema>),
    ItemsInOrder(Vec<Schema>),
    /// What stands after the items that are described in order.
    AdditionalItems {
        after: usize,
        allowed: Allowed,
    },
    Required(Vec<String>),
    MinProperties(usize),
    MaxProperties(usize),
    Properties(Vec<Property>),
    PatternProperties(Vec<(Pattern, Schema)>),
    AdditionalProperties {
        named: Vec<String>,
        patterns: Vec<Pattern>,
        allowed: Allowed,
    },
    Dependencies(Vec<(String, Dependency)>),
    AllOf(Vec<Schema>),
    AnyOf(Vec<Schema>),
    OneOf(Vec<Schema>),
    Not(Box<Schema>),
    /// No whole document can pass.
    Never,
}

/// A property that is described.
#[derive(Clone, Debug)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) schema: Schema,
    pub(super) is_required: bool,
}

/// Whether something may be there beyond what is described.
#[derive(Clone, Debug)]
pub(super) enum Allowed {
    Anything,
    Nothing,
    Like(Box<Schema>),
}

/// What the presence of a property asks.
#[derive(Clone, Debug)]
pub(super) enum Dependency {
    Properties(Vec<String>),
    Schema(Schema),
}

impl Schema {
    /// Whether a document keeps every rule.
    pub(crate) fn matches(&self, document: DocRef<'_>) -> bool {
        self.accepts(ValueRef::Document(document))
    }

    pub(super) fn accepts(&self, value: ValueRef<'_>) -> bool {
        self.rules.iter().all(|rule| rule.test.accepts(value))
    }

    /// As [`Schema::accepts`], of a property that may be missing.
    pub(super) fn accepts_any(&self, value: Option<ValueRef<'_>>) -> bool {
        self.rules.iter().all(|rule| rule.test.accepts_any(value))
    }
}

impl Property {
    /// What a document has there; none where it need not have anything.
    pub(super) fn value_in<'d>(&self, document: DocRef<'d>) -> Option<Option<ValueRef<'d>>> {
        let value = document.get(&self.name);
        (value.is_some() || self.is_required).then_some(value)
    }
}

impl Keyword {
    /// Whether a value keeps the rule; a rule about another type does not concern it.
    pub(super) fn accepts(&self, value: ValueRef<'_>) -> bool {
        match self {
            Keyword::Type(types) => types.contains(value),
            Keyword::Enum(values) => values.iter().any(|known| compare(known.into(), value).is_eq()),
            Keyword::AllOf(schemas) => schemas.iter().all(|schema| schema.accepts(value)),
            Keyword::AnyOf(schemas) => schemas.iter().any(|schema| schema.accepts(value)),
            Keyword::OneOf(schemas) => schemas.iter().filter(|schema| schema.accepts(value)).count() == 1,
            Keyword::Not(schema) => !schema.accepts(value),
            Keyword::Never => false,
            _ => match value {
                ValueRef::String(text) => self.accepts_text(text),
                ValueRef::Array(items) => self.accepts_items(items),
                ValueRef::Document(document) => self.accepts_document(document),
                other => Number::of(other).is_none_or(|number| self.accepts_number(number)),
            },
        }
    }

    /// As [`Keyword::accepts`]; a missing value has no type and is in no enumeration.
    pub(super) fn accepts_any(&self, value: Option<ValueRef<'_>>) -> bool {
        if let Some(value) = value {
            return self.accepts(value);
        }
        let accepts = |schema: &Schema| schema.accepts_any(None);
        match self {
            Keyword::Type(_) | Keyword::Enum(_) | Keyword::Never => false,
            Keyword::AllOf(schemas) => schemas.iter().all(accepts),
            Keyword::AnyOf(schemas) => schemas.iter().any(accepts),
            Keyword::OneOf(schemas) => schemas.iter().filter(|schema| accepts(schema)).count() == 1,
            Keyword::Not(schema) => !accepts(schema),
            _ => true,
        }
    }

    fn accepts_number(&self, number: Number) -> bool {
        match self {
            Keyword::Minimum { bound, .. } | Keyword::Maximum { bound, .. }
                if number.is_nan() != bound.is_nan() =>
            {
                false
            }
            Keyword::Minimum { bound, exclusive } => {
                let order = compare_numbers(number, *bound);
                if *exclusive { order.is_gt() } else { order.is_ge() }
            }
            Keyword::Maximum { bound, exclusive } => {
                let order = compare_numbers(number, *bound);
                if *exclusive { order.is_lt() } else { order.is_le() }
            }
            Keyword::MultipleOf(divisor) => is_multiple(number, *divisor),
            _ => true,
        }
    }

    fn accepts_text(&self, text: &str) -> bool {
        match self {
            Keyword::MinLength(length) => text.chars().count() >= *length,
            Keyword::MaxLength(length) => text.chars().count() <= *length,
            Keyword::Pattern(pattern) => pattern.is_match(text).unwrap_or(false),
            _ => true,
        }
    }

    fn accepts_items(&self, items: DocRef<'_>) -> bool {
        match self {
            Keyword::MinItems(count) => items.len() >= *count,
            Keyword::MaxItems(count) => items.len() <= *count,
            Keyword::UniqueItems => duplicate_item(items).is_none(),
            Keyword::Items(schema) => items.values().all(|item| schema.accepts(item)),
            Keyword::ItemsInOrder(schemas) => {
                items.values().zip(schemas).all(|(item, schema)| schema.accepts(item))
            }
            Keyword::AdditionalItems { after, allowed } => {
                items.values().skip(*after).all(|item| allowed.accepts(item))
            }
            _ => true,
        }
    }

    fn accepts_document(&self, document: DocRef<'_>) -> bool {
        match self {
            Keyword::Required(names) => names.iter().all(|name| document.get(name).is_some()),
            Keyword::MinProperties(count) => document.len() >= *count,
            Keyword::MaxProperties(count) => document.len() <= *count,
            Keyword::Properties(properties) => properties.iter().all(|property| {
                property.value_in(document).is_none_or(|value| property.schema.accepts_any(value))
            }),
            Keyword::PatternProperties(patterns) => patterns.iter().all(|(pattern, schema)| {
                document
                    .iter()
                    .all(|(name, value)| !pattern.is_match(name).unwrap_or(false) || schema.accepts(value))
            }),
            Keyword::AdditionalProperties { allowed, .. } => {
                self.additional(document).all(|(_, value)| allowed.accepts(value))
            }
            Keyword::Dependencies(dependencies) => dependencies.iter().all(|(name, dependency)| {
                document.get(name).is_none()
                    || dependency.missing(document).is_empty() && dependency.accepts(document)
            }),
            _ => true,
        }
    }

    /// The properties that the schema neither names nor describes by a pattern.
    pub(super) fn additional<'a>(
        &self,
        document: DocRef<'a>,
    ) -> impl Iterator<Item = (&'a str, ValueRef<'a>)> {
        let (named, patterns): (&[String], &[Pattern]) = match self {
            Keyword::AdditionalProperties { named, patterns, .. } => (named, patterns),
            _ => (&[], &[]),
        };
        document.iter().filter(move |(name, _)| {
            !named.iter().any(|known| known == name)
                && !patterns.iter().any(|pattern| pattern.is_match(name).unwrap_or(false))
        })
    }
}

impl Allowed {
    pub(super) fn accepts(&self, value: ValueRef<'_>) -> bool {
        match self {
            Allowed::Anything => true,
            Allowed::Nothing => false,
            Allowed::Like(schema) => schema.accepts(value),
        }
    }
}

impl Dependency {
    pub(super) fn missing(&self, document: DocRef<'_>) -> Vec<String> {
        match self {
            Dependency::Properties(names) => {
                names.iter().filter(|name| document.get(name).is_none()).cloned().collect()
            }
            Dependency::Schema(_) => Vec::new(),
        }
    }

    pub(super) fn accepts(&self, document: DocRef<'_>) -> bool {
        match self {
            Dependency::Properties(_) => true,
            Dependency::Schema(schema) => schema.matches(document),
        }
    }
}

/// The first item that stands in an array twice.
pub(super) fn duplicate_item(items: DocRef<'_>) -> Option<Bson> {
    let mut seen = std::collections::HashSet::new();
    items.to_items().into_iter().find(|item| !seen.insert(HashedKey(item.clone())))
}

fn is_multiple(number: Number, divisor: Number) -> bool {
    // Of a double 15 digits count, as MongoDB reads it.
    let whole = |number: Number| match number {
        Number::Double(number) if number.abs() >= 1e15 => None,
        number => number.as_exact_i64(),
    };
    if let (Some(number), Some(divisor)) = (whole(number), whole(divisor)) {
        return divisor != 0 && number.wrapping_rem(divisor) == 0;
    }
    let (value, divisor) = (number.to_quad(), divisor.to_quad());
    if !value.is_finite() || !divisor.is_finite() {
        return value.is_zero();
    }
    // A quotient may have more digits than a division keeps: the rest is found digit by digit.
    let (digits, of) = (value.coefficient().unsigned_abs(), divisor.coefficient().unsigned_abs());
    if of == 0 {
        return false;
    }
    let shift = value.exponent() - divisor.exponent();
    if shift >= 0 {
        return (0..shift).fold(digits % of, |rest, _| rest * 10 % of) == 0;
    }
    let scaled = 10_u128.checked_pow(shift.unsigned_abs()).and_then(|scale| of.checked_mul(scale));
    // What is too large a divisor is larger than the number.
    scaled.map_or(digits == 0, |of| digits % of == 0)
}
