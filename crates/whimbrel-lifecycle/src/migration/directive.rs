//! The directives that a comment line of a migration file may give: Whimbrel's, dbmate's and goose's.

use std::time::Duration;

use whimbrel_engine::Batch;

use super::{Replaces, Version};

/// The words that may follow `-- whimbrel:`.
const KNOWN: [&str; 7] = ["up", "down", "engine", "transaction", "batch", "allow", "replaces"];
/// The dialects that `-- whimbrel:engine` knows; `any` ends the restriction.
const DIALECTS: [&str; 3] = ["postgres", "sqlite", "any"];

/// One directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    Up {
        transaction: bool,
    },
    Down {
        transaction: bool,
    },
    /// The dialect that alone runs what follows; none ends the restriction.
    Engine(Option<String>),
    Transaction {
        together: bool,
    },
    Batch(Batch),
    Allow {
        code: String,
        reason: String,
    },
    Replaces(Replaces),
    /// goose: what follows is one statement, whatever semicolons it holds.
    StatementBegin,
    StatementEnd,
}

/// What is wrong with a directive, and what to write instead.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) what: String,
    pub(super) help: String,
}

/// Whether a comment gives a directive, understood or not.
pub(crate) fn is_directive(comment: &str) -> bool {
    !matches!(parse(comment), Ok(None))
}

fn wrong<T>(what: &str, help: &str) -> Result<T, Wrong> {
    Err(Wrong { what: what.to_owned(), help: help.to_owned() })
}

/// Reads a comment line: the directive, and the text by which it counts for the file's checksum, where it does.
pub(super) fn parse(comment: &str) -> Result<Option<(Directive, Option<String>)>, Wrong> {
    let body = comment.trim_start_matches('-').trim();
    if let Some(rest) = body.strip_prefix("+goose") {
        return goose(rest.trim());
    }
    if let Some(rest) = body.strip_prefix("migrate:") {
        return dbmate(rest);
    }
    let Some(rest) = body.strip_prefix("whimbrel:") else { return Ok(None) };
    let (verb, words) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let words = words.trim();
    let hashed = format!("--{verb} {}", words.split_whitespace().collect::<Vec<_>>().join(" "));
    let directive = match (verb, words) {
        ("up", "") => Directive::Up { transaction: true },
        ("down", "") => Directive::Down { transaction: true },
        ("up" | "down", _) => {
            return wrong(
                "this section asks for something that is not supported",
                "write the marker without options; `-- whimbrel:transaction off` on a line of its own runs the statements one by \
                 one",
            );
        }
        ("engine", dialect) if DIALECTS.contains(&dialect) => {
            Directive::Engine((dialect != "any").then(|| dialect.to_owned()))
        }
        ("engine", _) => {
            return wrong(
                "this engine is not known",
                "write `-- whimbrel:engine postgres`, `sqlite`, or `any` to end the restriction",
            );
        }
        ("transaction", "on") => Directive::Transaction { together: true },
        ("transaction", "off") => Directive::Transaction { together: false },
        ("transaction", _) => {
            return wrong(
                "a transaction is `on` or `off`",
                "`-- whimbrel:transaction off` runs the statements that follow one by one; `on` makes them one transaction",
            );
        }
        ("batch", words) => Directive::Batch(batch(words)?),
        ("replaces", words) => Directive::Replaces(replaces(words)?),
        // A reason may be reworded after the file was applied.
        ("allow", words) => return Ok(Some((allow(words)?, None))),
        _ => return unknown(verb),
    };
    Ok(Some((directive, Some(hashed))))
}

fn unknown<T>(verb: &str) -> Result<T, Wrong> {
    let nearest = KNOWN
        .into_iter()
        .max_by(|a, b| strsim::jaro(a, verb).total_cmp(&strsim::jaro(b, verb)))
        .unwrap_or("up");
    let known = KNOWN.map(|known| format!("`{known}`")).join(", ");
    wrong(
        "this directive is not known",
        &format!("the nearest one is `-- whimbrel:{nearest}`; known are {known}"),
    )
}

