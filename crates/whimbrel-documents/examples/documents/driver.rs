//! MongoDB's engine, through the official driver and the socket that the engine opens.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bson::{Document, doc};
use mongodb::error::{Error as DriverError, ErrorKind};
use mongodb::options::{Acknowledgment, ClientOptions, IndexOptions, WriteConcern};
use mongodb::{Client, Collection, Cursor, Database, IndexModel};

use crate::data::{self, COLLECTION};
use crate::{Failed, Side, Visit};

/// The error of an index that is not there.
const INDEX_NOT_FOUND: i32 = 27;

/// How long the engine may take to close its folder.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);

/// A collection of an engine that runs in a process of its own.
pub(crate) struct Driver {
    database: Database,
    collection: Collection<Document>,
    engine: Engine,
}

/// Starts the engine and finds one document; ends the engine untimed.
pub(crate) async fn open(database: &str, command: &[String]) -> Result<Duration, Failed> {
    let begun = Instant::now();
    let mut side = Driver::start(database, command).await?;
    side.find_one(&data::sought()[0]).await?.ok_or("the document was not found")?;
    let took = begun.elapsed();
    side.engine.close()?;
    Ok(took)
}

/// What the engine calls its version.
pub(crate) async fn version(database: &str, command: &[String]) -> Result<String, Failed> {
    let side = Driver::start(database, command).await?;
    let reply = side.database.run_command(doc! { "buildInfo": 1 }).await?;
    side.engine.close()?;
    Ok(reply.get_str("version")?.to_owned())
}

/// The process of the engine, which closes its folder when its input ends.
struct Engine(Child);

impl Engine {
    /// Starts it, and says the URL that it prints once it listens.
    fn start(command: &[String]) -> Result<(Self, String), Failed> {
        let (program, arguments) = command.split_first().ok_or("no command starts the engine")?;
        let child =
            Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut engine = Engine(child);
        let output = engine.0.stdout.take().ok_or("the engine has no output")?;
        let url = BufReader::new(output).lines().next().ok_or("the engine has ended without a word")??;
        Ok((engine, url))
    }

    /// Closes it in order, so that the next start has nothing to repair.
    fn close(mut self) -> Result<(), Failed> {
        drop(self.0.stdin.take());
        let begun = Instant::now();
        while begun.elapsed() < CLOSE_TIMEOUT {
            if let Some(status) = self.0.try_wait()? {
                return if status.success() {
                    Ok(())
                } else {
                    Err(format!("the engine ended with {status}").into())
                };
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err("the engine did not close".into())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Closed already where all went well; nobody is left to be told otherwise.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Driver {
    /// Starts the engine and connects to it; each write waits for its journal.
    pub(crate) async fn start(database: &str, command: &[String]) -> Result<Self, Failed> {
        let (engine, url) = Engine::start(command)?;
        let mut options = ClientOptions::parse(url).await?;
        options.write_concern =
            Some(WriteConcern::builder().w(Acknowledgment::Nodes(1)).journal(true).build());
        let database = Client::with_options(options)?.database(database);
        database.run_command(doc! { "ping": 1 }).await?;
        Ok(Self { collection: database.collection(COLLECTION), database, engine })
    }

    /// Ends the engine in order.
    pub(crate) fn close(self) -> Result<(), Failed> {
        self.engine.close()
    }

    async fn create_index(&self, name: &str, key: Document, is_unique: bool) -> Result<(), Failed> {
        let options = IndexOptions::builder().name(name.to_owned()).unique(is_unique).build();
        self.collection.create_index(IndexModel::builder().keys(key).options(options).build()).await?;
        Ok(())
    }
}

/// Shows every document of a result, undecoded.
async fn each<T>(mut cursor: Cursor<T>, visit: &mut Visit<'_>) -> Result<(), Failed> {
    while cursor.advance().await? {
        visit(cursor.current())?;
    }
    Ok(())
}

fn is_missing_index(error: &DriverError) -> bool {
    matches!(&*error.kind, ErrorKind::Command(command) if command.code == INDEX_NOT_FOUND)
}

impl Side for Driver {
    async fn prepare(&mut self) -> Result<(), Failed> {
        self.database.drop().await?;
        for (name, key) in data::secondary_indexes() {
            self.create_index(name, key, false).await?;
        }
        Ok(())
    }

    async fn insert(&mut self, batch: Vec<Document>) -> Result<(), Failed> {
        self.collection.insert_many(batch).await?;
        Ok(())
    }

    async fn drop_unique_index(&mut self) -> Result<(), Failed> {
        match self.collection.drop_index(data::unique_index().0).await {
            Err(error) if !is_missing_index(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn build_unique_index(&mut self) -> Result<(), Failed> {
        let (name, key) = data::unique_index();
        self.create_index(name, key, true).await
    }

    async fn find_one(&mut self, email: &str) -> Result<Option<Document>, Failed> {
        Ok(self.collection.find_one(doc! { "email": email }).await?)
    }

    async fn range(&mut self, visit: &mut Visit<'_>) -> Result<(), Failed> {
        each(self.collection.find(data::range_filter()).await?, visit).await
    }

    async fn scan(&mut self, visit: &mut Visit<'_>) -> Result<(), Failed> {
        each(self.collection.find(data::scan_filter()).await?, visit).await
    }

    async fn group(&mut self, visit: &mut Visit<'_>) -> Result<(), Failed> {
        each(self.collection.aggregate(data::group_pipeline()).await?, visit).await
    }
}
