//! Random commands over random documents, to this engine and to MongoDB's own.
//!
//! The seed is fresh in each run and printed; `WHIMBREL_TEST_SEED` repeats a run, and `WHIMBREL_TEST_CASES` makes it longer.

mod documents;
mod exclusions;
mod expressions;
mod filters;
mod indexes;
mod pipelines;
mod random;
mod reads;
mod scene;
mod shrink;
mod signatures;
mod updates;
mod validators;
mod verdict;

use std::time::SystemTime;

use bson::{Document, doc};

use super::embedded::Embedded;
use super::server::Server;
use documents::Temper;
use pipelines::Pipelines;
use random::Random;
use scene::{Generated, OTHER, Scene, Sides, batch};
use updates::Updates;
use verdict::is_fresh;

/// Cases of an everyday run.
const CASES: usize = 2_000;
/// Cases over the same documents.
const CASES_OF_A_SCENE: usize = 40;
/// Failures that are made small and printed.
const MOST_FAILURES: usize = 8;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} has to be a number, not {text}")))
}

/// What the cases of a scene are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Theme {
    Reads,
    Writes,
    /// Writes into a collection with a validator.
    Validated,
}

/// What a run has seen.
struct Run {
    random: Random,
    sides: Sides,
    cases: usize,
    queries: usize,
    partial: usize,
    refused: usize,
    failures: Vec<String>,
}

impl Run {
    async fn scene(&mut self, theme: Theme) -> Scene {
        let random = &mut self.random;
        let temper = if random.chance(60) { Temper::Tame } else { Temper::Wild };
        let count = random.between(12, 30);
        let documents = (0..count).map(|id| documents::document(random, temper, id)).collect();
        let others =
            (0..random.between(3, 9)).map(|id| documents::document(random, Temper::Tame, id)).collect();
        let indexes = if random.chance(70) { indexes::indexes(random) } else { Vec::new() };
        let mut scene = Scene { documents, others, indexes, validator: None };
        if theme == Theme::Validated {
            let (filter, _) = self.filter(&scene).await;
            scene.validator = Some(validators::validator(&mut self.random, filter));
        }
        self.random.keep();
        scene
    }

    /// A filter that returns some but not all documents, mostly, and whether it does.
    async fn filter(&mut self, scene: &Scene) -> (Document, bool) {
        let mut draws = 0;
        loop {
            let mut filters = filters::Filters { random: &mut self.random, documents: &scene.documents };
            let filter = filters.filter(2);
            let all =
                doc! { "find": "docs", "filter": &filter, "projection": { "_id": 1 }, "batchSize": 100_000 };
            let found = self.sides.ours.run(&all).await;
            let partial = found.is_ok_and(|reply| (1..scene.documents.len()).contains(&batch(&reply).len()));
            draws += 1;
            if partial || draws == reads::MOST_DRAWS || self.random.chance(8) {
                return (filter, partial);
            }
            self.random.discard();
        }
    }

    /// A filter that counts as a query of the run.
    async fn query(&mut self, scene: &Scene) -> Document {
        let (filter, partial) = self.filter(scene).await;
        self.queries += 1;
        self.partial += usize::from(partial);
        filter
    }

    async fn case(&mut self, theme: Theme, scene: &Scene) -> Generated {
        match theme {
            Theme::Reads => match self.random.below(10) {
                0..=3 => reads::compute(&mut self.random, &scene.documents),
                4..=5 => {
                    let filter = if self.random.chance(60) { Some(self.query(scene).await) } else { None };
                    Pipelines {
                        random: &mut self.random,
                        ordered: true,
                        any_number_type: false,
                        reads_other: false,
                        writes_whole: false,
                        joined: None,
                        repeats: false,
                    }
                    .aggregate(filter)
                }
                _ => {
                    let filter = self.query(scene).await;
                    reads::read(&mut self.random, &scene.documents, filter)
                }
            },
            Theme::Writes | Theme::Validated => {
                let filter = self.query(scene).await;
                let mut updates = Updates { random: &mut self.random, documents: &scene.documents };
                if theme == Theme::Validated && scene.documents.len().is_multiple_of(2) {
                    updates.insert()
                } else {
                    updates.write(filter)
                }
            }
        }
    }

