//! JavaScript migrations and seeds in an embedded QuickJS, without Node.
//!
//! [`run`] runs one file on a thread of its own. The file sees the methods of the MongoDB Node driver and of mongosh, written in
//! JavaScript in `js/`; each of them comes down to commands, which the caller's [`Host`] answers one by one. The host decides about
//! sessions, journals and dry runs; this crate opens no socket and reads no file. [`check`] says what a file exports.

pub mod classify;
mod codec;
mod commands_host;
mod error;
mod facts;
mod form;
mod host;
mod line;
mod modules;
mod natives;
mod place;
mod report;
mod run;
mod runtime;
mod settings;
mod shim;
mod state;

pub use commands_host::CommandsHost;
pub use error::{Failure, ScriptError, Spot};
pub use facts::ModuleFacts;
pub use form::Form;
pub use host::{
    Batch, BatchProgress, BatchStart, Call, ConsoleLevel, Host, HostError, HostResult, Place, StepDecision,
};
pub use run::{Entry, Prepared, check, prepare, run};
pub use settings::{Files, Limits, Settings};
