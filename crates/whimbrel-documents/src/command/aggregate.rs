//! `aggregate`: pipelines over the collections of the store.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use bson::{Bson, Document, RawDocumentBuf, doc};

use super::Work;
use super::changes::check;
use super::collections::{make, remove};
use super::delete::stored;
use super::explain::explain;
use super::fields::{Fields, check_collection_name};
use super::find::note_use;
use super::statistics::of_collection;
use crate::catalog::{Collection, IndexKind};
use crate::cursor::{Cursor, FIRST_BATCH, Feed, first_reply};
use crate::limits::{encoded, storable};
use crate::matcher::Matcher;
use crate::pipeline::{Pipeline, Record, Records, Scan as Wanted, Source};
use crate::planner::{Hint, Scan, parse_hint};
use crate::query::Query;
use crate::refusal::{Refusal, failed_to_parse, not_implemented, refuse, type_mismatch};
use crate::storage::{Failure, Outcome};
use crate::value::{DocRef, Path, ValueRef, visit_path};
use crate::writer::Writer;

/// How many documents are read at a time.
const CHUNK_DOCUMENTS: usize = 1_000;

/// Whether the pipeline of a command writes.
pub(super) fn writes(command: &Document) -> bool {
    let stages = command.get_array("pipeline").map(Vec::as_slice).unwrap_or_default();
    let last = stages.last().and_then(Bson::as_document).and_then(|stage| stage.keys().next());
    matches!(last.map(String::as_str), Some("$out" | "$merge"))
}

/// Runs a pipeline, and begins a cursor.
pub(super) fn run(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let writes = writes(&command);
    let original = command.clone();
    let mut fields = Fields::of_command("aggregate", command);
    let name = match fields.require("aggregate")? {
        Bson::String(name) => name,
        Bson::Int32(1) => return Err(not_implemented("an aggregate without a collection").into()),
        _ => {
            return Err(type_mismatch(
                "Invalid command format: the 'aggregate' field must specify a collection name or 1",
            )
            .into());
        }
    };
    let Bson::Array(stages) = fields.require("pipeline")? else {
        return Err(type_mismatch("'pipeline' option must be specified as an array").into());
    };
    let explains = fields.flag("explain")?;
    let batch_size = match fields.document("cursor")? {
        Some(cursor) => {
            let mut cursor = Fields::of_part("cursor", cursor);
            let size = cursor.count("batchSize")?;
            cursor.finish()?;
            size
        }
        None if explains => None,
        None => {
            let message = "The 'cursor' option is required, except for aggregate with the explain argument";
            return Err(failed_to_parse(message).into());
        }
    };
    let hint = parse_hint(fields.take("hint").as_ref())?;
    let bypass = fields.flag("bypassDocumentValidation")?;
    fields.refuse_collation()?;
    fields.refuse_options(&["let"])?;
    fields.ignore(&["allowDiskUse"]);
    fields.finish()?;
    if explains {
        let mut original = original;
        original.remove("explain");
        return explain(work, original, false);
    }
    let pipeline = Pipeline::parse(&stages)?;
    let documents = results(work, &pipeline, &name, Options { hint, bypass, writes })?;
    let mut feed = Feed::Ready(documents);
    let batch =
        feed.batch(work.link, None, Some(batch_size.unwrap_or(FIRST_BATCH)), work.raw.as_deref_mut())?;
    let namespace = format!("{}.{name}", work.database);
    let id = if feed.is_finished() {
        0
    } else {
        work.store.cursors.keep(Cursor::new(work.database, &name, feed, work.session))
    };
    Ok(first_reply(&namespace, id, batch))
}

/// What the command says beside the pipeline.
struct Options {
    hint: Hint,
    bypass: bool,
    writes: bool,
}

fn results(
    work: &mut Work<'_>,
    pipeline: &Pipeline,
    name: &str,
    options: Options,
) -> Outcome<VecDeque<Document>> {
    let source =
        Store { main: name.to_owned(), work: RefCell::new(work), options, trouble: RefCell::default() };
    let run = || -> Result<VecDeque<Document>, Refusal> {
        pipeline.run(&source, name)?.map(|record| record.map(Record::into_document)).collect()
    };
    let done = run();
    match source.trouble.into_inner() {
        Some(failure) => Err(failure),
        None => Ok(done?),
    }
}

