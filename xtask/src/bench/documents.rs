//! The embedded document engine beside MongoDB's own engine, on the same documents.
//!
//! Each run is a process of the example `documents` of whimbrel-documents. It opens its side's files, does its workload
//! once untimed where it only reads, then timed, and prints the milliseconds of the timed part. Starting the process,
//! loading the documents and opening the database do not count but in `documents-open`. MongoDB's engine runs in a process
//! of its own, as its package does it, and is reached through the official driver over the engine's own Unix socket. Every
//! write is as durable on one side as on the other: SQLite waits for the disk at each commit, MongoDB at each
//! acknowledgement (`j: true`).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;
use whimbrel_testkit::toolchain::Toolchain;

use super::measure::Measured;
use super::report::{Bar, FLOOR, SUBJECT};
use super::{Case, Server, build_example};

/// What is equal on every side, for the line below the table.
pub(super) const CONDITIONS: &str =
    "each side in process or over a socket of its own, every commit on the disk, what is read in the cache; ";

/// The peer's name.
const PEER: &str = "mongodb";
/// The database on the peer's side.
const DATABASE: &str = "bench";
/// Against the peer, unless a workload has a bar of its own.
const AHEAD: f64 = 1.0;
/// Inserting in batches.
const INSERT_FASTER: f64 = 1.5;
/// Reading many documents: a range, the whole collection, groups of it.
const SCAN_FASTER: f64 = 3.0;
/// Finding one document by an index.
const FIND_FASTER: f64 = 20.0;

/// The files of each side, and the program that works on them.
pub(super) struct Ground {
    folder: TempDir,
    program: PathBuf,
    /// What the peer's engine calls its version.
    peer_version: String,
    peers_only: bool,
}

/// One side's files.
#[derive(Clone, Copy)]
enum Files {
    /// Loaded once, and only read.
    Loaded,
    /// Loaded once for the workload that changes them.
    Own(&'static str),
}

impl Ground {
    /// Builds the program and loads the documents on every side.
    pub(super) fn set(peers_only: bool) -> Result<Self> {
        let program = build_example("whimbrel-documents", "documents")?;
        let folder = tempfile::Builder::new().prefix("whimbrel-bench-").tempdir().context("make a folder")?;
        let mut ground = Self { folder, program, peer_version: String::new(), peers_only };
        ground.peer_version = ground.peer("version", "version")?.prepare()?.trim().to_owned();
        ground.load(Files::Loaded)?;
        Ok(ground)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn load(&self, files: Files) -> Result<()> {
        for side in self.sides("load", files, true)? {
            side.prepare()?;
        }
        Ok(())
    }

    /// A workload on each side: the subject, the floor next to it, and the peer.
    fn sides(&self, workload: &str, files: Files, has_floor: bool) -> Result<Vec<Measured>> {
        let name = match files {
            Files::Loaded => "loaded",
            Files::Own(name) => name,
        };
        let mut sides = Vec::new();
        if !self.peers_only {
            let file = self.path(&format!("{name}.db"));
            sides.push(
                self.in_process(SUBJECT, "embedded", workload, &file).version(env!("CARGO_PKG_VERSION")),
            );
        }
        if has_floor {
            let file = self.path(&format!("{name}-floor.db"));
            sides.push(self.in_process(FLOOR, "floor", workload, &file));
        }
        sides.push(self.peer(workload, name)?);
        Ok(sides)
    }

    fn in_process(&self, tool: &'static str, side: &str, workload: &str, file: &Path) -> Measured {
        let file = file.display().to_string();
        Measured::new(tool, &self.program, &[side, workload, &file], self.folder.path())
            .shown(&format!("documents {side} {workload} FILE"))
            .telling_its_time()
    }

    fn peer(&self, workload: &str, name: &str) -> Result<Measured> {
        let command = Toolchain::locate()?
            .announcing(|line| eprintln!("xtask: {line}"))
            .mongodb_engine_command(&self.path(&format!("{name}-mongodb")))?;
        let command: Option<Vec<&str>> =
            command.iter().map(|argument| OsString::as_os_str(argument).to_str()).collect();
        let command = command.context("a path to MongoDB's engine is not UTF-8")?;
        let arguments = [&[PEER, workload, DATABASE], &command[..]].concat();
        Ok(Measured::new(PEER, &self.program, &arguments, self.folder.path())
            .version(&self.peer_version)
            .variable("TMPDIR", self.folder.path().display().to_string())
            .shown(&format!("documents mongodb {workload} (its driver; w: 1, j: true)"))
            .telling_its_time())
    }

    fn case(&self, workload: &str, files: Files, has_floor: bool, factor: f64) -> Result<Case> {
        Ok(Case {
            commands: self.sides(workload, files, has_floor)?,
            bars: vec![Bar::TimesFaster { factor, peer: PEER }],
            pinned: false,
            server: Server::None,
        })
    }
}

/// 100,000 insertions in batches of 1,000 into a collection with two secondary indexes.
pub(super) fn insert(ground: &Ground) -> Result<Case> {
    ground.case("insert", Files::Own("insert"), true, INSERT_FASTER)
}

/// A unique index built over 100,000 documents.
pub(super) fn index_build(ground: &Ground) -> Result<Case> {
    let files = Files::Own("index-build");
    ground.load(files)?;
    ground.case("index-build", files, true, AHEAD)
}

/// Documents found one after the other by the unique index.
pub(super) fn find(ground: &Ground) -> Result<Case> {
    ground.case("find", Files::Loaded, true, FIND_FASTER)
}

/// 10,000 documents found by a range of a secondary index.
pub(super) fn range(ground: &Ground) -> Result<Case> {
    ground.case("range", Files::Loaded, true, SCAN_FASTER)
}

/// Every document read for a filter that no index helps with.
pub(super) fn scan(ground: &Ground) -> Result<Case> {
    ground.case("scan", Files::Loaded, true, SCAN_FASTER)
}

/// Every document grouped.
pub(super) fn group(ground: &Ground) -> Result<Case> {
    ground.case("group", Files::Loaded, true, SCAN_FASTER)
}

/// From nothing to the answer of the first find: the whole process of the subject, and on the peer's side the time from
/// the start of the engine's process to its answer.
pub(super) fn open(ground: &Ground) -> Result<Case> {
    let mut case = ground.case("open", Files::Loaded, false, AHEAD)?;
    for subject in case.commands.iter_mut().filter(|side| side.tool == SUBJECT) {
        subject.tells_time = false;
    }
    Ok(case)
}
