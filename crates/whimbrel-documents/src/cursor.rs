//! Results that are fetched in batches.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bson::oid::ObjectId;
use bson::{Bson, Document, RawDocument, doc};
use whimbrel_engine::document::{Refusal, SessionId};

use crate::catalog::Collection;
use crate::limits::{LARGEST_DOCUMENT_BYTES, encoded};
use crate::planner::Scan;
use crate::query::{Found, Query};
use crate::raw_reply::RawReply;
use crate::refusal::refuse;
use crate::shape::Shape;
use crate::storage::{Link, Outcome};

/// How long a cursor lives that nobody reads from.
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);

/// How many cursors may be open at a time; the one that has been idle the longest gives way.
const MOST_CURSORS: usize = 10_000;

/// How many documents the first batch holds unless the command says otherwise.
pub(crate) const FIRST_BATCH: u64 = 101;

/// The open cursors.
#[derive(Default)]
pub(crate) struct Cursors {
    open: Mutex<HashMap<i64, Cursor>>,
}

/// A result that has not been read to its end.
pub(crate) struct Cursor {
    pub(crate) database: String,
    /// What `ns` names after the database.
    pub(crate) collection: String,
    pub(crate) feed: Feed,
    pub(crate) session: Option<SessionId>,
    last_read: Instant,
}

/// Where the documents of a cursor come from.
pub(crate) enum Feed {
    /// They have been made.
    Ready(VecDeque<Document>),
    /// They have been found and are still to be shaped.
    Found { found: VecDeque<Found>, shape: Box<Shape> },
    /// They are still to be found.
    Scan(Box<Lazy>),
}

/// A search that goes on with each batch.
pub(crate) struct Lazy {
    pub(crate) query: Query,
    pub(crate) scan: Scan,
    pub(crate) shape: Shape,
    pub(crate) to_skip: u64,
    pub(crate) left: Option<u64>,
}

impl Cursors {
    /// Keeps a cursor, and says its number.
    pub(crate) fn keep(&self, cursor: Cursor) -> i64 {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, cursor| cursor.last_read.elapsed() < IDLE_TIMEOUT);
        if open.len() >= MOST_CURSORS {
            let oldest = open.iter().min_by_key(|(_, cursor)| cursor.last_read).map(|(id, _)| *id);
            oldest.and_then(|id| open.remove(&id));
        }
        loop {
            let id = random_id();
            if id != 0 && !open.contains_key(&id) {
                open.insert(id, cursor);
                return id;
            }
        }
    }

    /// Takes a cursor out to read from it.
    ///
    /// # Errors
    /// There is none with this number.
    pub(crate) fn take(&self, id: i64) -> Result<Cursor, Refusal> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(&id).ok_or_else(|| refuse(43, "CursorNotFound", format!("cursor id {id} not found")))
    }

    /// Puts a cursor back under its number.
    pub(crate) fn put_back(&self, id: i64, mut cursor: Cursor) {
        cursor.last_read = Instant::now();
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(id, cursor);
    }

    /// Ends a cursor; false where there is none.
    pub(crate) fn kill(&self, id: i64) -> bool {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&id).is_some()
    }

    /// Ends the cursors of a session.
    pub(crate) fn end_session(&self, session: SessionId) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, cursor| cursor.session != Some(session));
    }
}

impl Cursor {
    pub(crate) fn new(database: &str, collection: &str, feed: Feed, session: Option<SessionId>) -> Self {
        Self {
            database: database.to_owned(),
            collection: collection.to_owned(),
            feed,
            session,
            last_read: Instant::now(),
        }
    }

    /// `database.collection`.
    pub(crate) fn namespace(&self) -> String {
        format!("{}.{}", self.database, self.collection)
    }
}

impl Feed {
    /// Whether nothing is left.
    pub(crate) fn is_finished(&self) -> bool {
        match self {
            Feed::Ready(documents) => documents.is_empty(),
            Feed::Found { found, .. } => found.is_empty(),
            Feed::Scan(lazy) => lazy.scan.is_finished() || lazy.left == Some(0),
        }
    }

