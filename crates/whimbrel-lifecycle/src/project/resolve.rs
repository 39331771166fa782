//! Decides each setting: `WHIMBREL_*`, mapped variable, the environment's table, the file, the default.

use std::time::Duration;

use super::environment::Variables;
use super::error::ProjectError;
use super::file::{ConfigFile, Entry};
use super::hooks::Hook;
use super::interpret::{self, Parsed, Problem, Raw, Speaker};
use super::keys::{self, Kind, OVERRIDABLE_TABLES};
use super::setting::{Origin, Setting, VariableSource};
use super::template::{self, TemplateError};
use super::url::DatabaseUrl;
use super::values::{LogFormat, LogLevel};

/// The file and the variables of one project, for one environment once that is known.
pub(crate) struct Resolver<'p> {
    pub(crate) file: &'p ConfigFile,
    pub(crate) variables: &'p Variables,
    pub(crate) environment: Option<String>,
    /// The URL's parameters, which go before the file for some settings of a server.
    pub(crate) url: Option<Setting<DatabaseUrl>>,
}

/// A text that may be a URL, before it is read as one. It has no `Debug`: it may hold a password.
pub(crate) struct FoundText {
    pub(crate) text: String,
    pub(crate) origin: Origin,
    /// The key of the file's entry, when it comes from there.
    pub(crate) file_key: Option<String>,
}

