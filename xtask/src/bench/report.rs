//! Compares measurements with the bars and prints them as a table.

use std::fmt::Write;

use super::measure::Measurement;

/// The tool whose measurements the bars judge.
pub(super) const SUBJECT: &str = "whimbrel";

/// The name under which the least that any tool could do is measured.
pub(super) const FLOOR: &str = "floor";

/// What the subject must reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Bar {
    /// At least `factor` times as fast as a peer in the same run.
    TimesFaster { factor: f64, peer: &'static str },
    /// At most `factor` times as long as the floor in the same run.
    WithinFloor { factor: f64 },
    /// A median below a limit.
    BelowMs(f64),
    /// Peak memory below a limit.
    BelowMb(f64),
}

/// One bar's judgement.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    pub(super) passed: bool,
    pub(super) text: String,
}

/// A bar that allows less than this beside the floor is within the noise of a few runs.
const NEAR: f64 = 1.25;

impl Bar {
    /// Whether it takes many pairs of runs to tell on which side of it the subject is.
    pub(super) fn is_near(self) -> bool {
        matches!(self, Self::WithinFloor { factor } if factor < NEAR)
    }

    /// Judges the subject; a bar whose subject or peer was not measured fails.
    pub(super) fn judge(self, measurements: &[Measurement]) -> Verdict {
        let of = |tool: &str| measurements.iter().find(|measurement| measurement.tool == tool);
        let Some(subject) = of(SUBJECT) else {
            return Verdict { passed: false, text: format!("{SUBJECT} was not measured") };
        };
        match self {
            Self::TimesFaster { factor, peer } => {
                let Some(peer) = of(peer) else {
                    return Verdict { passed: false, text: format!("{peer} was not measured") };
                };
                let ratio = peer.ratio_to(subject);
                Verdict {
                    passed: ratio >= factor,
                    text: format!("{ratio:.1}× as fast as {} (bar {factor:.1}×)", peer.tool),
                }
            }
            Self::WithinFloor { factor } => {
                let Some(floor) = of(FLOOR) else {
                    return Verdict { passed: false, text: "the floor was not measured".to_owned() };
                };
                let ratio = subject.ratio_to(floor);
                Verdict {
                    passed: ratio <= factor,
                    text: format!("{ratio:.2}× as long as the floor (bar {factor:.2}×)"),
                }
            }
            Self::BelowMs(limit) => Verdict {
                passed: subject.median_ms < limit,
                text: format!("{:.1} ms (bar below {limit:.0} ms)", subject.median_ms),
            },
            Self::BelowMb(limit) => Verdict {
                passed: subject.peak_memory_mb < limit,
                text: format!("{:.1} MB peak (bar below {limit:.0} MB)", subject.peak_memory_mb),
            },
        }
    }
}

/// Renders one benchmark: a row per tool, its ratio to the subject, then the bars.
pub(super) fn render(name: &str, measurements: &[Measurement], verdicts: &[Verdict]) -> String {
    let subject = measurements.iter().find(|measurement| measurement.tool == SUBJECT);
    let mut rows = vec![["tool", "version", "command", "median", "peak memory", "ratio"].map(String::from)];
    for measurement in measurements {
        let ratio =
            subject.map_or_else(String::new, |subject| format!("{:.2}×", measurement.ratio_to(subject)));
        rows.push([
            measurement.tool.to_owned(),
            measurement.version.clone(),
            measurement.shown.clone(),
            format!("{:.1} ms", measurement.median_ms),
            format!("{:.1} MB", measurement.peak_memory_mb),
            ratio,
        ]);
    }
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default())
        .collect();
    let mut text = format!("{name}\n");
    for row in &rows {
        let mut line = String::from(" ");
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let padding = " ".repeat(width - cell.chars().count());
            // Numbers are read from the right.
            line.push_str(&if column < 3 {
                format!(" {cell}{padding} ")
            } else {
                format!(" {padding}{cell} ")
            });
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    for verdict in verdicts {
        let mark = if verdict.passed { "ok  " } else { "MISS" };
        writeln!(text, "  {mark} {}", verdict.text).expect("writing to a string does not fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(tool: &'static str, median_ms: f64, peak_memory_mb: f64) -> Measurement {
        Measurement {
            tool,
            version: "1".to_owned(),
            shown: format!("{tool} status"),
            times_ms: vec![median_ms],
            median_ms,
            peak_memory_mb,
        }
    }

    #[test]
    fn every_kind_of_bar_can_pass_and_fail() {
        let measurements =
            [measured("whimbrel", 10.0, 50.0), measured("alembic", 200.0, 60.0), measured("floor", 8.0, 1.0)];
        let faster = |factor| Bar::TimesFaster { factor, peer: "alembic" };
        for (bar, passed) in [
            (faster(20.0), true),
            (faster(20.1), false),
            (Bar::WithinFloor { factor: 1.25 }, true),
            (Bar::WithinFloor { factor: 1.2 }, false),
            (Bar::BelowMs(10.1), true),
            (Bar::BelowMs(10.0), false),
            (Bar::BelowMb(50.1), true),
            (Bar::BelowMb(50.0), false),
            (Bar::TimesFaster { factor: 1.0, peer: "absent" }, false),
        ] {
            assert_eq!(bar.judge(&measurements).passed, passed, "{bar:?}");
        }
        assert!(
            !Bar::WithinFloor { factor: 9.0 }.judge(&measurements[..2]).passed,
            "an unmeasured floor must not pass"
        );
        assert!(
            !Bar::BelowMs(1_000.0).judge(&measurements[1..]).passed,
            "an unmeasured subject must not pass"
        );
    }

    #[test]
    fn the_table_is_aligned_and_ratios_are_to_the_subject() {
        let measurements = [measured("whimbrel", 10.0, 5.0), measured("alembic", 205.5, 60.0)];
        let verdicts = [
            Bar::TimesFaster { factor: 20.0, peer: "alembic" }.judge(&measurements),
            Bar::BelowMs(5.0).judge(&measurements),
        ];
        let expected = "\
status
  tool      version  command            median  peak memory   ratio
  whimbrel  1        whimbrel status   10.0 ms       5.0 MB   1.00×
  alembic   1        alembic status   205.5 ms      60.0 MB  20.55×
  ok   20.6× as fast as alembic (bar 20.0×)
  MISS 10.0 ms (bar below 5 ms)
";
        assert_eq!(render("status", &measurements, &verdicts), expected);
    }
}
