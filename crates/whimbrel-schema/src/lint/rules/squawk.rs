//! Findings of squawk's rules, under our codes and in our words.
//!
//! A rule of squawk's that one of ours covers with facts about the database is not asked; nor is one about style,
//! nor one that finds fault with what `migrate create --auto` writes.

use squawk_linter::{Linter, Rule as SquawkRule};
use squawk_syntax::SourceFile;

use super::super::{Class, Finding, LintFile, Rule, Severity};

pub(super) const RULES: &[&Rule] =
    &[&DROP_IN_USE, &COLUMN_CONTRACT, &DOMAIN_SCAN, &NAME_TOO_LONG, &ASSIGNED_TWICE, &DROP_DATABASE];

const DROP_IN_USE: Rule = Rule {
    code: "drop-in-use",
    class: Class::Compatibility,
    severity: Severity::Warning,
    title: "A view, function, type, sequence or right that is taken away",
    why: "A running application that still uses it fails from this instant on.",
    naive: "DROP VIEW order_totals;",
    safe: "CREATE OR REPLACE VIEW order_totals AS SELECT 1 AS total;",
};

const COLUMN_CONTRACT: Rule = Rule {
    code: "column-contract",
    class: Class::Compatibility,
    severity: Severity::Note,
    title: "A promise of a column that is taken back",
    why: "An application that relies on a default, on NOT NULL or on an identity meets something else from this instant on.",
    naive: "ALTER TABLE orders ALTER COLUMN total DROP DEFAULT;",
    safe: "ALTER TABLE orders ALTER COLUMN total SET DEFAULT 0;",
};

const DOMAIN_SCAN: Rule = Rule {
    code: "domain-constraint-scan",
    class: Class::Lock,
    severity: Severity::Error,
    title: "A constraint that is added to a domain",
    why: "Every table with a column of that domain is read under a lock that keeps its writers waiting.",
    naive: "ALTER DOMAIN email ADD CONSTRAINT has_at CHECK (value LIKE '%@%');",
    safe: "ALTER TABLE orders ADD CONSTRAINT has_at CHECK (email LIKE '%@%') NOT VALID;",
};

const NAME_TOO_LONG: Rule = Rule {
    code: "name-too-long",
    class: Class::Correctness,
    severity: Severity::Error,
    title: "A name of more than 63 bytes",
    why: "PostgreSQL cuts it without an error, and the schema then differs from what is written.",
    naive: "CREATE TABLE a_name_that_goes_on_and_on_and_on_until_it_no_longer_fits_anywhere (id int);",
    safe: "CREATE TABLE a_shorter_name (id int);",
};

const ASSIGNED_TWICE: Rule = Rule {
    code: "assigned-twice",
    class: Class::Correctness,
    severity: Severity::Error,
    title: "A column that is assigned twice",
    why: "PostgreSQL refuses the statement.",
    naive: "-- whimbrel:batch size=1000\nUPDATE orders SET note = 'a', note = 'b' WHERE id = 1;",
    safe: "-- whimbrel:batch size=1000\nUPDATE orders SET note = 'b' WHERE id = 1;",
};

const DROP_DATABASE: Rule = Rule {
    code: "drop-database",
    class: Class::Data,
    severity: Severity::Error,
    title: "A database that is dropped",
    why: "Everything in it is gone.",
    naive: "DROP DATABASE archive;",
    safe: "DROP SCHEMA archive;",
};

/// The rules of squawk's that are asked; the others are named in [`ours`].
const ASKED: [SquawkRule; 19] = [
    SquawkRule::BanDropView,
    SquawkRule::BanDropFunction,
    SquawkRule::BanDropType,
    SquawkRule::BanDropTrigger,
    SquawkRule::BanDropSequence,
    SquawkRule::BanDropDomain,
    SquawkRule::BanDropExtension,
    SquawkRule::BanDropPolicy,
    SquawkRule::BanRevoke,
    SquawkRule::RenamingObject,
    SquawkRule::BanDropDefault,
    SquawkRule::BanDropNotNull,
    SquawkRule::BanDropGeneratedExpression,
    SquawkRule::BanAlterIdentity,
    SquawkRule::BanAlterDomainWithAddConstraint,
    SquawkRule::IdentifierTooLong,
    SquawkRule::BanDuplicateColumnAssignments,
    SquawkRule::BanDropDatabase,
    SquawkRule::BanDropSchema,
];