impl Resolver<'_> {
    /// Gives a variable that is set to something, by any of several names.
    pub(crate) fn variable<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Option<(String, VariableSource)> {
        names.into_iter().find_map(|name| {
            let (value, source) = self.variables.get_filled(name)?;
            Some((value.to_owned(), source))
        })
    }

    /// Expands a text of the file.
    pub(crate) fn file_text(&self, key: &str) -> Result<Option<FoundText>, ProjectError> {
        let Some(entry) = self.file.get(key) else {
            return Ok(None);
        };
        let Raw::Text(text) = &entry.raw else {
            return Ok(None);
        };
        let (text, origin) = self.expand(key, entry, text)?;
        Ok(Some(FoundText { text, origin, file_key: Some(key.to_owned()) }))
    }

    fn expand(&self, key: &str, entry: &Entry, text: &str) -> Result<(String, Origin), ProjectError> {
        let expanded = template::expand(text, &|name| self.variables.get(name));
        match expanded {
            Ok(expanded) => {
                let mut origin = self.file.origin(&entry.span);
                if let Origin::File { through, .. } = &mut origin {
                    *through = expanded.through;
                }
                Ok((expanded.text, origin))
            }
            Err(TemplateError::Unset(variable)) => {
                let view = self.file.view();
                let span = view.span(self.file.variable_span(entry, &variable));
                Err(ProjectError::UnsetVariable {
                    key: key.to_owned(),
                    variable,
                    source_code: view.named_source(),
                    span,
                })
            }
            Err(TemplateError::Syntax(reason)) => {
                let problem = Problem::Bad {
                    reason: reason.to_owned(),
                    help: "write ${NAME} or ${NAME:-default}".to_owned(),
                };
                Err(self.file.problem(key, Kind::Text, &entry.span, problem))
            }
        }
    }

    /// Reads the value at a place of the file.
    fn file_value(&self, key: &str, kind: Kind) -> Result<Option<Setting<Parsed>>, ProjectError> {
        let Some(entry) = self.file.get(key) else {
            return Ok(None);
        };
        let (parsed, origin) = match &entry.raw {
            Raw::Text(text) => {
                let is_template = template::is_template(text);
                let (text, origin) = self.expand(key, entry, text)?;
                // A default in `${VAR:-3600}` stands for the variable, so it is read as kindly.
                let speaker = if is_template { Speaker::Variable } else { Speaker::File };
                (interpret::read_text(kind, &text, speaker), origin)
            }
            Raw::List(texts) => {
                let mut expanded = Vec::with_capacity(texts.len());
                for text in texts {
                    expanded.push(self.expand(key, entry, text)?.0);
                }
                (interpret::read(kind, Raw::List(expanded)), self.file.origin(&entry.span))
            }
            other => (interpret::read(kind, other.clone()), self.file.origin(&entry.span)),
        };
        match parsed {
            Ok(parsed) => Ok(Some(Setting::new(parsed, origin))),
            Err(problem) => Err(self.file.problem(key, kind, &entry.span, problem)),
        }
    }

    /// Decides a setting by everything but its default.
    fn decided(&self, key: &str) -> Result<Option<Setting<Parsed>>, ProjectError> {
        let kind = keys::find(key).kind;
        let is_overridable = OVERRIDABLE_TABLES.contains(&key.split('.').next().unwrap_or_default());
        if is_overridable {
            let own = format!("WHIMBREL_{}", key.replace('.', "_").to_ascii_uppercase());
            let mapped = self.file.mapped(key).iter().map(String::as_str);
            if let Some((text, source)) = self.variable(std::iter::once(own.as_str()).chain(mapped)) {
                return self.text_value(key, kind, &text, Origin::Variable(source)).map(Some);
            }
            if let Some(setting) = self.debug_variable(key) {
                return Ok(Some(setting));
            }
            if let Some((text, origin)) = self.url_parameter(key) {
                return self.text_value(key, kind, &text, origin).map(Some);
            }
            if let Some(environment) = &self.environment
                && let Some(setting) = self.file_value(&format!("environments.{environment}.{key}"), kind)?
            {
                return Ok(Some(setting));
            }
        }
        self.file_value(key, kind)
    }

    fn text_value(
        &self,
        key: &str,
        kind: Kind,
        text: &str,
        origin: Origin,
    ) -> Result<Setting<Parsed>, ProjectError> {
        let (reason, help) = match interpret::read_text(kind, text, Speaker::Variable) {
            Ok(parsed) => return Ok(Setting::new(parsed, origin)),
            Err(Problem::Bad { reason, help }) => (reason, help),
            Err(Problem::WrongType { found, help }) => {
                (format!("takes {}, not {found}", kind.expected()), help)
            }
        };
        Err(ProjectError::BadValue {
            key: key.to_owned(),
            reason,
            origin,
            source_code: None,
            span: None,
            help,
        })
    }

    /// Reads `DEBUG` and its like: a switch, or a list of namespaces.
    fn debug_variable(&self, key: &str) -> Option<Setting<Parsed>> {
        if key != "logging.level" {
            return None;
        }
        let (text, source) = self.variable(self.file.mapped("debug").iter().map(String::as_str))?;
        let project = match self.file.get("name") {
            Some(Entry { raw: Raw::Text(name), .. }) => name.clone(),
            _ => self.folder_name(),
        };
        debug_covers(&text, &format!("{project}:database")).then(|| {
            let level = LogLevel::Debug.as_str().to_owned();
            Setting::new(Parsed::Text(level), Origin::Variable(source))
        })
    }

    /// Gives the name of the project's folder.
    pub(crate) fn folder_name(&self) -> String {
        let folder = self.file.path.parent().and_then(|folder| folder.file_name());
        folder.map_or_else(|| "project".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    fn url_parameter(&self, key: &str) -> Option<(String, Origin)> {
        let url = self.url.as_ref()?;
        let parameter = URL_PARAMETERS.iter().find(|(name, _)| *name == key)?.1;
        let text = url.value.parameter(parameter)?;
        // libpq's `allow` differs from `prefer` only in which it tries first.
        let text = if text == "allow" { "prefer".to_owned() } else { text };
        let text = if parameter.ends_with("MS") { format!("{text}ms") } else { text };
        Some((text, url.origin.clone()))
    }

    /// Decides a setting, its default included; a computed default is `None`.
    fn setting(&self, key: &str) -> Result<Option<Setting<Parsed>>, ProjectError> {
        if let Some(setting) = self.decided(key)? {
            return Ok(Some(setting));
        }
        let row = keys::find(key);
        let default = match self.computed_default(key) {
            Some(default) => default,
            None if row.default.starts_with('(') => return Ok(None),
            None => row.default,
        };
        self.text_value(key, row.kind, default, Origin::Default).map(Some)
    }

    /// Gives the defaults that depend on the environment.
    fn computed_default(&self, key: &str) -> Option<&'static str> {
        let environment = self.environment.as_deref()?;
        match (key, environment) {
            ("logging.level", "development") => Some(LogLevel::Debug.as_str()),
            ("logging.level", "test") => Some(LogLevel::Warn.as_str()),
            ("logging.level", _) => Some(LogLevel::Info.as_str()),
            ("logging.format", "production") => Some(LogFormat::Json.as_str()),
            ("logging.format", _) => Some(LogFormat::Text.as_str()),
            ("logging.sql", "development") => Some("true"),
            ("logging.sql", _) => Some("false"),
            _ => None,
        }
    }

    /// Decides a text without a fixed default.
    pub(crate) fn optional_text(&self, key: &str) -> Result<Option<Setting<String>>, ProjectError> {
        let setting = self.setting(key)?;
        Ok(setting.map(|setting| {
            setting.map(|parsed| match parsed {
                Parsed::Text(text) => text,
                _ => unreachable!("`{key}` is a text by the table of keys"),
            })
        }))
    }

    /// Decides a text with a fixed default.
    pub(crate) fn text(&self, key: &str) -> Result<Setting<String>, ProjectError> {
        let setting = self.optional_text(key)?;
        Ok(setting.expect("the table of keys has a default; a test reads them all"))
    }

    /// Decides a choice.
    pub(crate) fn choice<T>(
        &self,
        key: &str,
        from_name: fn(&str) -> Option<T>,
    ) -> Result<Setting<T>, ProjectError> {
        let setting = self.text(key)?;
        Ok(setting.map(|name| from_name(&name).expect("the name was checked against the choice's own names")))
    }

    /// Decides a choice without a fixed default.
    pub(crate) fn optional_choice<T>(
        &self,
        key: &str,
        from_name: fn(&str) -> Option<T>,
    ) -> Result<Option<Setting<T>>, ProjectError> {
        let setting = self.optional_text(key)?;
        Ok(setting.map(|setting| {
            setting.map(|name| from_name(&name).expect("the name was checked against the choice's own names"))
        }))
    }

    /// Decides a list of texts without a fixed default.
    pub(crate) fn optional_list(&self, key: &str) -> Result<Option<Setting<Vec<String>>>, ProjectError> {
        Ok(self.setting(key)?.map(|setting| {
            setting.map(|parsed| match parsed {
                Parsed::List(texts) => texts,
                _ => unreachable!("`{key}` is a list by the table of keys"),
            })
        }))
    }

    /// Decides a number.
    pub(crate) fn integer(&self, key: &str) -> Result<Setting<u32>, ProjectError> {
        Ok(self.required(key)?.map(|parsed| match parsed {
            Parsed::Integer(number) => number,
            _ => unreachable!("`{key}` is an integer by the table of keys"),
        }))
    }

    /// Decides a switch.
    pub(crate) fn boolean(&self, key: &str) -> Result<Setting<bool>, ProjectError> {
        Ok(self.required(key)?.map(|parsed| match parsed {
            Parsed::Boolean(value) => value,
            _ => unreachable!("`{key}` is a boolean by the table of keys"),
        }))
    }

    /// Decides a duration.
    pub(crate) fn duration(&self, key: &str) -> Result<Setting<Duration>, ProjectError> {
        Ok(self.required(key)?.map(|parsed| match parsed {
            Parsed::Duration(duration) => duration,
            _ => unreachable!("`{key}` is a duration by the table of keys"),
        }))
    }

    /// Decides a duration that zero turns off.
    pub(crate) fn duration_or_off(&self, key: &str) -> Result<Setting<Option<Duration>>, ProjectError> {
        let setting = self.duration(key)?;
        Ok(setting.map(|duration| (!duration.is_zero()).then_some(duration)))
    }

    /// Decides a list of texts.
    pub(crate) fn list(&self, key: &str) -> Result<Setting<Vec<String>>, ProjectError> {
        Ok(self.required(key)?.map(|parsed| match parsed {
            Parsed::List(texts) => texts,
            _ => unreachable!("`{key}` is a list by the table of keys"),
        }))
    }

    /// Decides a list of hooks; nothing said is an empty one.
    pub(crate) fn hooks(&self, key: &str) -> Result<Setting<Vec<Hook>>, ProjectError> {
        let setting = self.setting(key)?.unwrap_or(Setting::new(Parsed::Hooks(Vec::new()), Origin::Default));
        Ok(setting.map(|parsed| match parsed {
            Parsed::Hooks(hooks) => hooks,
            _ => unreachable!("`{key}` is a list of hooks by the table of keys"),
        }))
    }

    fn required(&self, key: &str) -> Result<Setting<Parsed>, ProjectError> {
        let setting = self.setting(key)?;
        Ok(setting.expect("the table of keys has a default; a test reads them all"))
    }

    /// Reads whether the environment is protected.
    pub(crate) fn protected(&self, environment: &str) -> Result<Setting<bool>, ProjectError> {
        let key = format!("environments.{environment}.protected");
        let default = !matches!(environment, "development" | "test");
        Ok(match self.file_value(&key, Kind::Boolean)? {
            Some(Setting { value: Parsed::Boolean(value), origin }) => Setting::new(value, origin),
            _ => Setting::new(default, Origin::Default),
        })
    }
}

