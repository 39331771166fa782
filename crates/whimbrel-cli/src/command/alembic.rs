//! Alembic's words for what Whimbrel calls otherwise.

use whimbrel_lifecycle::LifecycleError;
use whimbrel_lifecycle::migration::{Folder, Target};

use super::{Context, Outcome, migrate};
use crate::arguments::Allowing;
use crate::error::ExitCode;

/// `upgrade head | REV | +N`.
pub(crate) async fn upgrade(context: &Context<'_>, target: &str, sql: bool, allowing: Allowing) -> Outcome {
    let target = match target {
        "head" | "heads" => Target::Latest,
        relative if relative.starts_with('+') => match relative[1..].parse() {
            Ok(count) => Target::Forward(count),
            Err(_) => Target::Version(migrate::parse_version(relative)?),
        },
        version => Target::Version(migrate::parse_version(version)?),
    };
    if sql {
        migrate::show(context, &target, true).await
    } else {
        migrate::apply(context, &target, allowing).await
    }
}

/// `downgrade -N | REV | base`.
pub(crate) async fn downgrade(context: &Context<'_>, target: &str, sql: bool, allowing: Allowing) -> Outcome {
    let target = match target {
        "base" => Target::Version(migrate::parse_version("0")?),
        relative if relative.starts_with('-') => match relative[1..].parse() {
            Ok(count) => Target::Back(count),
            Err(_) => Target::Version(migrate::parse_version(relative)?),
        },
        version => Target::Version(migrate::parse_version(version)?),
    };
    if sql {
        return migrate::show(context, &target, true).await;
    }
    migrate::apply(context, &target, allowing).await
}

/// `heads`: the newest file.
pub(crate) fn heads(context: &Context<'_>) -> Outcome {
    let newest = newest_version(context)?;
    context.output.result(&newest, |newest| format!("{}\n", newest.as_deref().unwrap_or("0")));
    Ok(ExitCode::Done)
}

/// `stamp head | REV`.
pub(crate) async fn stamp(context: &Context<'_>, version: &str) -> Outcome {
    if version == "head" || version == "heads" {
        return migrate::baseline(context, newest_version(context)?.as_deref()).await;
    }
    migrate::baseline(context, Some(version)).await
}

fn newest_version(context: &Context<'_>) -> Result<Option<String>, LifecycleError> {
    let project = context.project()?;
    let folder = Folder::read(&project.migrations_folder.value)?;
    Ok(folder.migrations.last().map(|migration| migration.version.to_string()))
}
