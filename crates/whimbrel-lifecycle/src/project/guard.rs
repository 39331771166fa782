//! What a protected environment refuses.

use std::fmt;

use miette::Diagnostic;

use super::Project;
use super::setting::Origin;

/// Something that can lose data or stop others, asked for before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Writing seed data.
    Seed,
    /// Dropping everything and building it again.
    Reset,
    /// Deleting all rows or documents.
    Clear,
    /// A step that can lose data, such as rolling a migration back.
    Destructive,
    /// Running a query that writes to see how it is answered, though what it writes is rolled back.
    Analyze,
}

impl Action {
    /// Gives the flag that allows the action in a protected environment; `None` means that nothing does.
    pub fn allowing_flag(self) -> Option<&'static str> {
        match self {
            Self::Seed | Self::Reset | Self::Clear | Self::Analyze => None,
            Self::Destructive => Some("--allow-destructive"),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Seed => "be seeded",
            Self::Reset => "be reset",
            Self::Clear => "be cleared",
            Self::Destructive => "take a step that loses data",
            Self::Analyze => "run a statement that writes for its plan",
        })
    }
}

/// A refusal.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[non_exhaustive]
pub enum GuardError {
    /// The environment is protected.
    #[error(
        "the environment `{environment}` (from {environment_origin}) is protected (from {protected_origin}) and cannot {action}"
    )]
    #[diagnostic(code(guard::protected_environment))]
    ProtectedEnvironment {
        /// What was asked for.
        action: Action,
        /// The environment.
        environment: String,
        /// What chose the environment.
        environment_origin: Origin,
        /// What protects it.
        protected_origin: Origin,
        /// The way on.
        #[help]
        help: String,
    },
}

impl Project {
    /// Refuses an action in a protected environment. A caller that was given the action's
    /// [`Action::allowing_flag`] does not ask.
    ///
    /// # Errors
    /// Says which environment it is, what decided that, and the way on.
    pub fn guard(&self, action: Action) -> Result<(), GuardError> {
        if !self.protected.value {
            return Ok(());
        }
        let environment = &self.environment.value;
        let help = match action.allowing_flag() {
            None if action == Action::Analyze => {
                "leave --analyze out: the plan is shown, and nothing runs; or choose another environment with --env development"
                    .to_owned()
            }
            Some(flag) => format!("take a backup, then repeat the command with {flag}"),
            None => format!(
                "choose another environment with --env, such as --env development; only if the data of `{environment}` may be lost, \
                 write `protected = false` under [environments.{environment}] in whimbrel.toml"
            ),
        };
        Err(GuardError::ProtectedEnvironment {
            action,
            environment: environment.clone(),
            environment_origin: self.environment.origin.clone(),
            protected_origin: self.protected.origin.clone(),
            help,
        })
    }
}