/// The settings that the URL of a server can carry, and its words for them.
const URL_PARAMETERS: [(&str, &str); 10] = [
    ("postgres.ssl_mode", "sslmode"),
    ("postgres.ssl_root_cert", "sslrootcert"),
    ("postgres.ssl_cert", "sslcert"),
    ("postgres.ssl_key", "sslkey"),
    ("postgres.application_name", "application_name"),
    ("mongodb.tls", "tls"),
    ("mongodb.tls_ca_file", "tlsCAFile"),
    ("mongodb.tls_certificate_key_file", "tlsCertificateKeyFile"),
    ("mongodb.application_name", "appName"),
    ("mongodb.server_selection_timeout", "serverSelectionTimeoutMS"),
];

/// Says whether a `DEBUG` variable asks for a namespace: a switch, or patterns with `*`, where `-pattern` excludes.
pub(crate) fn debug_covers(text: &str, namespace: &str) -> bool {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => return true,
        "0" | "false" | "no" | "off" => return false,
        _ => {}
    }
    let patterns = || text.split([',', ' ']).filter(|pattern| !pattern.is_empty());
    let is_excluded = patterns()
        .filter_map(|pattern| pattern.strip_prefix('-'))
        .any(|pattern| matches_pattern(pattern, namespace));
    !is_excluded && patterns().any(|pattern| matches_pattern(pattern, namespace))
}

fn matches_pattern(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            ends.into_iter().any(|at| matches_pattern(after, &rest[at..]))
        }),
    }
}