/// The collections of the store, as a pipeline sees them.
struct Store<'s, 'w> {
    /// The collection that the command names, to which its hint belongs.
    main: String,
    work: RefCell<&'s mut Work<'w>>,
    options: Options,
    /// What has failed that is no refusal.
    trouble: RefCell<Option<Failure>>,
}

impl<'s, 'w> Store<'s, 'w> {
    /// What a pipeline is told of a failure; the failure itself is kept for the command.
    fn told<T>(&self, outcome: Outcome<T>) -> Result<T, Refusal> {
        outcome.map_err(|failure| match failure {
            Failure::Refused(refusal) => *refusal,
            other => {
                self.trouble.replace(Some(other));
                refuse(8, "UnknownError", "the store failed")
            }
        })
    }

    fn collection(&self, database: Option<&str>, name: &str) -> Outcome<Option<Arc<Collection>>> {
        let mut work = self.work.borrow_mut();
        let database = database.unwrap_or(work.database).to_owned();
        Ok(work.link.catalog()?.collection(&database, name).cloned())
    }

    /// The collection that a pipeline writes to, made where there is none.
    fn target(&self, database: Option<&str>, name: &str) -> Outcome<Arc<Collection>> {
        if let Some(collection) = self.collection(database, name)? {
            return Ok(collection);
        }
        let mut work = self.work.borrow_mut();
        let database = database.unwrap_or(work.database).to_owned();
        check_collection_name(&database, name)?;
        let (store, session) = (work.store, work.session);
        let mut there = Work { store, database: &database, link: &mut *work.link, session, raw: None };
        make(&mut there, name, &Document::new())
    }

