//! Plain SQLite with the same tables and the same durability, and nothing of an engine around it.

use std::collections::HashMap;

use bson::{Document, RawDocument, rawdoc};
use rusqlite::{Connection, OptionalExtension};

use crate::data::{self, COLLECTION};
use crate::{Failed, Side, Visit};

/// A file with a table of documents and a table for each index, keys before row numbers.
pub(crate) struct Floor {
    sqlite: Connection,
}

impl Floor {
    pub(crate) fn open(file: &str) -> Result<Self, Failed> {
        let sqlite = Connection::open(file)?;
        sqlite.execute_batch(
            "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 4000;",
        )?;
        Ok(Self { sqlite })
    }

    fn each(&self, visit: &mut Visit<'_>) -> Result<(), Failed> {
        let mut statement = self.sqlite.prepare_cached(&format!("SELECT doc FROM {COLLECTION}"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(RawDocument::from_bytes(row.get_ref(0)?.as_blob()?)?)?;
        }
        Ok(())
    }
}

impl Side for Floor {
    async fn prepare(&mut self) -> Result<(), Failed> {
        self.sqlite.execute_batch(&format!(
            "DROP TABLE IF EXISTS {COLLECTION}; DROP TABLE IF EXISTS city; DROP TABLE IF EXISTS joined;
             DROP TABLE IF EXISTS email;
             CREATE TABLE {COLLECTION} (r INTEGER PRIMARY KEY, id BLOB NOT NULL, doc BLOB NOT NULL);
             CREATE UNIQUE INDEX {COLLECTION}_id ON {COLLECTION} (id);
             CREATE TABLE city (k BLOB NOT NULL, r INTEGER NOT NULL, PRIMARY KEY (k, r)) WITHOUT ROWID;
             CREATE TABLE joined (k BLOB NOT NULL, r INTEGER NOT NULL, PRIMARY KEY (k, r)) WITHOUT ROWID;"
        ))?;
        Ok(())
    }

    async fn insert(&mut self, batch: Vec<Document>) -> Result<(), Failed> {
        let transaction = self.sqlite.transaction()?;
        {
            let mut documents =
                transaction.prepare_cached(&format!("INSERT INTO {COLLECTION} (id, doc) VALUES (?1, ?2)"))?;
            let mut city = transaction.prepare_cached("INSERT INTO city VALUES (?1, ?2)")?;
            let mut joined = transaction.prepare_cached("INSERT INTO joined VALUES (?1, ?2)")?;
            for document in batch {
                documents.execute((document.get_object_id("_id")?.bytes(), document.to_vec()?))?;
                let row = transaction.last_insert_rowid();
                let mut key = document.get_str("city")?.as_bytes().to_vec();
                key.extend(document.get_i32("age")?.to_be_bytes());
                city.execute((key, row))?;
                let day = document.get_datetime("joined")?.timestamp_millis().to_be_bytes();
                joined.execute((day, row))?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    async fn drop_unique_index(&mut self) -> Result<(), Failed> {
        self.sqlite.execute_batch("DROP TABLE IF EXISTS email")?;
        Ok(())
    }

    async fn build_unique_index(&mut self) -> Result<(), Failed> {
        let transaction = self.sqlite.unchecked_transaction()?;
        transaction
            .execute_batch("CREATE TABLE email (k BLOB PRIMARY KEY, r INTEGER NOT NULL) WITHOUT ROWID")?;
        {
            let mut keys = Vec::new();
            let mut statement = transaction.prepare(&format!("SELECT r, doc FROM {COLLECTION}"))?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let document = RawDocument::from_bytes(row.get_ref(1)?.as_blob()?)?;
                keys.push((document.get_str("email")?.as_bytes().to_vec(), row.get::<_, i64>(0)?));
            }
            keys.sort_unstable();
            let mut insert = transaction.prepare("INSERT INTO email VALUES (?1, ?2)")?;
            for key in keys {
                insert.execute(key)?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    async fn find_one(&mut self, email: &str) -> Result<Option<Document>, Failed> {
        let mut statement = self.sqlite.prepare_cached(&format!(
            "SELECT d.doc FROM email i CROSS JOIN {COLLECTION} d ON d.r = i.r WHERE i.k = ?1"
        ))?;
        let bytes: Option<Vec<u8>> = statement.query_row([email.as_bytes()], |row| row.get(0)).optional()?;
        Ok(bytes.map(|bytes| Document::from_reader(&bytes[..])).transpose()?)
    }

    async fn range(&mut self, visit: &mut Visit<'_>) -> Result<(), Failed> {
        let (from, to) = data::range();
        let mut statement = self.sqlite.prepare_cached(&format!(
            "SELECT d.doc FROM joined i CROSS JOIN {COLLECTION} d ON d.r = i.r WHERE i.k >= ?1 AND i.k < ?2"
        ))?;
        let mut rows =
            statement.query([from.timestamp_millis().to_be_bytes(), to.timestamp_millis().to_be_bytes()])?;
        while let Some(row) = rows.next()? {
            visit(RawDocument::from_bytes(row.get_ref(0)?.as_blob()?)?)?;
        }
        Ok(())
    }

    async fn scan(&mut self, visit: &mut Visit<'_>) -> Result<(), Failed> {
        self.each(&mut |document| {
            if document.get_f64("balance")? >= data::LEAST_BALANCE && document.get_bool("active")? {
                visit(document)?;
            }
            Ok(())
        })
    }

    async fn group(&mut self, visit: &mut Visit<'_>) -> Result<(), Failed> {
        let mut groups: HashMap<String, (i32, f64, i32)> = HashMap::new();
        self.each(&mut |document| {
            let city = document.get_str("city")?;
            let (balance, age) = (document.get_f64("balance")?, document.get_i32("age")?);
            let state = match groups.get_mut(city) {
                Some(state) => state,
                None => groups.entry(city.to_owned()).or_default(),
            };
            *state = (state.0 + 1, state.1 + balance, state.2.max(age));
            Ok(())
        })?;
        for (city, (people, total, oldest)) in groups {
            visit(&rawdoc! { "_id": city, "people": people, "total": total, "oldest": oldest })?;
        }
        Ok(())
    }
}
