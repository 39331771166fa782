//! The MongoDB engine: the official driver behind the command primitive.
//!
//! [`Mongo`] implements [`whimbrel_engine::document::Commands`]; [`connect`] puts the engine of the document data
//! model over it. The crate finds out what a deployment can do, keeps sessions, and says in words what went wrong.
//! What is done with commands is not its affair.

mod capability;
mod client;
mod failure;
mod options;
mod runtime;
mod session;
mod wait;

use std::sync::Arc;
use std::time::Duration;

use whimbrel_engine::Result;
use whimbrel_engine::document::{DocumentEngine, LeaseOptions};

pub use client::Mongo;
pub use options::{MongoOptions, TlsOptions};
pub use runtime::TokioRuntime;

/// The product's name in messages.
const PRODUCT: &str = "MongoDB";
/// The oldest version that works.
const OLDEST: &str = "6.0";

/// Connects, and puts the document engine over the connection.
///
/// # Errors
/// As [`Mongo::connect`].
pub async fn connect(options: &MongoOptions) -> Result<DocumentEngine> {
    let mongo = Mongo::connect(options).await?;
    let lease = lease_options(options.lease, &options.application_name);
    Ok(DocumentEngine::new(Arc::new(mongo), Arc::new(TokioRuntime), lease))
}

/// How a deployer in this process holds the lock of a document engine, and what the others are told of it.
#[must_use]
pub fn lease_options(duration: Duration, application_name: &str) -> LeaseOptions {
    let host = whoami::hostname().unwrap_or_else(|_| "an unknown host".to_owned());
    let user = whoami::username().unwrap_or_else(|_| "unknown".to_owned());
    LeaseOptions {
        duration,
        holder: format!("process {} of {user}@{host}, {application_name}", std::process::id()),
    }
}
