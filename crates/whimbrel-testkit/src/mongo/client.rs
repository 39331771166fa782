//! Commands that the testkit itself sends, from any thread and from inside any runtime.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use mongodb::Client;
use mongodb::bson::Document;
use mongodb::options::ClientOptions;

/// How long a server may take to be found; those here are on the loopback interface.
const SELECTION_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs one command and waits for its reply.
///
/// A thread of its own does it, since a test that runs in a runtime cannot wait in a second one.
pub(super) fn run(url: &str, database: &str, command: Document) -> Result<Document> {
    let sent = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("start a runtime for the command")?;
        runtime.block_on(send(url, database, command))
    };
    std::thread::scope(|scope| {
        scope.spawn(sent).join().map_err(|_| anyhow!("the thread that sends the command panicked"))?
    })
}

async fn send(url: &str, database: &str, command: Document) -> Result<Document> {
    let mut options = ClientOptions::parse(url).await.context("read the server's URL")?;
    options.server_selection_timeout = Some(SELECTION_TIMEOUT);
    let client = Client::with_options(options).context("make a client of the server")?;
    let reply = client.database(database).run_command(command).await;
    client.shutdown().immediate(true).await;
    reply.context("run a command")
}
