//! Collections in memory, so that the evaluator answers commands without storage.

use std::cell::RefCell;
use std::collections::BTreeMap;

use bson::{Bson, Document, doc};

use crate::matcher::Matcher;
use crate::pipeline::{Pipeline, Record, Records, Scan, Source};
use crate::projection::{Extras, Projection};
use crate::refusal::{Refusal, Result, refuse_with_details};
use crate::sort::SortKeys;
use crate::update::Update;
use crate::value::{DocRef, equal_bson, raw_of};

/// The collections.
#[derive(Default)]
pub(crate) struct Memory {
    collections: RefCell<BTreeMap<String, Vec<Document>>>,
    validators: BTreeMap<String, Matcher>,
}

impl Memory {
    pub(crate) fn load(&mut self, collection: &str, documents: &[Document]) {
        self.collections.borrow_mut().insert(collection.to_owned(), documents.to_vec());
    }

    fn documents(&self, collection: &str) -> Vec<Document> {
        self.collections.borrow().get(collection).cloned().unwrap_or_default()
    }

    pub(crate) fn run(&mut self, command: &Document) -> Result<Document> {
        let (name, target) = command.iter().next().expect("a command");
        let target = target.as_str().expect("a collection").to_owned();
        match name.as_str() {
            "find" => self.find(&target, command),
            "aggregate" => self.aggregate(&target, command),
            "update" => self.update(&target, command),
            "insert" => self.insert_checked(&target, command),
            "create" => {
                let validator = command.get_document("validator").expect("a validator");
                self.validators.insert(target, Matcher::parse(validator)?);
                Ok(doc! { "ok": 1.0 })
            }
            other => panic!("the memory has no command {other}"),
        }
    }

    fn find(&self, target: &str, command: &Document) -> Result<Document> {
        let empty = Document::new();
        let filter = Matcher::parse(command.get_document("filter").unwrap_or(&empty))?;
        let projection = Projection::parse_find(command.get_document("projection").unwrap_or(&empty))?;
        let sort = command.get_document("sort").ok().map(SortKeys::parse).transpose()?;
        let mut found = Vec::new();
        for document in self.documents(target) {
            let raw = raw_of(&document);
            let matched = filter.matches(&raw)?;
            assert_eq!(matched, filter.matches_in(DocRef::Parsed(&document), None)?, "raw and decoded documents differ");
            if matched {
                let key = sort.as_ref().map_or(Ok(Vec::new()), |sort| sort.key_of(DocRef::Raw(&raw)))?;
                found.push((key, document));
            }
        }
        if let Some(sort) = &sort {
            found.sort_by(|left, right| sort.compare_keys(&left.0, &right.0));
        }
        let extras = Extras { filter: Some(&filter), ..Extras::default() };
        let shown = found
            .iter()
            .map(|(_, document)| projection.apply(DocRef::Parsed(document), extras).map(Bson::Document))
            .collect::<Result<Vec<_>>>()?;
        Ok(doc! { "cursor": { "firstBatch": shown } })
    }

    fn aggregate(&self, target: &str, command: &Document) -> Result<Document> {
        let pipeline = Pipeline::parse(command.get_array("pipeline").expect("a pipeline"))?;
        let records = pipeline.run(self, target)?;
        let documents = records
            .map(|record| record.map(|record| Bson::Document(record.into_document())))
            .collect::<Result<Vec<_>>>()?;
        Ok(doc! { "cursor": { "firstBatch": documents } })
    }

    fn update(&self, target: &str, command: &Document) -> Result<Document> {
        let change = command.get_array("updates").expect("updates")[0].as_document().expect("an update").clone();
        let none = Vec::new();
        let update = Update::parse(change.get("u").expect("u"), change.get_array("arrayFilters").unwrap_or(&none))?;
        let filter = Matcher::parse(change.get_document("q").expect("q"))?;
        let multi = change.get_bool("multi").unwrap_or(false);
        if multi && update.is_replacement() {
            return Err(crate::refusal::failed_to_parse("multi update is not supported for replacement-style update"));
        }
        let (mut matched, mut modified) = (0, 0);
        let mut documents = self.documents(target);
        for document in &mut documents {
            if !filter.matches_in(DocRef::Parsed(document), None)? {
                continue;
            }
            matched += 1;
            if let Some(changed) = update.apply(document, Some(&filter))? {
                *document = changed;
                modified += 1;
            }
            if !multi {
                break;
            }
        }
        if matched == 0 && change.get_bool("upsert").unwrap_or(false) {
            documents.push(update.upsert(&filter)?);
            matched = 1;
        }
        self.collections.borrow_mut().insert(target.to_owned(), documents);
        Ok(doc! { "n": matched, "nModified": modified })
    }

    fn insert_checked(&self, target: &str, command: &Document) -> Result<Document> {
        let document = command.get_array("documents").expect("documents")[0].as_document().expect("a document").clone();
        let raw = raw_of(&document);
        if let Some(validator) = self.validators.get(target)
            && !validator.matches(&raw)?
        {
            let id = document.get("_id").cloned().unwrap_or(Bson::Null);
            let details = doc! { "failingDocumentId": id, "details": validator.details(&raw) };
            return Err(refuse_with_details(121, "DocumentValidationFailure", "Document failed validation", details));
        }
        Ok(doc! { "n": 1 })
    }
}

fn unavailable(what: &str) -> Refusal {
    crate::refusal::not_implemented(what)
}

impl Source for Memory {
    fn scan<'s>(&'s self, collection: &str, scan: Scan<'_>) -> Result<Records<'s>> {
        let mut found = Vec::new();
        for document in self.documents(collection) {
            let raw = raw_of(&document);
            if scan.filter.map_or(Ok(true), |filter| filter.matches(&raw))? {
                found.push(Ok(Record::Raw(raw)));
            }
        }
        Ok(Box::new(found.into_iter()))
    }

    fn geo_path(&self, _: &str, key: Option<&str>) -> Result<String> {
        Ok(key.unwrap_or("place").to_owned())
    }

    fn index_statistics(&self, _: &str) -> Result<Vec<Document>> {
        Err(unavailable("$indexStats"))
    }

    fn collection_statistics(&self, _: &str, _: &Document) -> Result<Document> {
        Err(unavailable("$collStats"))
    }

    fn replace_collection(&self, _: Option<&str>, collection: &str, documents: Vec<Document>) -> Result<()> {
        self.collections.borrow_mut().insert(collection.to_owned(), documents);
        Ok(())
    }

    fn is_unique_by(&self, _: Option<&str>, _: &str, paths: &[String]) -> Result<bool> {
        Ok(paths == ["_id"])
    }

    fn find_same(&self, _: Option<&str>, collection: &str, _: &[String], like: &Document) -> Result<Option<Document>> {
        let id = like.get("_id").expect("an id");
        let known = self.documents(collection);
        Ok(known.into_iter().find(|known| known.get("_id").is_some_and(|known| equal_bson(known, id))))
    }

    fn insert(&self, _: Option<&str>, collection: &str, document: Document) -> Result<()> {
        self.collections.borrow_mut().entry(collection.to_owned()).or_default().push(document);
        Ok(())
    }

    fn replace(&self, _: Option<&str>, collection: &str, document: Document) -> Result<()> {
        let mut collections = self.collections.borrow_mut();
        let known = collections.entry(collection.to_owned()).or_default();
        let id = document.get("_id").expect("an id");
        let slot = known.iter_mut().find(|known| known.get("_id").is_some_and(|known| equal_bson(known, id)));
        *slot.expect("the document that was found") = document;
        Ok(())
    }
}