    /// The next documents: up to so many, and up to the size of a reply. Where the caller wants their bytes they are put
    /// there, and none is returned.
    ///
    /// # Errors
    /// A filter or a projection fails on a document.
    pub(crate) fn batch(
        &mut self,
        link: &Link,
        collection: Option<&Collection>,
        most: Option<u64>,
        raw: Option<&mut RawReply>,
    ) -> Outcome<Vec<Bson>> {
        let mut batch = Batch::new(most, raw);
        match self {
            Feed::Ready(documents) => {
                while !batch.is_full()
                    && let Some(document) = documents.pop_front()
                {
                    let size = if batch.is_counted() { 0 } else { size_of(&document) };
                    batch.add(document, size)?;
                }
            }
            Feed::Found { found, shape } => {
                while !batch.is_full()
                    && let Some(next) = found.pop_front()
                {
                    batch.shape(shape, &next.document, next.score)?;
                }
            }
            Feed::Scan(lazy) => {
                if let Some(collection) = collection {
                    lazy.fill(link, collection, &mut batch)?;
                }
            }
        }
        Ok(batch.decoded)
    }
}

impl Lazy {
    fn fill(&mut self, link: &Link, collection: &Collection, batch: &mut Batch<'_>) -> Outcome<()> {
        if batch.is_full() || self.left == Some(0) {
            return Ok(());
        }
        let Lazy { query, scan, shape, to_skip, left } = self;
        scan.run(link, collection, &mut |candidate| {
            if !query.accepts(candidate.document)? {
                return Ok(true);
            }
            if *to_skip > 0 {
                *to_skip -= 1;
                return Ok(true);
            }
            batch.shape(shape, candidate.document, candidate.score)?;
            if let Some(left) = left {
                *left -= 1;
            }
            Ok(*left != Some(0) && !batch.is_full())
        })
    }
}

/// A batch on its way.
struct Batch<'r> {
    decoded: Vec<Bson>,
    /// Takes the documents as bytes in the place of the others.
    raw: Option<&'r mut RawReply>,
    count: u64,
    most: u64,
    bytes: usize,
    is_limited: bool,
}

impl<'r> Batch<'r> {
    fn new(most: Option<u64>, raw: Option<&'r mut RawReply>) -> Self {
        let is_limited = most.is_some();
        Self { decoded: Vec::new(), raw, count: 0, most: most.unwrap_or(u64::MAX), bytes: 0, is_limited }
    }

    fn add(&mut self, document: Document, bytes: usize) -> Outcome<()> {
        self.bytes += bytes;
        self.count += 1;
        match &mut self.raw {
            Some(raw) => raw.push(&encoded(&document)?),
            None => self.decoded.push(Bson::Document(document)),
        }
        Ok(())
    }

    /// Adds a stored document in the form in which it is to be told.
    fn shape(&mut self, shape: &Shape, document: &RawDocument, score: Option<f64>) -> Outcome<()> {
        let bytes = document.as_bytes().len();
        match &mut self.raw {
            Some(raw) if shape.is_whole() => {
                raw.push(document);
                self.bytes += bytes;
                self.count += 1;
                Ok(())
            }
            _ => self.add(shape.apply(document, score)?, bytes),
        }
    }

    /// A few documents need no measuring: each is at most as large as a reply may become.
    fn is_counted(&self) -> bool {
        self.is_limited && self.most <= 1
    }

    fn is_full(&self) -> bool {
        self.count >= self.most || self.bytes >= LARGEST_DOCUMENT_BYTES
    }
}

fn size_of(document: &Document) -> usize {
    document.to_vec().map_or(0, |bytes| bytes.len())
}

/// A number that nobody guesses: the counter and the random part of an object id, mixed.
fn random_id() -> i64 {
    use std::hash::{BuildHasher, RandomState};
    let number = RandomState::new().hash_one(ObjectId::new().bytes());
    i64::try_from(number >> 1).unwrap_or(i64::MAX)
}

/// The reply that a result begins with.
pub(crate) fn first_reply(namespace: &str, id: i64, batch: Vec<Bson>) -> Document {
    doc! { "cursor": { "firstBatch": batch, "id": id, "ns": namespace }, "ok": 1.0 }
}
