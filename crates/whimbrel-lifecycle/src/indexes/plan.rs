//! What takes the indexes that stand to those that are meant to.

use std::collections::BTreeMap;
use std::time::Duration;

use bson::{Document, doc};
use serde::Serialize;
use whimbrel_schema::catalog::QualifiedName;
use whimbrel_schema::ddl;
use whimbrel_schema::document::CollectionIndex;
use whimbrel_schema::operation::Operation;

use super::compare::{Compared, Found, REPLACEMENT};
use super::definition::{Definition, change_command, create_command, shell_words};
use super::obstacle::{self, Obstacle};
use super::{IndexState, IndexStatus};
use crate::declared::DeclaredSchema;
use crate::error::Result;
use crate::session::Session;

/// The key in `whimbrel_state` under which stands when an index was hidden that is to be dropped.
pub(super) const HIDDEN: &str = "hidden_indexes";

/// What may be done beyond building what is missing.
#[derive(Clone, Copy, Debug)]
pub struct Manage {
    /// Whether indexes are dropped that neither schema nor migrations know.
    pub drop_unmanaged: bool,
    /// How long such an index is hidden before it is dropped, where the database can hide one.
    pub watch: Duration,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Builds an index.
    Build,
    /// Builds an index anew in the place of one that is wrong or invalid.
    Rebuild,
    /// Gives an index its name.
    Rename,
    /// Changes how an index is treated.
    Change,
    /// Hides an index from the planner, to be dropped later.
    Hide,
    /// Drops an index.
    Drop,
}

impl Action {
    /// The action in a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Build => "build",
            Action::Rebuild => "rebuild",
            Action::Rename => "rename",
            Action::Change => "change",
            Action::Hide => "hide",
            Action::Drop => "drop",
        }
    }
}

/// What a step runs.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// Statements, each by itself.
    Outside(Vec<String>),
    /// Statements in one transaction.
    Together(Vec<String>),
    /// Commands, each by itself.
    Commands(Vec<Document>),
}

/// One step.
#[derive(Clone, Debug, Serialize)]
pub struct IndexStep {
    /// The table or collection.
    pub table: String,
    /// The index.
    pub index: String,
    /// What it does.
    pub action: Action,
    /// Why, in words.
    pub why: String,
    /// What it runs, in the server's words.
    pub statements: Vec<String>,
    /// What undoes it, in the server's words; empty where `index plan` itself would do it again.
    pub undo: Vec<String>,
    /// What stands in its way; such a step is left out.
    pub obstacle: Option<Obstacle>,
    #[serde(skip)]
    pub(super) work: Work,
}

/// What is to be done, and what is left.
#[derive(Clone, Debug, Serialize)]
pub struct IndexPlan {
    /// The steps in order.
    pub steps: Vec<IndexStep>,
    /// What is left as it is, in words.
    pub left: Vec<String>,
}

impl IndexPlan {
    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// How many steps have something in their way.
    #[must_use]
    pub fn obstacles(&self) -> usize {
        self.steps.iter().filter(|step| step.obstacle.is_some()).count()
    }
}

/// Makes a plan. Changes nothing.
///
/// # Errors
/// As [`super::status`].
pub async fn plan(session: &mut Session<'_>, declared: &DeclaredSchema, manage: Manage) -> Result<IndexPlan> {
    let compared = Compared::read(session, declared).await?;
    Planner::new(session, compared, manage).await?.plan(session).await
}

/// Makes a plan of a comparison.
pub(super) struct Planner {
    compared: Compared,
    manage: Manage,
    /// Whether statements can run that let writers go on.
    concurrently: bool,
    /// Whether an index of the same deployment can be hidden and changed.
    can_hide: bool,
    can_change: bool,
    /// When an index was hidden, in seconds since 1970, by table and name.
    hidden: BTreeMap<String, i64>,
    now: i64,
}

impl Planner {
    pub(super) async fn new(session: &mut Session<'_>, compared: Compared, manage: Manage) -> Result<Self> {
        let concurrently =
            session.engine.relational().is_some_and(|relational| relational.outside_transactions().is_some());
        let deployment =
            session.engine.documents().map(|documents| documents.commands().deployment().clone());
        let can_change = deployment.as_ref().is_some_and(|deployment| deployment.collection_changes);
        let can_hide = can_change && deployment.as_ref().is_some_and(|deployment| deployment.hidden_indexes);
        let hidden = hidden(session).await?;
        let now = jiff::Timestamp::now().as_second();
        Ok(Planner { compared, manage, concurrently, can_hide, can_change, hidden, now })
    }

    pub(super) async fn plan(self, session: &mut Session<'_>) -> Result<IndexPlan> {
        let mut plan = IndexPlan { steps: Vec::new(), left: Vec::new() };
        for found in &self.compared.found {
            let name = format!("{}.{}", found.table, found.definition.name());
            match found.state {
                IndexState::Present => {}
                IndexState::Unmigrated => plan.left.push(format!(
                    "{name} is declared, and no migration makes it: `whimbrel migrate create --auto --name …`"
                )),
                IndexState::Unmanaged => self.unmanaged(found, &mut plan)?,
                _ if self.compared.lacks_table(&found.table) => {
                    plan.left.push(format!("{name}: there is no {}", found.table));
                }
                _ => {
                    let mut step = self.repair(found)?;
                    step.obstacle = self.obstacle(session, found, &step).await?;
                    plan.steps.push(step);
                }
            }
        }
        Ok(plan)
    }

