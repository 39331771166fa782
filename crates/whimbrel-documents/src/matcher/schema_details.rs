//! Why a document breaks a schema, in the words and shape of MongoDB's error 121.

use bson::{Bson, Document, doc};

use super::schema::{Allowed, Dependency, Keyword, Rule, Schema, duplicate_item};
use crate::value::{DocRef, ValueRef, type_name};

impl Schema {
    /// The `details` of the failure of a whole document.
    pub(super) fn details(&self, document: DocRef<'_>) -> Document {
        let value = Some(ValueRef::Document(document));
        if let Some(details) = self.impossible() {
            return details;
        }
        let mut details = doc! { "operatorName": "$jsonSchema" };
        self.describe(&mut details);
        details.insert("schemaRulesNotSatisfied", self.broken_rules(value));
        details
    }

    /// What is told of a schema that no document can keep, instead of its rules.
    fn impossible(&self) -> Option<Document> {
        let rule = self.rules.first().filter(|rule| rule.keyword == "$jsonSchema")?;
        rule.details(None)
    }

    /// The broken rules, as a part of other details.
    fn told(&self, value: Option<ValueRef<'_>>) -> Bson {
        self.impossible().map_or_else(|| self.broken_rules(value).into(), Bson::Document)
    }

    pub(super) fn describe(&self, details: &mut Document) {
        if let Some(title) = &self.title {
            details.insert("title", title);
        }
        if let Some(description) = &self.description {
            details.insert("description", description);
        }
    }

    fn broken_rules(&self, value: Option<ValueRef<'_>>) -> Vec<Bson> {
        // A rule about texts is put to every value where texts alone are allowed; of other values only patterns take one.
        let of_text = |rule: &Rule| {
            let text = Bson::from("string");
            let stated = rule.stated.get(rule.keyword);
            matches!(&rule.test, Keyword::Type(_))
                && stated.is_some_and(|stated| *stated == text || *stated == Bson::Array(vec![text]))
        };
        let takes_text_only = self.rules.iter().any(of_text);
        let broken = self.rules.iter().filter(|rule| {
            !rule.test.accepts_any(value) || (takes_text_only && rule.test.is_not_the_pattern(value))
        });
        broken.filter_map(|rule| rule.details(value)).map(Bson::Document).collect()
    }

    /// What goes with the name of a failing property: title, description and the broken rules.
    fn property_details(&self, mut details: Document, value: Option<ValueRef<'_>>) -> Bson {
        if self.impossible().is_none() {
            self.describe(&mut details);
        }
        details.insert("details", self.told(value));
        Bson::Document(details)
    }
}

impl Rule {
    /// What the rule has against a value; of one that is missing only rules that hold other schemas say something.
    fn details(&self, value: Option<ValueRef<'_>>) -> Option<Document> {
        let mut details = doc! { "operatorName": self.keyword };
        if self.test.joins(&mut details, value) {
            return Some(details);
        }
        if matches!(self.test, Keyword::Never) {
            details.insert("specifiedAs", self.stated.clone());
            details.insert("reason", "expression always evaluates to false");
            return Some(details);
        }
        let value = value?;
        let reason = match &self.test {
            Keyword::Type(_) => "type did not match",
            Keyword::Enum(_) => "value was not found in enum",
            Keyword::Minimum { .. } | Keyword::Maximum { .. } => "comparison failed",
            Keyword::MultipleOf(_) => "considered value is not a multiple of the specified value",
            Keyword::MinLength(_) | Keyword::MaxLength(_) => "specified string length was not satisfied",
            Keyword::Pattern(_) => "regular expression did not match",
            Keyword::MinItems(_) | Keyword::MaxItems(_) => "array did not match specified length",
            Keyword::UniqueItems => "found a duplicate item",
            Keyword::MinProperties(_) | Keyword::MaxProperties(_) => {
                "specified number of properties was not satisfied"
            }
            other => {
                match value {
                    ValueRef::Array(items) => other.item_details(&self.stated, &mut details, items),
                    ValueRef::Document(document) => {
                        let told = other.property_details(&self.stated, &mut details, document);
                        return told.then_some(details);
                    }
                    _ => {}
                }
                return Some(details);
            }
        };
        details.insert("specifiedAs", self.stated.clone());
        details.insert("reason", reason);
        self.test.consider(&mut details, value);
        Some(details)
    }
}