    async fn play(&mut self, theme: Theme, scene: &Scene) {
        let mut scene = scene.clone();
        for _ in 0..CASES_OF_A_SCENE {
            if scene.documents.is_empty() {
                return;
            }
            let case = self.case(theme, &scene).await;
            self.random.keep();
            self.cases += 1;
            let outcome = self.sides.play(&case).await;
            self.refused += usize::from(outcome.refused);
            if let Some(text) = outcome.difference {
                // What follows would mostly differ for the same reason.
                return self.report(&scene, &case, &text).await;
            } else if case.writes {
                match outcome.after {
                    Some(after) if case.kind != "aggregate" && !is_fresh(&after) => scene.documents = after,
                    _ => _ = self.sides.set(&mut scene).await,
                }
            }
        }
    }

    async fn report(&mut self, scene: &Scene, case: &Generated, text: &str) {
        if self.failures.len() >= MOST_FAILURES {
            self.failures.push(String::new());
            return;
        }
        let small = shrink::shrink(&self.sides, scene, case).await;
        let (scene, case, text) = match &small {
            Some((scene, case, text)) => (scene, case, text.as_str()),
            None => (scene, case, text),
        };
        let documents: Vec<String> =
            scene.documents.iter().map(|document| format!("    {document}")).collect();
        let failure = format!(
            "[{}] {}\n{text}\n  indexes: {:?}\n  validator: {:?}\n  docs:\n{}\n  {OTHER}: {:?}{}",
            case.kind,
            case.command,
            scene.indexes.iter().map(ToString::to_string).collect::<Vec<_>>(),
            scene.validator.as_ref().map(ToString::to_string),
            documents.join("\n"),
            scene.others.iter().map(ToString::to_string).collect::<Vec<_>>(),
            if small.is_some() { "" } else { "\n  (only after what ran before)" }
        );
        println!("{failure}\n");
        self.failures.push(failure);
    }
}

/// Every kind that a run has to draw, by its family.
fn kinds() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        ("accumulator", pipelines::ACCUMULATORS.to_vec()),
        ("command", reads::READS.to_vec()),
        ("expression", expressions::operators()),
        ("filter", filters::OPERATORS.to_vec()),
        ("index", indexes::INDEXES.to_vec()),
        ("projection", reads::PROJECTIONS.to_vec()),
        ("schema", [&validators::KEYWORDS[..], &exclusions::ONLY_VALIDATING].concat()),
        ("sort", reads::SORTS.to_vec()),
        ("stage", pipelines::STAGES.to_vec()),
        ("update", updates::UPDATES.to_vec()),
        ("value", documents::VALUES.to_vec()),
        ("write", updates::WRITES.to_vec()),
    ]
}

fn never_drawn(random: &Random) -> Vec<(&'static str, &'static str)> {
    let all =
        kinds().into_iter().flat_map(|(family, kinds)| kinds.into_iter().map(move |kind| (family, kind)));
    all.filter(|drawn| !random.drawn.contains_key(drawn)).collect()
}

#[tokio::test]
async fn generated_commands_are_answered_alike() {
    let fresh = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_micros();
    let seed = number("WHIMBREL_TEST_SEED").unwrap_or(u64::try_from(fresh).expect("before the year 500,000"));
    let wanted =
        number("WHIMBREL_TEST_CASES").map_or(CASES, |cases| usize::try_from(cases).expect("a count"));
    println!("WHIMBREL_TEST_SEED={seed} repeats this run");
    println!("{}", verdict::rules());
    let theirs = Server::start("generated").await;
    let sides = Sides { ours: Embedded::named(theirs.name()), theirs };
    let mut run = Run {
        random: Random::new(seed),
        sides,
        cases: 0,
        queries: 0,
        partial: 0,
        refused: 0,
        failures: Vec::new(),
    };
    let mut scenes = 0usize;
    while run.cases < wanted {
        let theme = match scenes % 4 {
            1 => Theme::Writes,
            3 => Theme::Validated,
            _ => Theme::Reads,
        };
        scenes += 1;
        let mut scene = run.scene(theme).await;
        if let Some(text) = run.sides.set(&mut scene).await {
            println!("{text}\n");
            run.failures.push(text);
            run.cases += 1;
            continue;
        }
        run.play(theme, &scene).await;
    }
    for ((family, kind), count) in &run.random.drawn {
        println!("  {count:6} {family} {kind}");
    }
    println!(
        "{} cases, {} refused by both, {} queries of which {} return some but not all documents",
        run.cases, run.refused, run.queries, run.partial
    );
    run.sides.theirs.stop().await;
    let missing = never_drawn(&run.random);
    assert!(run.failures.is_empty(), "seed {seed}: {} of {} cases differ", run.failures.len(), run.cases);
    assert!(run.partial * 2 > run.queries, "only {} of {} queries are partial", run.partial, run.queries);
    assert!(missing.is_empty(), "never drawn: {missing:?}");
}
