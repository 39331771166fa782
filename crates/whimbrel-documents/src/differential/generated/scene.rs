//! What a case finds: collections, their indexes and validators, put alike on both sides.

use bson::{Document, doc};

use super::verdict::{Manner, difference};
use crate::differential::embedded::Embedded;
use crate::differential::server::Server;
use crate::refusal::Refusal;

/// The collections of a scene beside `docs`.
pub(super) const OTHER: &str = "other";
const TARGETS: [&str; 3] = ["docs", OTHER, "target"];

/// Both engines.
pub(super) struct Sides {
    pub(super) ours: Embedded,
    pub(super) theirs: Server,
}

/// What both engines hold before a case.
#[derive(Clone, Debug, Default)]
pub(super) struct Scene {
    pub(super) documents: Vec<Document>,
    pub(super) others: Vec<Document>,
    /// The specifications of the indexes of `docs`.
    pub(super) indexes: Vec<Document>,
    pub(super) validator: Option<Document>,
}

/// One generated command.
#[derive(Clone, Debug)]
pub(super) struct Generated {
    pub(super) kind: &'static str,
    pub(super) command: Document,
    pub(super) manner: Manner,
    /// Whether the collections are compared after the command.
    pub(super) writes: bool,
    /// Whether a refusal may leave some of the documents changed, which ones depending on the plan.
    pub(super) halfway: bool,
}

impl Generated {
    pub(super) fn read(kind: &'static str, command: Document) -> Self {
        Generated { kind, command, manner: Manner::default(), writes: false, halfway: false }
    }

    pub(super) fn write(kind: &'static str, command: Document) -> Self {
        Generated { writes: true, ..Generated::read(kind, command) }
    }
}

/// What came of a case.
pub(super) struct Outcome {
    pub(super) difference: Option<String>,
    /// The codes of the two answers, zero for success: what a smaller case has to have in common with the first.
    pub(super) codes: (i32, i32),
    /// Whether both refused.
    pub(super) refused: bool,
    /// The state of `docs` afterwards, where the case may have changed it and the two sides are known to be equal.
    pub(super) after: Option<Vec<Document>>,
}

impl Sides {
    /// A command that has to succeed.
    async fn must(&self, command: Document) {
        let ours = self.ours.run(&command).await;
        let theirs = self.theirs.run(&command).await;
        assert!(ours.is_ok() && theirs.is_ok(), "{command}:\n  ours: {ours:?}\n  theirs: {theirs:?}");
    }

    /// Puts a scene on both sides; indexes that both refuse are left out, and one that only one side refuses is a difference.
    pub(super) async fn set(&self, scene: &mut Scene) -> Option<String> {
        for collection in TARGETS {
            _ = self.ours.run(&doc! { "drop": collection }).await;
            _ = self.theirs.run(&doc! { "drop": collection }).await;
        }
        let mut create = doc! { "create": "docs" };
        if let Some(validator) = &scene.validator {
            create.insert("validator", validator.clone());
        }
        let (ours, theirs) = (self.ours.run(&create).await, self.theirs.run(&create).await);
        if let Some(text) = difference(Manner::default(), &ours, &theirs) {
            return Some(format!("{create}\n{text}"));
        }
        if ours.is_err() {
            scene.validator = None;
            self.must(doc! { "create": "docs" }).await;
        }
        for (collection, documents) in [("docs", &scene.documents), (OTHER, &scene.others)] {
            if !documents.is_empty() {
                let bypass = scene.validator.is_some();
                self.must(
                    doc! { "insert": collection, "documents": documents, "bypassDocumentValidation": bypass },
                )
                .await;
            }
        }
        let mut found = None;
        let mut built = Vec::new();
        for index in &scene.indexes {
            let command = doc! { "createIndexes": "docs", "indexes": [index] };
            let (ours, theirs) = (self.ours.run(&command).await, self.theirs.run(&command).await);
            found = found.or_else(|| {
                difference(Manner::default(), &ours, &theirs).map(|text| format!("{command}\n{text}"))
            });
            if ours.is_ok() && theirs.is_ok() {
                built.push(index.clone());
            }
        }
        scene.indexes = built;
        found
    }

    /// Runs a case on both sides.
    pub(super) async fn play(&self, case: &Generated) -> Outcome {
        let ours = self.ours.run(&case.command).await;
        let theirs = self.theirs.run(&case.command).await;
        let refused = ours.is_err() && theirs.is_err();
        let code =
            |answer: &Result<Document, Refusal>| answer.as_ref().err().map_or(0, |refusal| refusal.code);
        let codes = (code(&ours), code(&theirs));
        // Of several documents that are refused the plan decides which one is told.
        let mut found = if refused && case.halfway { None } else { difference(case.manner, &ours, &theirs) };
        let mut after = None;
        if case.writes && found.is_none() && !(refused && case.halfway) {
            let kept = Manner { any_number_type: case.manner.any_number_type, ..Manner::default() };
            for collection in TARGETS {
                let all = doc! { "find": collection, "sort": { "_id": 1 }, "batchSize": 100_000 };
                let (ours, theirs) = (self.ours.run(&all).await, self.theirs.run(&all).await);
                found = found.or_else(|| {
                    difference(kept, &ours, &theirs).map(|text| format!("then {collection}:\n{text}"))
                });
                if collection == "docs" {
                    after = ours.ok().map(|reply| batch(&reply));
                }
            }
        }
        Outcome { difference: found, codes, refused, after }
    }
}

/// The documents of a reply.
pub(super) fn batch(reply: &Document) -> Vec<Document> {
    let items = reply.get_document("cursor").and_then(|cursor| cursor.get_array("firstBatch"));
    items
        .map(|items| items.iter().filter_map(|item| item.as_document().cloned()).collect())
        .unwrap_or_default()
}