    /// What makes an index what it is meant to be.
    fn repair(&self, found: &Found) -> Result<IndexStep> {
        let why = match found.state {
            IndexState::Different => {
                let standing = found.standing.as_ref().map(Definition::words).unwrap_or_default();
                format!("it stands as {standing}, and is meant to be {}", found.definition.words())
            }
            IndexState::Renamed => {
                let standing = found.standing.as_ref().map_or("", Definition::name);
                format!("it stands as {standing}")
            }
            IndexState::Building => "another session builds it, and is waited for".to_owned(),
            IndexState::Invalid => "its build failed, and it answers nothing".to_owned(),
            IndexState::Hidden => "it is hidden, and the planner does not see it".to_owned(),
            _ => "it is missing".to_owned(),
        };
        let (action, work) = match &found.definition {
            Definition::Relational(index) => self.repair_table(found, index)?,
            Definition::Document(index) => self.repair_collection(found, index)?,
        };
        Ok(step(found, action, why, work))
    }

    fn repair_table(
        &self,
        found: &Found,
        index: &whimbrel_schema::catalog::IndexDefinition,
    ) -> Result<(Action, Work)> {
        let table = &found.table;
        let rename = |from: &str| {
            ddl::statements(&Operation::RenameIndex {
                table: table.clone(),
                from: from.to_owned(),
                to: index.name.clone(),
            })
        };
        let index = &whimbrel_schema::catalog::IndexDefinition { invalid: false, ..index.clone() };
        let build = ddl::index_build(table, index, self.concurrently);
        let removal = |name: &str| ddl::index_removal(table, name, self.concurrently);
        let (action, statements) = match found.state {
            IndexState::Renamed => {
                let standing = found.standing.as_ref().map_or("", Definition::name);
                (Action::Rename, rename(standing))
            }
            IndexState::Different if self.concurrently => {
                let replacement = format!("{}{REPLACEMENT}", index.name);
                let other =
                    whimbrel_schema::catalog::IndexDefinition { name: replacement.clone(), ..index.clone() };
                let mut statements = vec![ddl::index_build(table, &other, true), removal(&index.name)];
                statements.extend(rename(&replacement));
                (Action::Rebuild, statements)
            }
            IndexState::Different => (Action::Rebuild, vec![removal(&index.name), build]),
            // What is invalid is cleared away before it is built anew.
            IndexState::Invalid => (Action::Rebuild, vec![build]),
            _ => (Action::Build, vec![build]),
        };
        let work = if self.concurrently { Work::Outside(statements) } else { Work::Together(statements) };
        Ok((action, work))
    }

    fn repair_collection(&self, found: &Found, index: &CollectionIndex) -> Result<(Action, Work)> {
        let collection = &found.table.name;
        let build = create_command(collection, index)?;
        let removal = |name: &str| doc! { "dropIndexes": collection, "index": name };
        let standing = match &found.standing {
            Some(Definition::Document(standing)) => standing,
            _ => return Ok((Action::Build, Work::Commands(vec![build]))),
        };
        if found.state == IndexState::Building {
            return Ok((Action::Build, Work::Commands(vec![build])));
        }
        if self.can_change && found.state == IndexState::Hidden {
            let command = change_command(collection, &index.name, "hidden", index.hidden);
            return Ok((Action::Change, Work::Commands(vec![command])));
        }
        let but_expiry =
            CollectionIndex { expire_after_seconds: index.expire_after_seconds, ..standing.clone() };
        if let Some(seconds) = index.expire_after_seconds.filter(|_| {
            self.can_change && standing.expire_after_seconds.is_some() && index.is_same_but_name(&but_expiry)
        }) {
            let command = change_command(collection, &standing.name, "expireAfterSeconds", seconds);
            return Ok((Action::Change, Work::Commands(vec![command])));
        }
        // Two indexes of one definition cannot stand side by side, nor two under one name.
        Ok((Action::Rebuild, Work::Commands(vec![removal(&standing.name), build])))
    }

    async fn obstacle(
        &self,
        session: &mut Session<'_>,
        found: &Found,
        step: &IndexStep,
    ) -> Result<Option<Obstacle>> {
        if !matches!(step.action, Action::Build | Action::Rebuild) {
            return Ok(None);
        }
        match (&found.definition, &self.compared.catalog) {
            (Definition::Relational(index), Some(catalog)) => {
                let build = ddl::index_build(&found.table, index, false);
                obstacle::of_statement(session, catalog, &build).await
            }
            (Definition::Document(index), _) => {
                let standing = self.compared.standing_beside(found);
                let commands = session.documents()?.commands();
                obstacle::of_collection(&commands, &found.table.name, index, &standing).await
            }
            _ => Ok(None),
        }
    }

