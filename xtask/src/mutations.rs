//! The soak that breaks the embedded document engine on purpose: each of these changes of a comparison has to make a case
//! of its comparison with MongoDB's engine fail.
//!
//! The changes are made in a copy of the workspace, one at a time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};

use crate::interrupt::Interrupt;
use crate::servers::{Selection, Servers};
use crate::workspace;

/// A text of a file below `crates/whimbrel-documents/src`, which stands there once, and what it becomes.
struct Mutation(&'static str, &'static str, &'static str);

const SOURCES: &str = "crates/whimbrel-documents/src";

const MUTATIONS: [Mutation; 28] = [
    Mutation(
        "matcher/run.rs",
        "LessOrEqual => order != Ordering::Greater",
        "LessOrEqual => order == Ordering::Less",
    ),
    Mutation(
        "matcher/run.rs",
        "GreaterOrEqual => order != Ordering::Less",
        "GreaterOrEqual => order == Ordering::Greater",
    ),
    Mutation("matcher/run.rs", "LessOrEqual => with_rank == MAX_KEY", "LessOrEqual => with_rank != MAX_KEY"),
    Mutation(
        "matcher/schema.rs",
        "{ order.is_gt() } else { order.is_ge() }",
        "{ order.is_ge() } else { order.is_ge() }",
    ),
    Mutation("matcher/schema.rs", "text.chars().count() >= *length", "text.chars().count() > *length"),
    Mutation("matcher/schema.rs", "items.len() <= *count", "items.len() < *count"),
    Mutation("value/compare.rs", ".then_with(|| left_key.as_bytes().cmp(right_key.as_bytes()))", ""),
    Mutation("value/compare.rs", "left.1.len().cmp(&right.1.len())", "right.1.len().cmp(&left.1.len())"),
    Mutation(
        "value/number.rs",
        "None if left < 0.0 => Ordering::Less",
        "None if left > 0.0 => Ordering::Less",
    ),
    Mutation(
        "sort/mod.rs",
        "if part.is_descending { order.reverse() }",
        "if !part.is_descending { order.reverse() }",
    ),
    Mutation("expression/boolean.rs", "\"$gte\" => order.is_ge()", "\"$gte\" => order.is_gt()"),
    Mutation("expression/boolean.rs", "\"$lt\" => order.is_lt()", "\"$lt\" => order.is_le()"),
    Mutation(
        "pipeline/bucket.rs",
        "compare_bson(default, last).is_lt()",
        "compare_bson(default, last).is_le()",
    ),
    Mutation("pipeline/bucket.rs", "compare_bson(max, key).is_eq()", "compare_bson(max, key).is_ne()"),
    Mutation(
        "pipeline/group.rs",
        "compare((&place.key).into(), key).is_eq()",
        "compare((&place.key).into(), key).is_ne()",
    ),
    Mutation(
        "update/action.rs",
        "compare_bson(value, known) != wanted",
        "compare_bson(value, known) == wanted",
    ),
    Mutation(
        "update/action.rs",
        "better(value, std::cmp::Ordering::Less)",
        "better(value, std::cmp::Ordering::Greater)",
    ),
    Mutation("update/arrays.rs", "Some(position) if position < 0", "Some(position) if position <= 0"),
    Mutation("update/arrays.rs", "Some(limit) if limit < 0", "Some(limit) if limit > 0"),
    Mutation("update/arrays.rs", "if !self.takes(item)?", "if self.takes(item)?"),
    Mutation("update/mod.rs", "compare_bson(old, new).is_eq()", "compare_bson(old, new).is_ne()"),
    Mutation("update/path.rs", "if order != Ordering::Equal", "if order == Ordering::Equal"),
    Mutation("update/upsert.rs", "list.values().len() == 1", "list.values().len() > 1"),
    Mutation("projection/apply.rs", "Some(skip) if skip < 0", "Some(skip) if skip > 0"),
    Mutation("projection/apply.rs", "None if limit < 0", "None if limit > 0"),
    Mutation("projection/apply.rs", "if at >= items.len()", "if at > items.len()"),
    Mutation("projection/parse.rs", "Some(known) if known == wanted", "Some(known) if known != wanted"),
    Mutation("projection/parse.rs", "if limit <= 0", "if limit < 0"),
];

/// Makes every change once, and says how many there are. Fails where one is not noticed.
pub(crate) fn are_caught(interrupt: &Interrupt) -> Result<u64> {
    let servers = Servers::start(Selection::Mongo, interrupt)?;
    // The generated cases are the same for all, and known to pass without a change.
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).context("read the clock")?.as_micros();
    println!("soak: WHIMBREL_TEST_SEED={seed}");
    let copy = Copy {
        root: copied()?,
        target: workspace::target()?,
        servers: &servers,
        seed: seed.to_string(),
        interrupt,
    };
    ensure!(copy.passes()?, "a case fails without any change");
    let mut missed = Vec::new();
    for mutation in &MUTATIONS {
        if interrupt.arrived() {
            bail!("interrupted");
        }
        let Mutation(file, from, to) = mutation;
        let caught = copy.catches(mutation).with_context(|| format!("change {file}"))?;
        println!("soak: {} {file}: `{from}` -> `{to}`", if caught { "caught" } else { "MISSED" });
        if !caught {
            missed.push(format!("{file}: {from}"));
        }
    }
    ensure!(missed.is_empty(), "no case notices {}", missed.join(", "));
    Ok(u64::try_from(MUTATIONS.len())?)
}

