//! What protected environments refuse.

use miette::Diagnostic;

use super::super::{Action, GuardError};
use super::Case;

const ACTIONS: [Action; 5] =
    [Action::Seed, Action::Reset, Action::Clear, Action::Destructive, Action::Analyze];

#[test]
fn protected_environments_refuse_and_others_do_not() {
    let toml = "[environments.staging]\nurl = \"postgres://s/d\"\n[environments.sandbox]\nurl = \"postgres://x/d\"\nprotected = false\n\
                [environments.test]\nprotected = true\n";
    let table = [
        ("development", false, "default"),
        ("test", true, "whimbrel.toml:7"),
        ("staging", true, "default"),
        ("sandbox", false, "whimbrel.toml:5"),
        ("production", true, "default"),
    ];
    for (environment, is_refused, origin) in table {
        let case =
            Case::new(toml).process(&[("DATABASE_URL", "postgres://h/d"), ("WHIMBREL_ENV", environment)]);
        let project = case.project();
        assert_eq!(project.protected.origin.to_string(), origin, "{environment}");
        for action in ACTIONS {
            let result = project.guard(action);
            assert_eq!(result.is_err(), is_refused, "{environment} {action:?}");
            let Err(error) = result else { continue };
            assert_eq!(error.code().unwrap().to_string(), "guard::protected_environment");
            let message = error.to_string();
            assert!(
                message.contains(&format!("`{environment}` (from WHIMBREL_ENV in the environment)")),
                "{message}"
            );
            assert!(message.contains(&action.to_string()), "{message}");
            let help = error.help().unwrap().to_string();
            let GuardError::ProtectedEnvironment { .. } = error;
            match action.allowing_flag() {
                Some(flag) => assert!(help.contains(flag), "{help}"),
                None => assert!(help.contains("--env development"), "{help}"),
            }
        }
    }
}