    /// An index that nobody manages: hidden first where that can be, and dropped when it was hidden for long enough.
    fn unmanaged(&self, found: &Found, plan: &mut IndexPlan) -> Result<()> {
        let name = format!("{}.{}", found.table, found.definition.name());
        // What is left of a build of our own is cleared away without being asked.
        let is_ours = found.definition.name().ends_with(REPLACEMENT);
        if found.usage.as_ref().is_some_and(|usage| usage.build.is_some()) {
            plan.left.push(format!("{name} is not managed, and is being built"));
            return Ok(());
        }
        if !self.manage.drop_unmanaged && !is_ours {
            plan.left.push(format!("{name} is not managed: --drop-unmanaged drops it"));
            return Ok(());
        }
        let uses = found.usage.as_ref().and_then(|usage| usage.uses);
        let used = uses.map_or_else(String::new, |uses| format!(", used {uses} times"));
        let undo = self.remaking(found)?;
        if !self.can_hide || self.manage.watch.is_zero() {
            plan.steps.push(self.drop(found, format!("neither schema nor migrations know it{used}"), undo));
            return Ok(());
        }
        let watch = i64::try_from(self.manage.watch.as_secs()).unwrap_or(i64::MAX);
        let since = self.hidden.get(&name).filter(|_| found.definition.is_hidden());
        match since.map(|since| self.now.saturating_sub(*since)) {
            Some(hidden) if hidden >= watch => {
                let why = format!("it was hidden for {}{used}", words_of(hidden));
                plan.steps.push(self.drop(found, why, undo));
            }
            Some(hidden) => plan.left.push(format!(
                "{name} is hidden since {}, and is dropped {} from now",
                words_of(hidden),
                words_of(watch - hidden)
            )),
            None => {
                let collection = &found.table.name;
                let change = |hidden| change_command(collection, found.definition.name(), "hidden", hidden);
                let why = format!(
                    "neither schema nor migrations know it{used}; it is dropped after {} without it",
                    words_of(watch)
                );
                let mut step = step(found, Action::Hide, why, Work::Commands(vec![change(true)]));
                step.undo = vec![shell_words(&change(false))];
                plan.steps.push(step);
            }
        }
        Ok(())
    }

    fn drop(&self, found: &Found, why: String, undo: Vec<String>) -> IndexStep {
        let name = found.definition.name();
        let work = match &found.definition {
            Definition::Relational(_) => {
                let statement = ddl::index_removal(&found.table, name, self.concurrently);
                if self.concurrently {
                    Work::Outside(vec![statement])
                } else {
                    Work::Together(vec![statement])
                }
            }
            Definition::Document(_) => {
                Work::Commands(vec![doc! { "dropIndexes": &found.table.name, "index": name }])
            }
        };
        IndexStep { undo, ..step(found, Action::Drop, why, work) }
    }

    /// What makes an index again that is dropped.
    fn remaking(&self, found: &Found) -> Result<Vec<String>> {
        Ok(match &found.definition {
            Definition::Relational(index) => vec![ddl::index_build(&found.table, index, self.concurrently)],
            Definition::Document(index) => {
                let shown = CollectionIndex { hidden: false, ..index.clone() };
                vec![shell_words(&create_command(&found.table.name, &shown)?)]
            }
        })
    }
}

fn step(found: &Found, action: Action, why: String, work: Work) -> IndexStep {
    let statements = match &work {
        Work::Outside(statements) | Work::Together(statements) => statements.clone(),
        Work::Commands(commands) => commands.iter().map(shell_words).collect(),
    };
    IndexStep {
        table: found.table.to_string(),
        index: found.definition.name().to_owned(),
        action,
        why,
        statements,
        undo: Vec::new(),
        obstacle: None,
        work,
    }
}

impl Compared {
    /// Whether a table is not there.
    fn lacks_table(&self, table: &QualifiedName) -> bool {
        self.catalog.as_ref().is_some_and(|catalog| catalog.table(table).is_none())
    }

    /// The other indexes that stand on the same collection.
    fn standing_beside(&self, found: &Found) -> Vec<CollectionIndex> {
        let others = self
            .found
            .iter()
            .filter(|other| other.table == found.table && other.definition.name() != found.definition.name());
        others
            .filter_map(|other| match &other.standing {
                Some(Definition::Document(index)) => Some(index.clone()),
                _ => None,
            })
            .collect()
    }
}

impl IndexStatus {
    /// Whether `index plan` has something to say.
    #[must_use]
    pub fn needs_plan(&self) -> bool {
        self.indexes.iter().any(|line| line.state != IndexState::Present)
    }
}

/// When indexes were hidden that are to be dropped.
pub(super) async fn hidden(session: &mut Session<'_>) -> Result<BTreeMap<String, i64>> {
    let recorded = session.engine.recorded(HIDDEN).await?;
    Ok(recorded.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// A time in its largest unit: `3 hours`.
fn words_of(seconds: i64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (size, unit) = units.into_iter().find(|(size, _)| seconds >= *size).unwrap_or((1, "second"));
    let number = seconds / size;
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}