    fn open(&self, name: &str, wanted: Wanted<'_>) -> Outcome<Option<Chunks<'_, 's, 'w>>> {
        let Some(collection) = self.collection(None, name)? else { return Ok(None) };
        let none = Hint::None;
        let hint = if name == self.main { &self.options.hint } else { &none };
        let matcher = match wanted.filter {
            Some(filter) => filter.clone(),
            None => Matcher::parse(&Document::new())?,
        };
        let query = Query::of_matcher(&collection, matcher, hint)?;
        note_use(self.work.borrow().store, &query.plan);
        let scan = Scan::new(&query.plan);
        // What a pipeline writes must not come back to it as input.
        let chunk = if self.options.writes { usize::MAX } else { CHUNK_DOCUMENTS };
        Ok(Some(Chunks { store: self, collection, query, scan, chunk, buffer: VecDeque::new() }))
    }

    fn show(
        &self,
        name: &str,
        wanted: Wanted<'_>,
        visit: &mut dyn FnMut(DocRef<'_>) -> Result<(), Refusal>,
    ) -> Outcome<()> {
        let Some(Chunks { collection, query, mut scan, .. }) = self.open(name, wanted)? else {
            return Ok(());
        };
        let work = self.work.borrow();
        scan.run(work.link, &collection, &mut |candidate| {
            if query.accepts(candidate.document)? {
                visit(DocRef::Raw(candidate.document))?;
            }
            Ok(true)
        })
    }

    fn replace_all(&self, database: Option<&str>, name: &str, documents: Vec<Document>) -> Outcome<()> {
        let standing = self.target(database, name)?;
        let mut work = self.work.borrow_mut();
        let work = &mut **work;
        let options = standing.options.clone();
        let indexes: Vec<Document> = standing.indexes.iter().map(|index| index.spec.clone()).collect();
        remove(work, &standing)?;
        work.link.catalog_changed()?;
        let database = standing.database.clone();
        let (store, session) = (work.store, work.session);
        let mut there = Work { store, database: &database, link: &mut *work.link, session, raw: None };
        let collection = make(&mut there, name, &options)?;
        let collection = super::indexes::rebuilt(&mut there, collection, indexes)?;
        let mut writer = Writer::new(there.link, collection);
        for document in documents {
            self.write_one(&mut writer, document)?;
        }
        Ok(())
    }

    fn write_one(&self, writer: &mut Writer<'_>, document: Document) -> Outcome<()> {
        let document = storable(document)?;
        if !self.options.bypass {
            check(&writer.collection, &document, None)?;
        }
        writer.insert(&document)?;
        Ok(())
    }

    fn same(
        &self,
        database: Option<&str>,
        name: &str,
        paths: &[String],
        like: &Document,
    ) -> Outcome<Option<(i64, RawDocumentBuf)>> {
        let Some(collection) = self.collection(database, name)? else { return Ok(None) };
        let mut filter = Document::new();
        for path in paths {
            let mut value = Bson::Null;
            visit_path(DocRef::Parsed(like), &Path::new(path), false, &mut |found| {
                value = found.map_or(Bson::Null, ValueRef::to_bson);
                true
            });
            filter.insert(path, doc! { "$eq": value });
        }
        let query = Query::new(&collection, &filter, &Document::new(), &Hint::None)?;
        let work = self.work.borrow();
        let (found, _) = query.collect(work.link, &collection, 0, Some(1))?;
        Ok(found.into_iter().next().map(|found| (found.row, found.document)))
    }

    fn replace_one(&self, database: Option<&str>, name: &str, document: Document) -> Outcome<()> {
        let Some((row, _)) = self.same(database, name, &["_id".to_owned()], &document)? else {
            return Ok(());
        };
        let collection = self.target(database, name)?;
        let mut work = self.work.borrow_mut();
        let mut writer = Writer::new(work.link, collection);
        let Some(old) = stored(&writer, row)? else { return Ok(()) };
        let new = encoded(&document)?;
        if !self.options.bypass {
            check(&writer.collection, &new, Some(&old))?;
        }
        writer.replace(row, &old, &new)
    }

    fn statistics(&self, name: &str, options: &Document) -> Outcome<Document> {
        let Some(collection) = self.collection(None, name)? else {
            let work = self.work.borrow();
            let message = format!("Collection [{}.{name}] not found.", work.database);
            return Err(refuse(26, "NamespaceNotFound", message).into());
        };
        let work = self.work.borrow();
        let mut reply =
            doc! { "ns": collection.namespace(), "host": "embedded", "localTime": bson::DateTime::now() };
        if options.contains_key("storageStats") {
            let mut statistics = of_collection(work.link, &collection, 1)?;
            statistics.remove("ns");
            reply.insert("storageStats", statistics);
        }
        if options.contains_key("count") {
            let number = super::count::whole(work.link, &collection)?;
            reply.insert("count", crate::answer::count(usize::try_from(number).unwrap_or(usize::MAX)));
        }
        Ok(reply)
    }
}

impl Source for Store<'_, '_> {
    fn scan<'s>(&'s self, collection: &str, scan: Wanted<'_>) -> Result<Records<'s>, Refusal> {
        match self.told(self.open(collection, scan))? {
            Some(chunks) => Ok(Box::new(chunks)),
            None => Ok(Box::new(std::iter::empty())),
        }
    }

    fn visit(
        &self,
        collection: &str,
        scan: Wanted<'_>,
        visit: &mut dyn FnMut(DocRef<'_>) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        self.told(self.show(collection, scan, visit))
    }

    fn geo_path(&self, collection: &str, key: Option<&str>) -> Result<String, Refusal> {
        if let Some(key) = key {
            return Ok(key.to_owned());
        }
        let standing = self.told(self.collection(None, collection))?;
        let paths: Vec<String> = standing
            .iter()
            .flat_map(|collection| &collection.indexes)
            .filter_map(|index| match &index.kind {
                IndexKind::Sphere(paths) => paths.first().cloned(),
                _ => None,
            })
            .collect();
        match paths.as_slice() {
            [] => Err(refuse(
                27,
                "IndexNotFound",
                "$geoNear requires a 2d or 2dsphere index, but none were found",
            )),
            [path] => Ok(path.clone()),
            _ => Err(refuse(
                27,
                "IndexNotFound",
                format!(
                    "There is more than one 2dsphere index on {collection}; unsure which to use for $geoNear"
                ),
            )),
        }
    }

    fn index_statistics(&self, collection: &str) -> Result<Vec<Document>, Refusal> {
        let Some(collection) = self.told(self.collection(None, collection))? else { return Ok(Vec::new()) };
        let work = self.work.borrow();
        let described = |name: &str, key: Document, id: i64, spec: Document| {
            let (ops, since) = work.store.usage.of(id);
            doc! {
                "name": name, "key": key, "host": "embedded", "accesses": { "ops": ops, "since": since }, "spec": spec,
            }
        };
        // The index over `_id` has the number that no secondary one has.
        let id = described(
            "_id_",
            doc! { "_id": 1 },
            -collection.id,
            doc! { "v": 2, "key": { "_id": 1 }, "name": "_id_" },
        );
        let others = collection
            .indexes
            .iter()
            .map(|index| described(&index.name, index.key_pattern(), index.id, index.spec.clone()));
        Ok(std::iter::once(id).chain(others).collect())
    }

    fn collection_statistics(&self, collection: &str, options: &Document) -> Result<Document, Refusal> {
        self.told(self.statistics(collection, options))
    }

    fn replace_collection(
        &self,
        database: Option<&str>,
        collection: &str,
        documents: Vec<Document>,
    ) -> Result<(), Refusal> {
        self.told(self.replace_all(database, collection, documents))
    }

    fn is_unique_by(
        &self,
        database: Option<&str>,
        collection: &str,
        paths: &[String],
    ) -> Result<bool, Refusal> {
        if paths.len() == 1 && paths[0] == "_id" {
            return Ok(true);
        }
        let Some(standing) = self.told(self.collection(database, collection))? else { return Ok(false) };
        Ok(standing.indexes.iter().any(|index| {
            let pattern = index.key_pattern();
            index.is_unique
                && index.partial.is_none()
                && pattern.len() == paths.len()
                && paths.iter().all(|path| pattern.contains_key(path))
        }))
    }

    fn find_same(
        &self,
        database: Option<&str>,
        collection: &str,
        paths: &[String],
        like: &Document,
    ) -> Result<Option<Document>, Refusal> {
        let found = self.told(self.same(database, collection, paths, like))?;
        Ok(found.map(|(_, document)| DocRef::Raw(&document).to_document()))
    }

    fn insert(&self, database: Option<&str>, collection: &str, document: Document) -> Result<(), Refusal> {
        let target = self.told(self.target(database, collection))?;
        let mut work = self.work.borrow_mut();
        let mut writer = Writer::new(work.link, target);
        self.told(self.write_one(&mut writer, document))
    }

    fn replace(&self, database: Option<&str>, collection: &str, document: Document) -> Result<(), Refusal> {
        self.told(self.replace_one(database, collection, document))
    }
}

/// The matches of a query, some at a time, so that other reads come in between.
struct Chunks<'c, 's, 'w> {
    store: &'c Store<'s, 'w>,
    collection: Arc<Collection>,
    query: Query,
    scan: Scan,
    chunk: usize,
    buffer: VecDeque<RawDocumentBuf>,
}

impl Chunks<'_, '_, '_> {
    fn fill(&mut self) -> Outcome<()> {
        let work = self.store.work.borrow();
        let (query, buffer, chunk) = (&self.query, &mut self.buffer, self.chunk);
        self.scan.run(work.link, &self.collection, &mut |candidate| {
            if query.accepts(candidate.document)? {
                buffer.push_back(candidate.document.to_owned());
            }
            Ok(buffer.len() < chunk)
        })
    }
}

impl Iterator for Chunks<'_, '_, '_> {
    type Item = Result<Record, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.buffer.is_empty() && !self.scan.is_finished() {
            let filled = self.fill();
            if let Err(refusal) = self.store.told(filled) {
                return Some(Err(refusal));
            }
        }
        self.buffer.pop_front().map(|document| Ok(Record::Raw(document)))
    }
}
