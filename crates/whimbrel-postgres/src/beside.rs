//! Databases that are made beside the connected one for a proof, and dropped after it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use whimbrel_engine::{EngineError, Result};

use crate::connection::Postgres;
use crate::quote;
use crate::result_set::RowText as _;

/// What the databases' names begin with; nothing else is ever dropped.
const PREFIX: &str = "whimbrel_proof_";
/// How long a session that has just ended may still be in the way of the drop.
const DROP_PATIENCE: Duration = Duration::from_secs(10);
/// How often the drop is tried.
const DROP_INTERVAL: Duration = Duration::from_millis(50);
/// Counts this process's databases.
static COUNT: AtomicU64 = AtomicU64::new(0);

impl Postgres {
    /// Makes an empty database on the same server and connects to it.
    pub(crate) async fn make_beside(&self) -> Result<Postgres> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}_{now}_{count}", std::process::id());
        // Not every database is in the encoding of the server's default one.
        let encoding = self.run("SHOW server_encoding", "reading the encoding").await?;
        let encoding = encoding
            .first()
            .and_then(|set| set.rows.first())
            .and_then(|row| row.optional(0))
            .unwrap_or_else(|| "UTF8".to_owned());
        let sql = format!(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING {}",
            quote::identifier(&name),
            quote::literal(&encoding)
        );
        self.run(&sql, "the creation of a database for the proof").await?;
        match Postgres::connect_to(&self.options, &name).await {
            Ok(made) => Ok(made),
            Err(error) => {
                // The reason why it cannot be used is worth more than why it cannot be dropped.
                drop(self.remove_beside(&name).await);
                Err(error)
            }
        }
    }

    /// Drops such a database once its session has ended.
    pub(crate) async fn remove_beside(&self, name: &str) -> Result<()> {
        let doing = "dropping the proof's database";
        if !name.starts_with(PREFIX) {
            return Err(EngineError::Refused {
                doing: doing.to_owned(),
                reason: format!("`{name}` was not made for a proof"),
            });
        }
        let sql = format!("DROP DATABASE IF EXISTS {}", quote::identifier(name));
        let deadline = Instant::now() + DROP_PATIENCE;
        loop {
            match self.run(&sql, doing).await {
                Err(_) if Instant::now() < deadline => tokio::time::sleep(DROP_INTERVAL).await,
                result => return result.map(drop),
            }
        }
    }
}