impl Keyword {
    /// Whether a value is a regular expression, and another one than the pattern.
    fn is_not_the_pattern(&self, value: Option<ValueRef<'_>>) -> bool {
        match (self, value.map(ValueRef::to_bson)) {
            (Keyword::Pattern(pattern), Some(Bson::RegularExpression(regex))) => {
                regex.pattern.as_str() != pattern.source() || !regex.options.is_empty()
            }
            _ => false,
        }
    }

    fn consider(&self, details: &mut Document, value: ValueRef<'_>) {
        if let (Keyword::MinProperties(_) | Keyword::MaxProperties(_), ValueRef::Document(document)) =
            (self, value)
        {
            details.insert("numberOfProperties", count(document.len()));
            return;
        }
        details.insert("consideredValue", value.to_bson());
        match (self, value) {
            (Keyword::Type(_), _) => {
                details.insert("consideredType", type_name(value));
            }
            (Keyword::MinItems(_) | Keyword::MaxItems(_), ValueRef::Array(items)) => {
                details.insert("numberOfItems", count(items.len()));
            }
            (Keyword::UniqueItems, ValueRef::Array(items)) => {
                details.extend(duplicate_item(items).map(|item| ("duplicatedValue".to_owned(), item)));
            }
            _ => {}
        }
    }

    /// Tells of the rules that join other schemas, and whether this is one.
    fn joins(&self, details: &mut Document, value: Option<ValueRef<'_>>) -> bool {
        match self {
            Keyword::AllOf(schemas) | Keyword::AnyOf(schemas) => {
                details.insert("schemasNotSatisfied", failing_schemas(schemas, value));
            }
            Keyword::OneOf(schemas) => {
                let matching: Vec<Bson> = (0i32..)
                    .zip(schemas)
                    .filter(|(_, schema)| schema.accepts_any(value))
                    .map(|(at, _)| Bson::Int32(at))
                    .collect();
                if matching.is_empty() {
                    details.insert("schemasNotSatisfied", failing_schemas(schemas, value));
                } else {
                    details.insert("reason", "more than one subschema matched");
                    details.insert("matchingSchemaIndexes", matching);
                }
            }
            Keyword::Not(_) => _ = details.insert("reason", "child expression matched"),
            _ => return false,
        }
        true
    }

    fn item_details(&self, stated: &Document, details: &mut Document, items: DocRef<'_>) {
        let mut first_failing = |reason: &str, schema: &Schema, after: usize| {
            let failing = items.values().enumerate().skip(after).find(|(_, item)| !schema.accepts(*item));
            if let Some((at, item)) = failing {
                schema.describe(details);
                details.insert("reason", reason);
                details.insert("itemIndex", count(at));
                details.insert("details", schema.broken_rules(Some(item)));
            }
        };
        match self {
            Keyword::Items(schema) => {
                first_failing("At least one item did not match the sub-schema", schema, 0);
            }
            Keyword::AdditionalItems { after, allowed: Allowed::Like(schema) } => {
                first_failing("At least one additional item did not match the sub-schema", schema, *after);
            }
            Keyword::AdditionalItems { after, .. } => {
                details.insert("specifiedAs", stated.clone());
                details.insert("reason", "found additional items");
                let extra: Vec<Bson> = items.values().skip(*after).map(ValueRef::to_bson).collect();
                details.insert("additionalItems", extra);
            }
            Keyword::ItemsInOrder(schemas) => {
                let failing: Vec<Bson> = items
                    .values()
                    .zip(schemas)
                    .enumerate()
                    .filter(|(_, (item, schema))| !schema.accepts(*item))
                    .map(|(at, (item, schema))| {
                        let told = doc! { "itemIndex": i64::from(count(at)), "details": schema.broken_rules(Some(item)) };
                        Bson::Document(told)
                    })
                    .collect();
                details.insert("details", failing);
            }
            _ => {}
        }
    }

