//! What a run did, in detail: how long each statement took, and which locks it waited for.

use whimbrel_lifecycle::migrate::{MigrateReport, StepReport};

use super::text;

/// A statement that took longer is shown without being asked for.
const SLOW_MS: u64 = 1_000;

/// The statements that took long, or all of them, and every lock that was waited for.
pub(crate) fn details(report: &MigrateReport, all: bool) -> String {
    let mut out = String::new();
    let statements: Vec<Vec<String>> =
        report.steps.iter().flat_map(|step| statements_of(step, all)).collect();
    if !statements.is_empty() {
        let heading = if all { "Statements:" } else { "Slow statements:" };
        let table = text::table(&["took", "rows", "file", "statement"], statements, &[0, 1]);
        out.push_str(&format!("{heading}\n{table}\n"));
    }
    let waits: Vec<Vec<String>> = report.steps.iter().flat_map(waits_of).collect();
    if !waits.is_empty() {
        let table = text::table(&["waited", "lock", "on", "file", "held by"], waits, &[0]);
        out.push_str(&format!("Locks that were waited for:\n{table}\n"));
    }
    out
}

fn statements_of(step: &StepReport, all: bool) -> Vec<Vec<String>> {
    step.statements
        .iter()
        .filter(|statement| all || statement.duration_ms >= SLOW_MS)
        .map(|statement| {
            vec![
                format!("{} ms", statement.duration_ms),
                statement.rows.map_or_else(String::new, |rows| rows.to_string()),
                step.file.clone(),
                statement.statement.clone(),
            ]
        })
        .collect()
}

fn waits_of(step: &StepReport) -> Vec<Vec<String>> {
    step.waits
        .iter()
        .map(|wait| {
            vec![
                format!("{} ms", wait.waited_ms),
                wait.mode.clone(),
                wait.object.clone(),
                step.file.clone(),
                wait.holder.clone(),
            ]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use whimbrel_engine::{LockWait, StatementReport};
    use whimbrel_lifecycle::migration::Direction;

    use super::*;

    #[test]
    fn slow_statements_and_waits_are_told() {
        let statement =
            |words: &str, duration_ms, rows| StatementReport { statement: words.into(), duration_ms, rows };
        let wait = LockWait {
            mode: "AccessExclusiveLock".into(),
            object: "trips".into(),
            holder: "process 7 psql".into(),
            waited_ms: 812,
        };
        let step = StepReport {
            direction: Direction::Up,
            version: "0001".into(),
            file: "0001-a.sql".into(),
            duration_ms: 2_012,
            statements: vec![statement("SELECT 1", 2, None), statement("UPDATE t SET a = 1", 2_010, Some(9))],
            waits: vec![wait],
        };
        let report = MigrateReport { steps: vec![step], ..MigrateReport::default() };
        let short = details(&report, false);
        assert!(
            short.contains("2010 ms") && short.contains("trips") && !short.contains("SELECT 1"),
            "{short}"
        );
        assert!(details(&report, true).contains("SELECT 1"));
        assert_eq!(details(&MigrateReport::default(), true), "");
    }
}
