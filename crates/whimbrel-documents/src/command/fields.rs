//! The fields of a command: each taken once by its name and type, and none left over unread.

use bson::{Bson, Document};
use whimbrel_engine::document::Refusal;

use crate::refusal::{bad_value, failed_to_parse, not_implemented, refuse, type_mismatch};
use crate::storage::Outcome;
use crate::value::{Number, ValueRef, type_name};

/// Fields that any command may hold and that mean nothing to an engine without replicas or a wire.
const GENERIC: &[&str] = &[
    "$db",
    "$clusterTime",
    "$readPreference",
    "apiVersion",
    "apiStrict",
    "apiDeprecationErrors",
    "comment",
    "lsid",
    "maxTimeMS",
    "maxTimeMSOpOnly",
    "readConcern",
    "writeConcern",
];

/// The fields of a command, or of one of its parts.
#[derive(Debug)]
pub(crate) struct Fields {
    /// How messages call it: `find`, `update.updates`.
    context: String,
    fields: Document,
}

impl Fields {
    /// The fields of a command after its name.
    pub(crate) fn of_command(name: &str, mut command: Document) -> Self {
        for generic in GENERIC {
            command.remove(*generic);
        }
        Self { context: name.to_owned(), fields: command }
    }

    /// The fields of a part of a command.
    pub(crate) fn of_part(context: &str, fields: Document) -> Self {
        Self { context: context.to_owned(), fields }
    }

    /// Takes a field of any type.
    pub(crate) fn take(&mut self, name: &str) -> Option<Bson> {
        self.fields.remove(name)
    }

    /// Takes a field that must be there.
    pub(crate) fn require(&mut self, name: &str) -> Outcome<Bson> {
        self.fields.remove(name).ok_or_else(|| {
            let message = format!("BSON field '{}.{name}' is missing but a required field", self.context);
            refuse(40414, "IDLFailedToParse", message).into()
        })
    }

    /// Takes the collection's name, which is the value of the command's own name.
    pub(crate) fn collection(&mut self) -> Outcome<String> {
        let name = self.context.clone();
        match self.require(&name)? {
            Bson::String(collection) => Ok(collection),
            other => Err(refuse(
                73,
                "InvalidNamespace",
                format!("Collection name has invalid type {}", type_name(ValueRef::from(&other))),
            )
            .into()),
        }
    }

    /// Takes a document.
    pub(crate) fn document(&mut self, name: &str) -> Outcome<Option<Document>> {
        match self.take(name) {
            None | Some(Bson::Null) => Ok(None),
            Some(Bson::Document(document)) => Ok(Some(document)),
            Some(other) => Err(self.wrong_type(name, &other, "object").into()),
        }
    }

    /// Takes a list.
    pub(crate) fn array(&mut self, name: &str) -> Outcome<Option<Vec<Bson>>> {
        match self.take(name) {
            None | Some(Bson::Null) => Ok(None),
            Some(Bson::Array(array)) => Ok(Some(array)),
            Some(other) => Err(self.wrong_type(name, &other, "array").into()),
        }
    }

    /// Takes a text.
    pub(crate) fn text(&mut self, name: &str) -> Outcome<Option<String>> {
        match self.take(name) {
            None | Some(Bson::Null) => Ok(None),
            Some(Bson::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong_type(name, &other, "string").into()),
        }
    }

    /// Takes a truth value; a number counts as true where it is not zero.
    pub(crate) fn flag(&mut self, name: &str) -> Outcome<bool> {
        Ok(self.optional_flag(name)?.unwrap_or(false))
    }

    /// Takes a truth value that may be left out.
    pub(crate) fn optional_flag(&mut self, name: &str) -> Outcome<Option<bool>> {
        match self.take(name) {
            None | Some(Bson::Null) => Ok(None),
            Some(Bson::Boolean(is_set)) => Ok(Some(is_set)),
            Some(other) => match Number::of(ValueRef::from(&other)) {
                Some(number) => Ok(Some(!number.is_zero())),
                None => {
                    let kind = type_name(ValueRef::from(&other));
                    let message = format!(
                        "BSON field '{}.{name}' is the wrong type '{kind}', expected types '[bool, long, int, \
                         decimal, double]'",
                        self.context
                    );
                    Err(type_mismatch(message).into())
                }
            },
        }
    }

    /// Takes a number, cut to a whole one of 64 bits.
    pub(crate) fn integer(&mut self, name: &str) -> Outcome<Option<i64>> {
        match self.take(name) {
            None | Some(Bson::Null) => Ok(None),
            Some(value) => match Number::of(ValueRef::from(&value)).map(Number::saturated) {
                Some(number) => Ok(Some(number)),
                None => {
                    let kind = type_name(ValueRef::from(&value));
                    let message = format!(
                        "BSON field '{}.{name}' is the wrong type '{kind}', expected types '[long, int, decimal, \
                         double]'",
                        self.context
                    );
                    Err(type_mismatch(message).into())
                }
            },
        }
    }

