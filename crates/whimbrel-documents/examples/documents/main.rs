//! Runs one workload on documents and prints how many milliseconds it took: `xtask bench` compares the sides.
//!
//! - `documents embedded WORKLOAD FILE`: the embedded engine, in this process,
//! - `documents mongodb WORKLOAD DATABASE COMMAND…`: MongoDB's engine through its driver; the command starts it, it prints
//!   its URL when it listens, and closes when its input ends,
//! - `documents floor WORKLOAD FILE`: plain SQLite with the same tables and nothing of an engine around it.
//!
//! `load` makes the collection with its documents and every index; the other workloads name themselves. What is timed is
//! the work alone: the documents have been made or loaded, the database is open, and what can be cached is, since each
//! reading workload runs once untimed before. Results of many documents are read as bytes and added up, on every side. Every commit waits for the disk, on every side. Only `open` begins with a
//! database that nobody has open: it is timed from the call that opens it, or from the start of the process that does, to
//! the answer of the first find.

mod data;
mod driver;
mod embedded;
mod floor;

use std::error::Error;
use std::io::Write;
use std::time::{Duration, Instant};

use bson::{Document, RawDocument};
use data::Sum;

/// Why a workload failed.
type Failed = Box<dyn Error + Send + Sync>;

/// Takes the documents of a result one after the other, as bytes: what an application decodes them into is its own affair.
type Visit<'v> = dyn FnMut(&RawDocument) -> Result<(), Failed> + 'v;

/// How often a reading workload that takes milliseconds is repeated, so that its time can be told.
const REPETITIONS: u32 = 3;

/// One of the sides.
trait Side {
    /// Removes what an earlier run has left, and makes the collection with its secondary indexes.
    async fn prepare(&mut self) -> Result<(), Failed>;
    /// Inserts a batch.
    async fn insert(&mut self, batch: Vec<Document>) -> Result<(), Failed>;
    /// Drops the unique index, where there is one.
    async fn drop_unique_index(&mut self) -> Result<(), Failed>;
    /// Builds the unique index.
    async fn build_unique_index(&mut self) -> Result<(), Failed>;
    /// Finds a document by its e-mail address.
    async fn find_one(&mut self, email: &str) -> Result<Option<Document>, Failed>;
    /// Shows every document of the range.
    async fn range(&mut self, visit: &mut Visit<'_>) -> Result<(), Failed>;
    /// Shows every document that passes the filter.
    async fn scan(&mut self, visit: &mut Visit<'_>) -> Result<(), Failed>;
    /// Groups every document and shows the groups.
    async fn group(&mut self, visit: &mut Visit<'_>) -> Result<(), Failed>;
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [side, workload, place, rest @ ..] = &arguments[..] else {
        return Err("usage: documents embedded|mongodb|floor WORKLOAD FILE|DATABASE [COMMAND…]".into());
    };
    let took = match (side.as_str(), workload.as_str()) {
        ("embedded", "open") => embedded::open(place).await?,
        ("embedded", workload) => run(&mut embedded::Embedded::new(place)?, workload).await?,
        ("floor", workload) => run(&mut floor::Floor::open(place)?, workload).await?,
        ("mongodb", "version") => {
            writeln!(std::io::stdout(), "{}", driver::version(place, rest).await?)?;
            return Ok(());
        }
        ("mongodb", "open") => driver::open(place, rest).await?,
        ("mongodb", workload) => {
            let mut side = driver::Driver::start(place, rest).await?;
            let took = run(&mut side, workload).await?;
            side.close()?;
            took
        }
        (other, _) => return Err(format!("`{other}` is no side").into()),
    };
    writeln!(std::io::stdout(), "{:.3}", took.as_secs_f64() * 1e3)?;
    Ok(())
}

async fn run(side: &mut impl Side, workload: &str) -> Result<Duration, Failed> {
    match workload {
        "load" => {
            let took = insert(side).await?;
            side.build_unique_index().await?;
            Ok(took)
        }
        "insert" => insert(side).await,
        "index-build" => {
            side.drop_unique_index().await?;
            let begun = Instant::now();
            side.build_unique_index().await?;
            Ok(begun.elapsed())
        }
        "find" => {
            let sought = data::sought();
            find_all(side, &sought).await?;
            let begun = Instant::now();
            find_all(side, &sought).await?;
            Ok(begun.elapsed())
        }
        "range" | "scan" | "group" => repeated(side, workload).await,
        other => Err(format!("`{other}` is no workload").into()),
    }
}

async fn insert(side: &mut impl Side) -> Result<Duration, Failed> {
    side.prepare().await?;
    let batches = data::batches();
    let begun = Instant::now();
    for batch in batches {
        side.insert(batch).await?;
    }
    Ok(begun.elapsed())
}

async fn find_all(side: &mut impl Side, sought: &[String]) -> Result<(), Failed> {
    for email in sought {
        let found = side.find_one(email).await?.ok_or_else(|| format!("{email} was not found"))?;
        if found.get_str("email").ok() != Some(email) {
            return Err(format!("{email} was sought, and {found} found").into());
        }
    }
    Ok(())
}

/// Runs a reading workload once untimed, then a few times.
async fn repeated(side: &mut impl Side, workload: &str) -> Result<Duration, Failed> {
    once(side, workload).await?;
    let begun = Instant::now();
    for _ in 0..REPETITIONS {
        once(side, workload).await?;
    }
    Ok(begun.elapsed())
}

async fn once(side: &mut impl Side, workload: &str) -> Result<(), Failed> {
    let mut sum = Sum::default();
    let visit: &mut Visit<'_> = &mut |document| Ok(sum.add(document)?);
    match workload {
        "range" => side.range(visit).await?,
        "scan" => side.scan(visit).await?,
        _ => side.group(visit).await?,
    }
    Ok(sum.check(workload)?)
}
