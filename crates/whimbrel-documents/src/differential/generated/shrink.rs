//! Making a failing case small: whatever can go while the answers still differ goes.

use bson::{Bson, Document};

use super::scene::{Generated, Scene, Sides};

/// How many smaller cases are tried.
const TRIALS: usize = 400;

/// A smaller scene and case that differ too, and how.
pub(super) async fn shrink(
    sides: &Sides,
    scene: &Scene,
    case: &Generated,
) -> Option<(Scene, Generated, String)> {
    let mut scene = scene.clone();
    let mut case = case.clone();
    sides.set(&mut scene).await;
    let first = sides.play(&case).await;
    let mut text = first.difference?;
    let mut search = Search { sides, codes: first.codes, trials: 0 };
    loop {
        let mut smaller = false;
        for candidate in fewer_documents(&scene) {
            if let Some(found) = search.differs(&candidate, &case).await {
                (scene, text, smaller) = (candidate, found, true);
                break;
            }
        }
        sides.set(&mut scene.clone()).await;
        for command in without_one(&case.command) {
            let candidate = Generated { command, ..case.clone() };
            if let Some(found) = search.differs_here(&scene, &candidate).await {
                (case, text, smaller) = (candidate, found, true);
                break;
            }
        }
        if !smaller || search.trials > TRIALS {
            return Some((scene, case, text));
        }
    }
}

struct Search<'s> {
    sides: &'s Sides,
    codes: (i32, i32),
    trials: usize,
}

impl Search<'_> {
    /// Whether a case differs in the same way over another scene, which is set first.
    async fn differs(&mut self, scene: &Scene, case: &Generated) -> Option<String> {
        if self.trials > TRIALS {
            return None;
        }
        // A scene that the two sides do not hold alike says nothing about the case.
        match self.sides.set(&mut scene.clone()).await {
            Some(_) => None,
            None => self.try_once(case).await,
        }
    }

    /// Whether another case differs in the same way over the scene that is set.
    async fn differs_here(&mut self, scene: &Scene, case: &Generated) -> Option<String> {
        if case.writes {
            return self.differs(scene, case).await;
        }
        if self.trials > TRIALS { None } else { self.try_once(case).await }
    }

    async fn try_once(&mut self, case: &Generated) -> Option<String> {
        self.trials += 1;
        let outcome = self.sides.play(case).await;
        outcome.difference.filter(|_| outcome.codes == self.codes)
    }
}

fn fewer_documents(scene: &Scene) -> Vec<Scene> {
    let mut candidates = Vec::new();
    let half = scene.documents.len() / 2;
    if half > 0 {
        candidates.push(Scene { documents: scene.documents[..half].to_vec(), ..scene.clone() });
        candidates.push(Scene { documents: scene.documents[half..].to_vec(), ..scene.clone() });
    }
    if !scene.indexes.is_empty() {
        candidates.push(Scene { indexes: Vec::new(), ..scene.clone() });
    }
    if let Some(validator) = &scene.validator {
        for smaller in without_one_in(&Bson::Document(validator.clone())) {
            let Bson::Document(validator) = smaller else { continue };
            candidates
                .push(Scene { validator: Some(validator).filter(|it| !it.is_empty()), ..scene.clone() });
        }
    }
    if !scene.others.is_empty() {
        candidates.push(Scene { others: Vec::new(), ..scene.clone() });
    }
    for at in 0..scene.documents.len() {
        let mut fewer = scene.clone();
        fewer.documents.remove(at);
        candidates.push(fewer);
    }
    if scene.documents.len() == 1 {
        let keys: Vec<String> = scene.documents[0].keys().filter(|key| *key != "_id").cloned().collect();
        for key in keys {
            let mut fewer = scene.clone();
            fewer.documents[0].remove(&key);
            candidates.push(fewer);
        }
    }
    candidates
}

/// Every document that lacks one field or item somewhere, but for the command's name.
fn without_one(command: &Document) -> Vec<Document> {
    let mut candidates = Vec::new();
    for (at, (key, value)) in command.iter().enumerate() {
        if at > 0 && key != "cursor" && key != "batchSize" {
            let mut without = command.clone();
            without.remove(key);
            candidates.push(without);
        }
        for inner in without_one_in(value) {
            let mut changed = command.clone();
            changed.insert(key, inner);
            candidates.push(changed);
        }
    }
    candidates
}

fn without_one_in(value: &Bson) -> Vec<Bson> {
    let mut candidates = Vec::new();
    match value {
        Bson::Document(document) => {
            for (key, value) in document {
                // A sort without the _id leaves its order open.
                if key != "_id" {
                    let mut without = document.clone();
                    without.remove(key);
                    candidates.push(Bson::Document(without));
                }
                for inner in without_one_in(value) {
                    let mut changed = document.clone();
                    changed.insert(key, inner);
                    candidates.push(Bson::Document(changed));
                }
            }
        }
        Bson::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                let mut without = items.clone();
                without.remove(at);
                candidates.push(Bson::Array(without));
                for inner in without_one_in(value) {
                    let mut changed = items.clone();
                    changed[at] = inner;
                    candidates.push(Bson::Array(changed));
                }
            }
        }
        _ => {}
    }
    candidates
}
