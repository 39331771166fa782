//! Alembic's words for what Whimbrel calls otherwise.

use whimbrel_lifecycle::LifecycleError;
use whimbrel_lifecycle::alembic::version_of;
use whimbrel_lifecycle::migration::{Folder, MigrationError, Target, Version};

use super::{Context, Outcome, migrate};
use crate::arguments::Allowing;
use crate::connect::Purpose;
use crate::error::ExitCode;

/// `upgrade head | REV | REV+N | +N`. It never goes down.
pub(crate) async fn upgrade(context: &Context<'_>, target: &str, sql: bool, allowing: Allowing) -> Outcome {
    if let Some((from, target)) = split_range(target, sql) {
        return offline(context, from, target).await;
    }
    let target = match (target, count(target, '+')) {
        ("head" | "heads", _) => Target::Latest,
        (_, Some(count)) => Target::Forward(count),
        (reference, None) => match resolve(context, reference).await? {
            (version, Some(current)) if version <= current => Target::Forward(0),
            (version, _) => Target::Version(version),
        },
    };
    if sql {
        return migrate::script(context, None, &target).await;
    }
    migrate::apply(context, &target, allowing).await
}

/// `downgrade -N | REV | REV-N | base`. It never goes up.
pub(crate) async fn downgrade(context: &Context<'_>, target: &str, sql: bool, allowing: Allowing) -> Outcome {
    if let Some((from, target)) = split_range(target, sql) {
        return offline(context, from, target).await;
    }
    let target = match count(target, '-') {
        Some(count) => Target::Back(count),
        None => match resolve(context, target).await? {
            (version, Some(current)) if version < current => Target::Version(version),
            _ => Target::Back(0),
        },
    };
    if sql {
        return migrate::script(context, None, &target).await;
    }
    migrate::apply(context, &target, allowing).await
}

/// `FROM:TO` of a script: where the database is, and where it is to go.
fn split_range(target: &str, sql: bool) -> Option<(&str, &str)> {
    let (from, to) = target.split_once(':').filter(|_| sql)?;
    Some((if from.is_empty() { "base" } else { from }, to))
}

/// A script between two named versions.
async fn offline(context: &Context<'_>, from: &str, to: &str) -> Outcome {
    let project = context.project()?;
    let folder = Folder::read(&project.migrations_folder.value)?;
    let from = version_of(&folder, None, from)?;
    let to = version_of(&folder, Some(&from), to)?;
    migrate::script(context, Some(from.as_str()), &Target::Version(to)).await
}

/// `+3` or `-3`.
fn count(target: &str, sign: char) -> Option<usize> {
    target.strip_prefix(sign)?.parse().ok()
}

/// The version that a reference stands for, and the newest applied one.
async fn resolve(
    context: &Context<'_>,
    reference: &str,
) -> Result<(Version, Option<Version>), LifecycleError> {
    let project = context.project()?;
    let mut session = context.session(&project, Purpose::Look).await?;
    let folder = session.folder()?;
    let current = session.state(&folder).await?.current();
    Ok((version_of(&folder, current.as_ref(), reference)?, current))
}

/// `history -r START:END`: the versions of the range, both ends included.
pub(crate) fn range(
    folder: &Folder,
    current: Option<&Version>,
    range: &str,
) -> Result<(Version, Version), LifecycleError> {
    let (start, end) =
        range.split_once(':').ok_or_else(|| MigrationError::UnknownVersion { version: range.to_owned() })?;
    let start = if start.is_empty() { "base" } else { start };
    let end = if end.is_empty() { "head" } else { end };
    Ok((version_of(folder, current, start)?, version_of(folder, current, end)?))
}

/// `current [--check-heads]`, with the file where more is asked for.
pub(crate) async fn current(context: &Context<'_>, check_heads: bool) -> Outcome {
    let project = context.project()?;
    let mut session = context.session(&project, Purpose::Look).await?;
    let folder = session.folder()?;
    let current = session.state(&folder).await?.current();
    let is_head = current.as_ref() == folder.migrations.last().map(|migration| &migration.version);
    let name = current.as_ref().map(Version::to_string);
    context.output.result(&name, |name| {
        let name = name.as_deref().unwrap_or("0");
        let file =
            current.as_ref().and_then(|version| folder.find(version)).filter(|_| context.global.verbose);
        match file {
            Some(file) => {
                let head = if is_head { " (head)" } else { "" };
                format!("{name}{head} {}\n", folder.path.join(&file.file_name).display())
            }
            None => format!("{name}\n"),
        }
    });
    Ok(if check_heads && !is_head { ExitCode::Found } else { ExitCode::Done })
}

/// `show REV`: the file.
pub(crate) async fn show(context: &Context<'_>, reference: &str) -> Outcome {
    let (version, _) = resolve(context, reference).await?;
    let project = context.project()?;
    let folder = Folder::read(&project.migrations_folder.value)?;
    let Some(migration) = folder.find(&version) else {
        return Err(MigrationError::UnknownVersion { version: reference.to_owned() }.into());
    };
    let value = serde_json::json!({
        "version": version, "name": migration.name, "file": folder.path.join(&migration.file_name),
        "text": &*migration.file.source.text,
    });
    context.output.result(&value, |_| {
        format!("-- {}\n{}", folder.path.join(&migration.file_name).display(), migration.file.source.text)
    });
    Ok(ExitCode::Done)
}

/// `branches` and `merge`: versions are one line, so that there is nothing to join.
pub(crate) fn one_line(context: &Context<'_>) -> Outcome {
    let project = context.project()?;
    Folder::read(&project.migrations_folder.value)?;
    context.output.result(&serde_json::json!([]), |_| {
        "Nothing to merge: versions are one line, and two files with one version are refused.\n".to_owned()
    });
    Ok(ExitCode::Done)
}

/// `ensure_version`: makes Whimbrel's own tables.
pub(crate) async fn ensure_version(context: &Context<'_>) -> Outcome {
    let project = context.project()?;
    let mut session = context.session(&project, Purpose::Change).await?;
    let made = session.engine.prepare().await.map_err(LifecycleError::from)?;
    context.output.result(&made, |made| {
        if *made {
            "made whimbrel_history and whimbrel_state\n"
        } else {
            "Nothing to do: the tables are there.\n"
        }
        .to_owned()
    });
    Ok(ExitCode::Done)
}

/// `heads`: the newest file.
pub(crate) fn heads(context: &Context<'_>) -> Outcome {
    let newest = newest_version(context)?;
    context.output.result(&newest, |newest| format!("{}\n", newest.as_deref().unwrap_or("0")));
    Ok(ExitCode::Done)
}

/// `stamp head | REV`. It never forgets what is applied.
pub(crate) async fn stamp(context: &Context<'_>, reference: &str) -> Outcome {
    let (version, current) = resolve(context, reference).await?;
    if let Some(latest) = current.filter(|latest| *latest > version) {
        let (version, latest) = (version.to_string(), latest.to_string());
        return Err(MigrationError::StampBackwards { version, latest }.into());
    }
    if version.is_zero() {
        context.output.result(&Vec::<String>::new(), |_| "Nothing to mark.\n".to_owned());
        return Ok(ExitCode::Done);
    }
    migrate::baseline(context, Some(version.as_str())).await
}

fn newest_version(context: &Context<'_>) -> Result<Option<String>, LifecycleError> {
    let project = context.project()?;
    let folder = Folder::read(&project.migrations_folder.value)?;
    Ok(folder.migrations.last().map(|migration| migration.version.to_string()))
}