    /// Takes a number that is not below zero.
    pub(crate) fn count(&mut self, name: &str) -> Outcome<Option<u64>> {
        let Some(number) = self.integer(name)? else { return Ok(None) };
        u64::try_from(number).map(Some).map_err(|_| {
            bad_value(format!("BSON field '{name}' value must be >= 0, actual value '{number}'")).into()
        })
    }

    /// Refuses a collation other than the simple one.
    pub(crate) fn refuse_collation(&mut self) -> Outcome<()> {
        let Some(collation) = self.document("collation")? else { return Ok(()) };
        if collation.is_empty() || collation.get_str("locale").is_ok_and(|locale| locale == "simple") {
            return Ok(());
        }
        Err(not_implemented("a collation").into())
    }

    /// Refuses by name what MongoDB knows and this engine does not, where it asks for something.
    pub(crate) fn refuse_options(&mut self, names: &[&str]) -> Outcome<()> {
        for name in names {
            match self.take(name) {
                None | Some(Bson::Boolean(false) | Bson::Null) => {}
                Some(_) => {
                    return Err(not_implemented(&format!("the option {name} of {}", self.context)).into());
                }
            }
        }
        Ok(())
    }

    /// Passes over options that change nothing here: hints about resources and routes.
    pub(crate) fn ignore(&mut self, names: &[&str]) {
        for name in names {
            self.fields.remove(*name);
        }
    }

    /// Refuses what nobody has taken.
    pub(crate) fn finish(self) -> Outcome<()> {
        match self.fields.keys().next() {
            None => Ok(()),
            Some(name) => Err(unknown_field(&self.context, name).into()),
        }
    }

    fn wrong_type(&self, name: &str, found: &Bson, expected: &str) -> Refusal {
        let kind = type_name(ValueRef::from(found));
        type_mismatch(format!(
            "BSON field '{}.{name}' is the wrong type '{kind}', expected type '{expected}'",
            self.context
        ))
    }
}

/// A field that the command does not have.
pub(crate) fn unknown_field(context: &str, name: &str) -> Refusal {
    refuse(40415, "IDLUnknownField", format!("BSON field '{context}.{name}' is an unknown field."))
}

/// The documents of a batch.
///
/// # Errors
/// One is no document, or there are none or too many.
pub(crate) fn documents(context: &str, name: &str, values: Vec<Bson>) -> Outcome<Vec<Document>> {
    if values.is_empty() || values.len() > crate::limits::LARGEST_BATCH {
        let message = format!(
            "Write batch sizes must be between 1 and {}. Got {} operations.",
            crate::limits::LARGEST_BATCH,
            values.len()
        );
        return Err(refuse(16, "InvalidLength", message).into());
    }
    let mut documents = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        match value {
            Bson::Document(document) => documents.push(document),
            other => {
                let kind = type_name(ValueRef::from(&other));
                let message = format!(
                    "BSON field '{context}.{name}.{index}' is the wrong type '{kind}', expected type 'object'"
                );
                return Err(type_mismatch(message).into());
            }
        }
    }
    Ok(documents)
}

/// A name that a collection may have.
///
/// # Errors
/// MongoDB would not take it either.
pub(crate) fn check_collection_name(database: &str, name: &str) -> Outcome<()> {
    let invalid = |message: String| Err(refuse(73, "InvalidNamespace", message).into());
    if name.is_empty() {
        return invalid(format!("Invalid namespace specified: {database}"));
    }
    if name.contains('$') || name.contains('\0') || name.starts_with('.') {
        return invalid(format!("Invalid collection name: {name}"));
    }
    if name.starts_with("system.") {
        return invalid(format!("Invalid system namespace: {database}.{name}"));
    }
    if database.len() + name.len() + 1 > 255 {
        return invalid(format!("Fully qualified namespace is too long: {database}.{name}"));
    }
    Ok(())
}

/// A sort pattern as index parts.
///
/// # Errors
/// A direction is neither 1 nor -1.
pub(crate) fn is_direction(value: &Bson) -> Outcome<bool> {
    let number = Number::of(ValueRef::from(value)).map(Number::to_f64);
    match number {
        Some(1.0) => Ok(false),
        Some(-1.0) => Ok(true),
        Some(_) => Err(refuse(
            15975,
            "Location15975",
            "$sort key ordering must be 1 (for ascending) or -1 (for descending)",
        )
        .into()),
        None => Err(failed_to_parse("a sort direction is not a number").into()),
    }
}
