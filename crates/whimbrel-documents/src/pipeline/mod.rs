//! Aggregation pipelines over whatever holds the documents.

mod bucket;
mod geo_near;
mod group;
mod lookup;
mod merge;
mod parse;
mod run;
mod transform;
mod unwind;

use bson::{Bson, Document, RawDocumentBuf};

pub(crate) use merge::Merge;
pub(crate) use parse::{check_stage_names, known_stage};
pub(crate) use transform::Transform;

use crate::expression::Parser;
use crate::matcher::Matcher;
use crate::refusal::Result;
use crate::sort::SortKeys;
use crate::value::DocRef;
use bucket::BucketAuto;
use geo_near::GeoNear;
use group::Group;
use lookup::Lookup;
use unwind::Unwind;

/// A document on its way through a pipeline: as it was stored, or as a stage made it.
#[derive(Clone, Debug)]
pub(crate) enum Record {
    Raw(RawDocumentBuf),
    Parsed(Document),
}

impl Record {
    /// A view of it.
    pub(crate) fn as_doc(&self) -> DocRef<'_> {
        match self {
            Record::Raw(raw) => DocRef::Raw(raw),
            Record::Parsed(document) => DocRef::Parsed(document),
        }
    }

    /// Decodes it.
    pub(crate) fn into_document(self) -> Document {
        match self {
            Record::Raw(raw) => DocRef::Raw(&raw).to_document(),
            Record::Parsed(document) => document,
        }
    }
}

/// Documents that come one after the other.
pub(crate) type Records<'r> = Box<dyn Iterator<Item = Result<Record>> + 'r>;

/// Which documents of a collection a pipeline wants first.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scan<'s> {
    /// The filter; the source returns exactly the documents that pass it.
    pub(crate) filter: Option<&'s Matcher>,
}

/// What holds the collections that a pipeline reads and writes.
pub(crate) trait Source {
    /// The documents of a collection that pass a filter; of one that does not exist there are none.
    fn scan<'s>(&'s self, collection: &str, scan: Scan<'_>) -> Result<Records<'s>>;

    /// Shows the documents of a collection that pass a filter, one after the other, to a visitor that keeps none of them.
    fn visit(
        &self,
        collection: &str,
        scan: Scan<'_>,
        visit: &mut dyn FnMut(DocRef<'_>) -> Result<()>,
    ) -> Result<()> {
        self.scan(collection, scan)?.try_for_each(|record| visit(record?.as_doc()))
    }

    /// The path of the index that answers a `$geoNear`, by the name that the stage gives or the only one there is.
    fn geo_path(&self, collection: &str, key: Option<&str>) -> Result<String>;

    /// The replies of `$indexStats`.
    fn index_statistics(&self, collection: &str) -> Result<Vec<Document>>;

    /// The reply of `$collStats`.
    fn collection_statistics(&self, collection: &str, options: &Document) -> Result<Document>;

    /// Replaces a collection by these documents: `$out`.
    fn replace_collection(
        &self,
        database: Option<&str>,
        collection: &str,
        documents: Vec<Document>,
    ) -> Result<()>;

    /// Whether an index makes documents of a collection unique by these paths.
    fn is_unique_by(&self, database: Option<&str>, collection: &str, paths: &[String]) -> Result<bool>;

    /// The document of a collection that agrees with another on these paths.
    fn find_same(
        &self,
        database: Option<&str>,
        collection: &str,
        paths: &[String],
        like: &Document,
    ) -> Result<Option<Document>>;

    /// Inserts a document: `$merge`.
    fn insert(&self, database: Option<&str>, collection: &str, document: Document) -> Result<()>;

    /// Replaces the document that has this one's `_id`: `$merge`.
    fn replace(&self, database: Option<&str>, collection: &str, document: Document) -> Result<()>;
}

/// A parsed pipeline.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    stages: Vec<Stage>,
}

/// One stage.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    Match(Matcher),
    Transform(Transform),
    Sort(SortKeys),
    Skip(u64),
    Limit(u64),
    Count(String),
    Group(Group),
    BucketAuto(BucketAuto),
    Unwind(Unwind),
    Lookup(Box<Lookup>),
    Facet(Vec<(String, Pipeline)>),
    Sample(usize),
    UnionWith { collection: String, pipeline: Pipeline },
    GeoNear(Box<GeoNear>),
    IndexStats,
    CollStats(Document),
    Out { database: Option<String>, collection: String },
    Merge(Box<Merge>),
}

impl Pipeline {
    /// Parses the stages of an `aggregate`.
    ///
    /// # Errors
    /// MongoDB's code for what it would refuse, and a refusal by name for a stage that this engine does not know.
    pub(crate) fn parse(stages: &[Bson]) -> Result<Self> {
        parse::parse_pipeline(&Parser::new(), stages, parse::Place::Top)
    }

    /// Runs the pipeline over a collection of a source.
    ///
    /// # Errors
    /// The source or a stage fails.
    pub(crate) fn run<'r>(&'r self, source: &'r dyn Source, collection: &str) -> Result<Records<'r>> {
        run::run(self, source, collection, None)
    }
}