    /// Tells of the rules about properties, and whether there is something to tell.
    fn property_details(&self, stated: &Document, details: &mut Document, document: DocRef<'_>) -> bool {
        match self {
            Keyword::Required(names) => {
                let missing: Vec<&str> =
                    names.iter().filter(|name| document.get(name).is_none()).map(String::as_str).collect();
                details.insert("specifiedAs", stated.clone());
                details.insert("missingProperties", missing);
            }
            Keyword::Properties(properties) => {
                let failing: Vec<Bson> = properties
                    .iter()
                    .filter_map(|property| {
                        let value = property.value_in(document)?;
                        // Of a missing property there is mostly nothing to tell but that it is required.
                        let rules = property.schema.broken_rules(value);
                        let mut told = doc! { "propertyName": &property.name };
                        property.schema.describe(&mut told);
                        told.insert("details", rules.clone());
                        (!rules.is_empty()).then_some(Bson::Document(told))
                    })
                    .collect();
                let is_told = !failing.is_empty();
                details.insert("propertiesNotSatisfied", failing);
                return is_told;
            }
            Keyword::PatternProperties(patterns) => {
                let mut failing = Vec::new();
                for (pattern, schema) in patterns {
                    let first = document.iter().find(|(name, value)| {
                        pattern.is_match(name).unwrap_or(false) && !schema.accepts(*value)
                    });
                    if let Some((name, value)) = first {
                        let mut told = doc! { "propertyName": name };
                        schema.describe(&mut told);
                        told.insert("regexMatched", pattern.source());
                        told.insert("details", schema.broken_rules(Some(value)));
                        failing.push(Bson::Document(told));
                    }
                }
                details.insert("details", failing);
            }
            Keyword::AdditionalProperties { allowed: Allowed::Like(schema), .. } => {
                if let Some((name, value)) =
                    self.additional(document).find(|(_, value)| !schema.accepts(*value))
                {
                    schema.describe(details);
                    details.insert("reason", "at least one additional property did not match the subschema");
                    details.insert("failingProperty", name);
                    details.insert("details", schema.broken_rules(Some(value)));
                }
            }
            Keyword::AdditionalProperties { .. } => {
                let names: Vec<&str> = self.additional(document).map(|(name, _)| name).collect();
                details.insert("specifiedAs", stated.clone());
                details.insert("additionalProperties", names);
            }
            Keyword::Dependencies(dependencies) => {
                let failing = dependencies.iter().filter_map(|(name, dependency)| {
                    document.get(name)?;
                    dependency_details(name, dependency, document)
                });
                details.insert("failingDependencies", failing.collect::<Vec<_>>());
            }
            _ => {}
        }
        true
    }
}

fn dependency_details(name: &str, dependency: &Dependency, document: DocRef<'_>) -> Option<Bson> {
    let mut details = doc! { "conditionalProperty": name };
    match dependency {
        Dependency::Schema(schema) if !schema.matches(document) => {
            details.insert("details", schema.told(Some(ValueRef::Document(document))));
        }
        Dependency::Properties(_) if !dependency.missing(document).is_empty() => {
            details.insert("missingProperties", dependency.missing(document));
        }
        _ => return None,
    }
    Some(Bson::Document(details))
}

fn failing_schemas(schemas: &[Schema], value: Option<ValueRef<'_>>) -> Vec<Bson> {
    (0i32..)
        .zip(schemas)
        .filter(|(_, schema)| !schema.accepts_any(value))
        .map(|(at, schema)| schema.property_details(doc! { "index": at }, value))
        .collect()
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