/// A copy of the workspace, which the next run finds again.
fn copied() -> Result<PathBuf> {
    let root = workspace::root()?;
    let copy = workspace::target()?.join("mutations");
    let listed = Command::new("git")
        .current_dir(&root)
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()
        .context("start git")?;
    ensure!(listed.status.success(), "git ls-files ended with {}", listed.status);
    for name in String::from_utf8(listed.stdout)?.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (root.join(name), copy.join(name));
        // What is deleted and still listed; and what is the same keeps its time, so that cargo need not build it again.
        let Ok(text) = fs::read(&from) else { continue };
        if fs::read(&to).is_ok_and(|known| known == text) {
            continue;
        }
        fs::create_dir_all(to.parent().context("a file has a folder")?)?;
        fs::write(&to, text).with_context(|| format!("write {}", to.display()))?;
    }
    Ok(copy)
}

struct Copy<'a> {
    root: PathBuf,
    /// The workspace's own: what is no member of it need not be built again.
    target: PathBuf,
    servers: &'a Servers,
    seed: String,
    interrupt: &'a Interrupt,
}

impl Copy<'_> {
    /// Whether the tests notice a change, which is taken back in any case.
    fn catches(&self, Mutation(file, from, to): &Mutation) -> Result<bool> {
        let path = self.root.join(SOURCES).join(file);
        let text = fs::read_to_string(&path)?;
        ensure!(text.matches(from).count() == 1, "`{from}` does not stand there once");
        fs::write(&path, text.replacen(from, to, 1))?;
        let passes = self.builds(&path).and_then(|()| self.passes());
        fs::write(&path, text)?;
        Ok(!passes?)
    }

    fn builds(&self, changed: &Path) -> Result<()> {
        let status = self.interrupt.run(&mut self.cargo(&["test", "--no-run", "--quiet"]))?;
        ensure!(status.success(), "{} does not compile after the change", changed.display());
        Ok(())
    }

    /// Whether every case is answered alike.
    fn passes(&self) -> Result<bool> {
        let mut command = self.cargo(&["nextest", "run"]);
        command.args(["--status-level", "none", "--final-status-level", "none", "differential::"]);
        Ok(self.interrupt.run(&mut command)?.success())
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(workspace::cargo());
        command
            .current_dir(&self.root)
            .args(arguments)
            .args(["--package", "whimbrel-documents", "--lib"])
            .env("CARGO_TARGET_DIR", &self.target)
            .env("WHIMBREL_TEST_SEED", &self.seed)
            .envs(self.servers.variables())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}
