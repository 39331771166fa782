//! `whimbrel rollback`.

use whimbrel_lifecycle::migration::Target;

use super::{Context, Outcome, migrate};
use crate::arguments::RollbackArguments;

/// Rolls migrations back.
pub(crate) async fn run(context: &Context<'_>, given: &RollbackArguments) -> Outcome {
    let target = match (&given.to, given.count) {
        (Some(version), _) => Target::Version(migrate::parse_version(version)?),
        (None, count) => Target::Back(count.unwrap_or(1)),
    };
    if given.sql {
        return migrate::script(context, given.from.as_deref(), &target).await;
    }
    if given.dry_run {
        return migrate::show(context, &target).await;
    }
    migrate::apply(context, &target, given.allowing).await
}
