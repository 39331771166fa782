//! The whole product from outside: the real binary in throw-away projects, on every engine.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod adopt;
mod adoption;
mod catalogue;
mod crash;
mod document_schema;
mod document_systems;
mod documents;
mod drift;
mod embedded;
mod explain;
mod faults;
mod forgotten;
mod generated;
mod golden;
mod hooks;
mod import_alembic;
mod indexes;
mod lint;
mod load;
mod locks;
mod migrate_mongo;
mod offline;
mod preflight;
mod project;
mod rebase;
mod repeatable;
mod replica;
mod snapshots;
mod squash;
mod systems;
mod type_change;