/// `-- migrate:up [transaction:false]`, `-- migrate:down [transaction:false]`
fn dbmate(rest: &str) -> Result<Option<(Directive, Option<String>)>, Wrong> {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let (verb, transaction) = match words[..] {
        [verb] => (verb, true),
        [verb, "transaction:true"] => (verb, true),
        [verb, "transaction:false"] => (verb, false),
        _ => {
            return wrong(
                "this section asks for something that is not supported",
                "dbmate's only option is `transaction:false`",
            );
        }
    };
    let hashed = if transaction { format!("--{verb} ") } else { format!("--{verb} {}", words[1]) };
    match verb {
        "up" => Ok(Some((Directive::Up { transaction }, Some(hashed)))),
        "down" => Ok(Some((Directive::Down { transaction }, Some(hashed)))),
        other => wrong(
            "this directive is not known",
            &format!("dbmate knows `-- migrate:up` and `-- migrate:down`, not `{other}`"),
        ),
    }
}

/// goose's annotations; its keywords are not case-sensitive.
fn goose(words: &str) -> Result<Option<(Directive, Option<String>)>, Wrong> {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
    let (directive, hashed) = match words.as_str() {
        "up" => (Directive::Up { transaction: true }, "--up "),
        "down" => (Directive::Down { transaction: true }, "--down "),
        "statementbegin" => (Directive::StatementBegin, "--statementbegin"),
        "statementend" => (Directive::StatementEnd, "--statementend"),
        "no transaction" => (Directive::Transaction { together: false }, "--transaction off"),
        "envsub off" => return Ok(None),
        "envsub on" => {
            return wrong(
                "this file would take environment variables into its SQL",
                "a migration must do the same everywhere: write the values out",
            );
        }
        _ => {
            return wrong(
                "this goose annotation is not known",
                "known are Up, Down, StatementBegin, StatementEnd and NO TRANSACTION",
            );
        }
    };
    Ok(Some((directive, Some(hashed.to_owned()))))
}

/// `size=1000 key=id pause=50ms`
fn batch(words: &str) -> Result<Batch, Wrong> {
    const HELP: &str = "write `-- whimbrel:batch size=1000`, with `key=column` and `pause=50ms` where wanted";
    let mut batch = Batch { size: 0, key: None, pause: Duration::ZERO };
    for word in words.split_whitespace() {
        match word.split_once('=') {
            Some(("size", number)) => match number.parse() {
                Ok(size) if size > 0 => batch.size = size,
                _ => return wrong("the batch's size is no number above 0", HELP),
            },
            Some(("key", name)) if !name.is_empty() => batch.key = Some(name.trim_matches('"').to_owned()),
            Some(("pause", time)) => match crate::project::parse_duration(time) {
                Some(pause) => batch.pause = pause,
                None => return wrong("the batch's pause is no time", HELP),
            },
            _ => return wrong(&format!("a batch does not take `{word}`"), HELP),
        }
    }
    if batch.size == 0 {
        return wrong("the batch has no size", HELP);
    }
    Ok(batch)
}

/// `0001..0007 HASH`
fn replaces(words: &str) -> Result<Replaces, Wrong> {
    let parsed = words.split_once(char::is_whitespace).and_then(|(range, hash)| {
        let (from, to) = range.split_once("..")?;
        Some(Replaces { from: Version::parse(from)?, to: Version::parse(to)?, hash: hash.trim().to_owned() })
    });
    match parsed {
        Some(replaces) if replaces.from <= replaces.to => Ok(replaces),
        _ => wrong(
            "this says no range of versions with their hash",
            "`whimbrel migrate squash FROM..TO` writes the directive: restore the line as it was",
        ),
    }
}

fn allow(words: &str) -> Result<Directive, Wrong> {
    const HELP: &str = "write `-- whimbrel:allow CODE why this is fine here`";
    match words.split_once(char::is_whitespace) {
        Some((code, reason)) => {
            Ok(Directive::Allow { code: code.to_owned(), reason: reason.trim().to_owned() })
        }
        None if words.is_empty() => wrong("this allowance names no finding", HELP),
        None => wrong("this allowance says no reason", HELP),
    }
}
