//! The MongoDB engine on real servers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helper functions too")]

mod conformance;
mod connect;
mod deployment;
mod old_server;
mod silence;
