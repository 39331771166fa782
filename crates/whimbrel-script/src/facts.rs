//! What a file exports.

use rquickjs::Object;

use crate::form::Form;

/// What a file exports, found out by loading it without calling anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleFacts {
    /// How it gives its functions.
    pub form: Form,
    /// Whether it has a way up; a mongosh script is one itself.
    pub up: bool,
    /// Whether it has a way down.
    pub down: bool,
    /// Whether it is a seed.
    pub seed: bool,
    /// A seed's environments, where it names them.
    pub environments: Option<Vec<String>>,
    /// Whether a seed's failure ends the seeding, where it says so.
    pub required: Option<bool>,
    /// The description that it exports.
    pub description: Option<String>,
}

impl ModuleFacts {
    /// The facts of a mongosh script.
    pub(crate) fn whole() -> Self {
        ModuleFacts {
            form: Form::Mongosh,
            up: true,
            down: false,
            seed: false,
            environments: None,
            required: None,
            description: None,
        }
    }

    /// The facts that the shim found.
    pub(crate) fn read(form: Form, facts: &Object<'_>) -> rquickjs::Result<Self> {
        Ok(ModuleFacts {
            form,
            up: facts.get("up")?,
            down: facts.get("down")?,
            seed: facts.get("seed")?,
            environments: facts.get("environments")?,
            required: facts.get("required")?,
            description: facts.get("description")?,
        })
    }
}
