//! Decides the database's URL.

use std::path::Path;

use super::error::ProjectError;
use super::mask;
use super::resolve::{FoundText, Resolver};
use super::setting::{Origin, Secret, Setting, VariableSource};
use super::url::{DatabaseUrl, UrlParts};
use super::values::DataModel;

/// The variables that need no mapping, by data model.
struct WellKnown {
    urls: &'static [&'static str],
    databases: &'static [&'static str],
}

const RELATIONAL: WellKnown = WellKnown { urls: &["DATABASE_URL"], databases: &["DB_NAME"] };

const DOCUMENT: WellKnown = WellKnown {
    urls: &["MONGODB_URI", "MONGODB_URL", "DATABASE_URL"],
    databases: &["MONGODB_DATABASE", "DATABASE_NAME", "DB_NAME"],
};

/// What the search for a URL needs to know.
pub(crate) struct Wanted<'w> {
    pub(crate) flag: Option<&'w Secret>,
    pub(crate) model: DataModel,
    pub(crate) environment: &'w str,
    pub(crate) folder: &'w Path,
}

impl Wanted<'_> {
    fn well_known(&self) -> &'static WellKnown {
        match self.model {
            DataModel::Relational => &RELATIONAL,
            DataModel::Document => &DOCUMENT,
        }
    }
}

/// The names of the variables of one part of a URL: those mapped, or the well-known ones.
struct PartNames<'n> {
    mapped: &'n [String],
    well_known: &'static [&'static str],
}

impl PartNames<'_> {
    fn find(&self, resolver: &Resolver<'_>, only_mapped: bool) -> Option<(String, VariableSource)> {
        let mapped = resolver.variable(self.mapped.iter().map(String::as_str));
        if only_mapped && !self.mapped.is_empty() {
            return mapped;
        }
        mapped.or_else(|| resolver.variable(self.well_known.iter().copied()))
    }
}

/// Decides the URL: flag, `WHIMBREL_URL`, mapped names, well-known names, the file, the default.
pub(crate) fn resolve(
    resolver: &Resolver<'_>,
    wanted: &Wanted<'_>,
) -> Result<Setting<DatabaseUrl>, ProjectError> {
    let given = match from_outside(resolver, wanted)? {
        Some(Found::Url(url)) => Some(url),
        Some(Found::Text(text)) => Some(parse(resolver, wanted, text)?),
        None => {
            let key = format!("environments.{}.url", wanted.environment);
            match resolver.file_text(&key)?.filter(|found| !found.text.trim().is_empty()) {
                Some(found) => Some(parse(resolver, wanted, found)?),
                None => None,
            }
        }
    };
    let url = match given {
        Some(url) => url,
        None => default(resolver, wanted)?,
    };
    Ok(url.map(|url| url.resolved_in(wanted.folder)))
}

enum Found {
    Text(FoundText),
    Url(Setting<DatabaseUrl>),
}

/// Looks at the flag and the variables.
fn from_outside(resolver: &Resolver<'_>, wanted: &Wanted<'_>) -> Result<Option<Found>, ProjectError> {
    let text =
        |text: String, origin: Origin| Ok(Some(Found::Text(FoundText { text, origin, file_key: None })));
    if let Some(flag) = wanted.flag {
        return text(flag.expose().to_owned(), Origin::Flag { name: "--url" });
    }
    let mapped = resolver.file.mapped("url").iter().map(String::as_str);
    let names = std::iter::once("WHIMBREL_URL").chain(mapped);
    if let Some((value, source)) = resolver.variable(names) {
        return text(value, Origin::Variable(source));
    }
    if let Some(url) = composed(resolver, wanted, true)? {
        return Ok(Some(Found::Url(url)));
    }
    if let Some((value, source)) = resolver.variable(wanted.well_known().urls.iter().copied()) {
        return text(value, Origin::Variable(source));
    }
    Ok(composed(resolver, wanted, false)?.map(Found::Url))
}

fn part_names<'r>(
    resolver: &'r Resolver<'_>,
    part: &str,
    well_known: &'static [&'static str],
) -> PartNames<'r> {
    PartNames { mapped: resolver.file.mapped(part), well_known }
}