/// Our rule for a finding of squawk's, with the reason in our words; none where it is not ours to report.
fn ours(rule: SquawkRule) -> Option<(&'static Rule, &'static str)> {
    use SquawkRule as S;
    Some(match rule {
        S::BanDropView => (&DROP_IN_USE, "a running application may still read this view"),
        S::BanDropFunction => (&DROP_IN_USE, "a running application may still call this function"),
        S::BanDropType | S::BanDropDomain => (&DROP_IN_USE, "a running application may still name this type"),
        S::BanDropTrigger => (&DROP_IN_USE, "what this trigger does is not done any more"),
        S::BanDropSequence => {
            (&DROP_IN_USE, "a running application may still take values from this sequence")
        }
        S::BanDropExtension => (&DROP_IN_USE, "what this extension brings is gone"),
        S::BanDropPolicy => (&DROP_IN_USE, "rows that this policy shows or hides are seen differently"),
        S::BanDropSchema => (&DROP_IN_USE, "a running application may still name this schema"),
        S::BanRevoke => (&DROP_IN_USE, "a running application may still need this right"),
        S::RenamingObject => (&super::rename::RENAME, "a running application still uses the old name"),
        S::BanDropDefault => (&COLUMN_CONTRACT, "an INSERT that leaves the column out stores NULL, or fails"),
        S::BanDropNotNull => (&COLUMN_CONTRACT, "an application that reads the column may meet NULL"),
        S::BanDropGeneratedExpression => (&COLUMN_CONTRACT, "the column is not computed any more"),
        S::BanAlterIdentity => (&COLUMN_CONTRACT, "the way the column gets its value changes"),
        S::BanAlterDomainWithAddConstraint => {
            (&DOMAIN_SCAN, "every table with a column of this domain is read while its writers wait")
        }
        S::IdentifierTooLong => (&NAME_TOO_LONG, "the server cuts this name to 63 bytes"),
        S::BanDuplicateColumnAssignments => (&ASSIGNED_TWICE, "this column is assigned twice"),
        S::BanDropDatabase => (&DROP_DATABASE, "the database is dropped with everything in it"),
        _ => return None,
    })
}

/// Words with which statements begin that an asked rule may find something in.
const FIRST_WORDS: [&str; 5] = ["alter", "drop", "insert", "revoke", "update"];
/// The longest name that the server keeps, in bytes.
const LONGEST_NAME_BYTES: usize = 63;

/// Whether an asked rule may find something; most files make tables, and need no second reading.
fn is_worth_asking(sql: &str) -> bool {
    let first = sql.split_whitespace().next().unwrap_or_default().to_lowercase();
    FIRST_WORDS.contains(&first.as_str())
        || sql
            .split(|letter: char| letter.is_whitespace() || "(),.;".contains(letter))
            .any(|word| word.len() > LONGEST_NAME_BYTES)
}

pub(super) fn check(file: &LintFile, found: &mut Vec<Finding>) {
    if !file.statements.iter().any(|statement| is_worth_asking(&statement.sql)) {
        return;
    }
    let mut linter = Linter::from(ASKED);
    linter.settings.assume_in_transaction = true;
    let mut text = String::new();
    let mut starts = Vec::with_capacity(file.statements.len());
    for statement in &file.statements {
        starts.push(text.len());
        text.push_str(&statement.sql);
        text.push_str(";\n");
    }
    let parse = SourceFile::parse(&text);
    for violation in linter.lint(&parse, &text) {
        let Some((rule, reason)) = ours(violation.code) else { continue };
        let start = usize::from(violation.text_range.start());
        let index = starts.partition_point(|begin| *begin <= start).saturating_sub(1);
        let Some(statement) = file.statements.get(index) else { continue };
        let told = found.iter().any(|finding| {
            finding.statement == Some(index)
                && (finding.code == rule.code
                    || finding.class == Class::Data && rule.code == DROP_IN_USE.code)
        });
        if told || is_made_again(file, index) {
            continue;
        }
        let within = |place: usize| (place - starts[index]).min(statement.sql.len());
        let span = statement.offset + within(start)
            ..statement.offset + within(usize::from(violation.text_range.end()).max(start));
        let mut finding = Finding::new(rule, reason, span);
        finding.statement = Some(index);
        found.push(match rule.code {
            code if code == DROP_IN_USE.code => {
                finding.instead("release an application that does without it first, then drop it")
            }
            code if code == DOMAIN_SCAN.code => finding
                .instead("add a CHECK to each table, NOT VALID, and validate it; leave the domain as it is"),
            _ => finding,
        });
    }
}

/// Whether a later statement of the same transaction creates what this one drops.
fn is_made_again(file: &LintFile, index: usize) -> bool {
    let dropped = &file.statements[index];
    let mut words = dropped.sql.split_whitespace().map(|word| word.trim_matches(['"', ';']).to_lowercase());
    if words.next().as_deref() != Some("drop") {
        return false;
    }
    let rest: Vec<String> = words
        .filter(|word| !["if", "exists", "materialized", "cascade", "restrict"].contains(&word.as_str()))
        .collect();
    let (Some(kind), Some(name)) = (rest.first(), rest.get(1)) else { return false };
    let name = name.split('(').next().unwrap_or(name).trim_end_matches(',');
    file.statements.iter().skip(index + 1).filter(|later| later.unit == dropped.unit).any(|later| {
        let lower = later.sql.to_lowercase();
        let mut words = lower.split_whitespace();
        words.next() == Some("create")
            && lower.contains(kind.as_str())
            && lower
                .split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '.')
                .any(|word| word == name)
    })
}
