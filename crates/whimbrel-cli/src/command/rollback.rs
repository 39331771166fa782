//! `whimbrel rollback`.

use whimbrel_lifecycle::migration::Target;
use whimbrel_lifecycle::project::Action;

use super::{Context, Outcome, migrate};
use crate::arguments::RollbackArguments;

/// Rolls migrations back.
pub(crate) async fn run(context: &Context<'_>, given: &RollbackArguments) -> Outcome {
    let target = match (&given.to, given.count) {
        (Some(version), _) => Target::Version(migrate::parse_version(version)?),
        (None, count) => Target::Back(count.unwrap_or(1)),
    };
    if given.dry_run {
        return migrate::show(context, &target, false).await;
    }
    roll_back(context, &target, given.allow_destructive).await
}

/// Rolls back to a target, where the environment lets it.
pub(crate) async fn roll_back(context: &Context<'_>, target: &Target, allowed: bool) -> Outcome {
    if !allowed {
        context.project()?.guard(Action::Destructive)?;
    }
    migrate::apply(context, target).await
}