/// Puts a URL together from its parts, when the host or the database's name is set.
///
/// With `only_mapped`, the host or the database's name has to be set by a mapped variable.
fn composed(
    resolver: &Resolver<'_>,
    wanted: &Wanted<'_>,
    only_mapped: bool,
) -> Result<Option<Setting<DatabaseUrl>>, ProjectError> {
    let host = part_names(resolver, "host", &["DB_HOST"]);
    // For documents the other names of a database complete a URL; alone they do not make one.
    let database = part_names(resolver, "database", &["DB_NAME"]);
    let is_set = |names: &PartNames<'_>| {
        (!only_mapped || !names.mapped.is_empty()) && names.find(resolver, only_mapped).is_some()
    };
    let database_makes_url = wanted.model == DataModel::Relational || database.mapped.is_empty();
    let has_enough = is_set(&host) || (database_makes_url && is_set(&database));
    if !has_enough {
        return Ok(None);
    }
    let mut variables = Vec::new();
    let mut take = |names: PartNames<'_>| {
        let (value, source) = names.find(resolver, only_mapped)?;
        variables.push(source);
        Some(value)
    };
    let parts = UrlParts {
        user: take(part_names(resolver, "user", &["DB_USER"])),
        password: take(part_names(resolver, "password", &["DB_PASSWORD"])),
        host: take(host),
        port: take(part_names(resolver, "port", &["DB_PORT"])),
        database: take(database),
    };
    let origin = Origin::Variables { variables };
    match DatabaseUrl::compose(wanted.model, &parts) {
        Ok(url) => Ok(Some(Setting::new(url, origin))),
        Err(reason) => Err(ProjectError::BadUrl {
            url: mask::MASK.to_owned(),
            origin,
            reason,
            source_code: None,
            span: None,
        }),
    }
}

/// Reads a text as a URL that fits the data model, and names its database when a variable does.
fn parse(
    resolver: &Resolver<'_>,
    wanted: &Wanted<'_>,
    found: FoundText,
) -> Result<Setting<DatabaseUrl>, ProjectError> {
    let url = DatabaseUrl::parse(&found.text).and_then(|url| {
        url.check_model(wanted.model)?;
        Ok(url)
    });
    let url = match url {
        Ok(url) => url,
        Err(reason) => {
            let entry = found.file_key.as_deref().and_then(|key| resolver.file.get(key));
            let view = resolver.file.view();
            return Err(ProjectError::BadUrl {
                url: mask::url_literal(&found.text),
                origin: found.origin,
                reason,
                span: entry.map(|entry| view.span(entry.span.clone())),
                source_code: entry.map(|_| view.named_source()),
            });
        }
    };
    let is_mongo = wanted.model == DataModel::Document && url.sqlite().is_none();
    // A URL from the file or a flag names its own database; one from a variable is completed by the variable beside it.
    let database = match found.origin {
        Origin::Variable(_) if is_mongo => database_variable(resolver, wanted),
        _ if is_mongo && url.database().is_none() => database_variable(resolver, wanted),
        _ => None,
    };
    Ok(match database {
        Some((name, source)) => {
            let origin = match found.origin {
                Origin::Variable(url_source) => Origin::Variables { variables: vec![url_source, source] },
                other => other,
            };
            Setting::new(url.with_database(&name), origin)
        }
        None => Setting::new(url, found.origin),
    })
}

fn database_variable(resolver: &Resolver<'_>, wanted: &Wanted<'_>) -> Option<(String, VariableSource)> {
    part_names(resolver, "database", wanted.well_known().databases).find(resolver, false)
}

fn default(resolver: &Resolver<'_>, wanted: &Wanted<'_>) -> Result<Setting<DatabaseUrl>, ProjectError> {
    let environment = wanted.environment;
    if matches!(environment, "development" | "test") {
        let url = DatabaseUrl::parse(&format!("sqlite:.whimbrel/{environment}.db"))
            .expect("a fixed path and a fixed name make a SQLite URL");
        return Ok(Setting::new(url, Origin::Default));
    }
    let mapped = resolver.file.mapped("url");
    let mapped_parts = [resolver.file.mapped("host"), resolver.file.mapped("database")].concat();
    let mut variables: Vec<String> = match (mapped.first(), mapped_parts.is_empty()) {
        (Some(name), _) => vec![name.clone()],
        (None, false) => vec![mapped_parts.join(" and ")],
        (None, true) => vec![wanted.well_known().urls[0].to_owned()],
    };
    variables.push("WHIMBREL_URL".to_owned());
    Err(ProjectError::NoUrl { environment: environment.to_owned(), variables })
}
