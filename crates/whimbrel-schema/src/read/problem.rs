//! A mistake in the source, before it is tied to a file.

use proc_macro2::Span;

/// One mistake at one place of the source.
///
/// The reader turns it into a [`super::SourceProblem`] with file, line and caret; a derive macro
/// turns it into a compile error at the same place.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Where.
    pub span: Span,
    /// The stable code, such as `schema::unknown_attribute`.
    pub code: &'static str,
    /// What is wrong, with the name of the object.
    pub message: String,
    /// The words beside the caret.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// A mistake with a label that says the same in fewer words.
    #[must_use]
    pub fn new(span: Span, code: &'static str, message: impl Into<String>) -> Self {
        Problem { span, code, message: message.into(), label: "here".into(), help: None }
    }

    /// The words beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What to do about it, where something is known.
    #[must_use]
    pub fn help_maybe(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// The mistake as a compile error of a derive macro.
    #[must_use]
    pub fn to_compile_error(&self) -> syn::Error {
        let text = match &self.help {
            Some(help) => format!("{}\nhelp: {help}", self.message),
            None => self.message.clone(),
        };
        syn::Error::new(self.span, text)
    }
}

impl From<syn::Error> for Problem {
    fn from(error: syn::Error) -> Self {
        Problem::new(error.span(), code::VALUE, format!("cannot read this: {error}"))
    }
}

/// The codes of the reader's mistakes.
pub(crate) mod code {
    /// The file is not Rust.
    pub(crate) const SYNTAX: &str = "schema::syntax";
    /// A file that the schema names is not there.
    pub(crate) const FILE: &str = "schema::missing_file";
    /// Rust that the schema language does not have.
    pub(crate) const UNSUPPORTED: &str = "schema::unsupported";
    /// A type that is no scalar and not declared.
    pub(crate) const TYPE: &str = "schema::unknown_type";
    /// No such attribute in this place.
    pub(crate) const UNKNOWN: &str = "schema::unknown_attribute";
    /// An attribute given twice.
    pub(crate) const DUPLICATE: &str = "schema::duplicate_attribute";
    /// An attribute whose value is wrong or missing.
    pub(crate) const VALUE: &str = "schema::attribute_value";
    /// An attribute that does not fit the type, the model or its neighbours.
    pub(crate) const FIT: &str = "schema::attribute_fit";
    /// An attribute that must be there.
    pub(crate) const MISSING: &str = "schema::missing_attribute";
    /// A check's condition that is not in the language of conditions.
    pub(crate) const CONDITION: &str = "schema::condition";
}
