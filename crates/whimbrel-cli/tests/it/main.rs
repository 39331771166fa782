//! The whole product from outside: the real binary in throw-away projects, on every engine.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod adoption;
mod catalogue;
mod crash;
mod drift;
mod faults;
mod forgotten;
mod generated;
mod golden;
mod project;
mod snapshots;
mod systems;
