//! The document side of comparing and creating: what is declared, what the migrations left, and what stands.

use std::collections::BTreeSet;

use serde_json::Value;
use whimbrel_schema::catalog::{QualifiedName, Unmanaged, UnmanagedKind};
use whimbrel_schema::document::{
    self, Collection, DocumentCatalog, DocumentOperation, DocumentRename, FieldPath, Intent, PathPart,
};

use crate::compare::Comparison;
use crate::declared::DeclaredSchema;
use crate::error::{LifecycleError, Result};
use crate::migration::{Folder, MigrationError, State};
use crate::report::IndexSummary;
use crate::session::Session;

/// What takes the migrations' result to the declaration.
#[derive(Clone, Debug)]
pub(crate) struct PendingDocuments {
    pub(crate) operations: Vec<DocumentOperation>,
    pub(crate) possible_renames: Vec<String>,
}

/// The catalogues that a comparison needs besides the declared one.
#[derive(Clone, Debug)]
pub(crate) struct DocumentCatalogs {
    /// What stands, whole.
    pub(crate) present: DocumentCatalog,
    /// What the newest migration left, whole; `present` where nothing was recorded.
    pub(crate) reached: DocumentCatalog,
    /// The names of the collections that the project manages.
    managed: BTreeSet<String>,
}

impl DocumentCatalogs {
    /// Reads both.
    ///
    /// # Errors
    /// The engine cannot read.
    pub(crate) async fn read(
        session: &mut Session<'_>,
        declared: &DeclaredSchema,
        folder: &Folder,
        state: &State<'_>,
    ) -> Result<Self> {
        let before = DeclaredSchema::of_revision(folder, state.current().as_ref())?;
        let reached: Option<DocumentCatalog> = session.reached(state.applied()).await?;
        let present = session.documents()?.introspect().await?;
        let reached = reached.unwrap_or_else(|| present.clone());
        let managed = managed(declared, before.as_ref(), &[]);
        Ok(DocumentCatalogs { present, reached, managed })
    }

    /// What the project manages of a catalogue.
    pub(crate) fn managed_part_of(&self, catalog: &DocumentCatalog) -> DocumentCatalog {
        part_of(catalog, &self.managed)
    }
}

/// Compares what is declared, what the newest migration left, and what stands.
pub(crate) async fn compare(
    session: &mut Session<'_>,
    declared: &DeclaredSchema,
    folder: &Folder,
    state: &State<'_>,
) -> Result<Comparison> {
    let DocumentCatalogs { present, reached, managed } =
        DocumentCatalogs::read(session, declared, folder, state).await?;
    let changes = document::differences(&part_of(&reached, &managed), &declared.documents, &declared.intent)?;
    let ours = names(&reached).chain(managed.iter().cloned()).collect();
    let drift = if reached.is_same(&present) {
        Vec::new()
    } else {
        words(&document::diff(&part_of(&reached, &ours), &part_of(&present, &ours), &Intent::default())?)
    };
    Ok(Comparison {
        undeclared_changes: words(&changes),
        drift,
        unmanaged: unmanaged(&present, &managed),
        not_compared: Vec::new(),
        indexes: index_summary(&declared.documents, &present),
        scope: session.scope(&[]),
    })
}

/// The difference between what the migrations left and what is declared. The database must be up to date with
/// the files.
pub(crate) async fn pending(
    session: &mut Session<'_>,
    declared: &DeclaredSchema,
    given: &[String],
) -> Result<PendingDocuments> {
    let folder = session.folder()?;
    let previous = DeclaredSchema::of_revision(&folder, None)?;
    let state = session.state(&folder).await?;
    if let Some(first) = state.pending().first() {
        let (count, first) = (state.pending().len(), first.file_name.clone());
        return Err(MigrationError::Pending { count, first }.into());
    }
    let reached = match session.reached(state.applied()).await? {
        Some(reached) => reached,
        None => session.documents()?.introspect().await?,
    };
    let mut intent = declared.intent.clone();
    for rename in given {
        intent.renames.push(parse_rename(rename, &declared.documents)?);
    }
    let managed = managed(declared, previous.as_ref(), &intent.renames);
    let operations = document::differences(&part_of(&reached, &managed), &declared.documents, &intent)?;
    let possible_renames = possible_renames(&operations, &declared.documents);
    Ok(PendingDocuments { operations, possible_renames })
}

/// Operations in plain words.
pub(crate) fn words(operations: &[DocumentOperation]) -> Vec<String> {
    operations.iter().map(DocumentOperation::summary).collect()
}

/// The names that a project manages: what it declares, what it declared before, and what it renames.
fn managed(
    declared: &DeclaredSchema,
    before: Option<&DeclaredSchema>,
    renames: &[DocumentRename],
) -> BTreeSet<String> {
    let earlier = before.into_iter().flat_map(|before| names(&before.documents));
    let renamed = declared.intent.renames.iter().chain(renames).filter_map(|rename| match rename {
        DocumentRename::Collection { from, .. } => Some(from.clone()),
        _ => None,
    });
    names(&declared.documents).chain(earlier).chain(renamed).collect()
}

fn names(catalog: &DocumentCatalog) -> impl Iterator<Item = String> {
    catalog.collections.iter().map(|collection| collection.name.clone())
}

fn part_of(catalog: &DocumentCatalog, names: &BTreeSet<String>) -> DocumentCatalog {
    let ours = catalog.collections.iter().filter(|collection| names.contains(&collection.name));
    DocumentCatalog { collections: ours.cloned().collect(), views: Vec::new() }
}

fn unmanaged(present: &DocumentCatalog, managed: &BTreeSet<String>) -> Vec<Unmanaged> {
    let object = |kind, name: &str| Unmanaged { kind, name: QualifiedName::plain(name) };
    let others = present.collections.iter().filter(|collection| !managed.contains(&collection.name));
    let mut found: Vec<Unmanaged> =
        others.map(|collection| object(UnmanagedKind::Collection, &collection.name)).collect();
    found.extend(present.views.iter().map(|view| object(UnmanagedKind::View, view)));
    found.sort();
    found
}

fn index_summary(declared: &DocumentCatalog, present: &DocumentCatalog) -> IndexSummary {
    let mut summary = IndexSummary::default();
    for collection in &declared.collections {
        summary.declared += collection.indexes.len();
        let standing = present.collection(&collection.name);
        let standing = standing.map(|standing| standing.indexes.as_slice()).unwrap_or_default();
        for index in &collection.indexes {
            if !standing.iter().any(|candidate| candidate.has_identity_of(index)) {
                summary.missing.push(format!("{}.{}", collection.name, index.name));
            }
        }
        for index in standing {
            if !collection.indexes.iter().any(|declared| declared.has_identity_of(index)) {
                summary.unmanaged.push(format!("{}.{}", collection.name, index.name));
            }
        }
    }
    summary
}

/// A dropped thing beside an added one of the same shape.
fn possible_renames(operations: &[DocumentOperation], desired: &DocumentCatalog) -> Vec<String> {
    let mut found = Vec::new();
    for operation in operations {
        match operation {
            DocumentOperation::DropCollection { collection: dropped } => {
                found.extend(operations.iter().filter_map(|other| match other {
                    DocumentOperation::CreateCollection { collection: made } if is_alike(dropped, made) => {
                        Some(format!("{}:{}", dropped.name, made.name))
                    }
                    _ => None,
                }));
            }
            DocumentOperation::RemoveField { collection, path } => {
                found.extend(new_fields(operations, desired, collection, path));
            }
            _ => {}
        }
    }
    found
}

fn is_alike(one: &Collection, other: &Collection) -> bool {
    match (&one.validator, &other.validator) {
        (Some(one), Some(other)) => document::is_same(&one.rule, &other.rule),
        _ => false,
    }
}

/// The fields that the declaration adds where one is removed, and that have its types.
fn new_fields(
    operations: &[DocumentOperation],
    desired: &DocumentCatalog,
    collection: &str,
    removed: &FieldPath,
) -> Vec<String> {
    let Some((PathPart::Field(name), outer)) = removed.parts().split_last() else { return Vec::new() };
    let before = operations.iter().find_map(|operation| match operation {
        DocumentOperation::SetValidator { collection: same, from: Some(from), .. } if same == collection => {
            properties(&from.rule, outer)
        }
        _ => None,
    });
    let rule = desired.collection(collection).and_then(|wanted| wanted.validator.as_ref());
    let after = rule.and_then(|validator| properties(&validator.rule, outer));
    let (Some(before), Some(after)) = (before, after) else { return Vec::new() };
    let removed_type = before.get(name).and_then(|shape| shape.get("bsonType"));
    let added = after.iter().filter(|(added, shape)| {
        !before.contains_key(*added) && removed_type.is_some() && shape.get("bsonType") == removed_type
    });
    added.map(|(added, _)| format!("{collection}.{}:{added}", removed.dotted())).collect()
}

/// The properties that a validator gives the fields within a path.
fn properties<'v>(rule: &'v Value, path: &[PathPart]) -> Option<&'v serde_json::Map<String, Value>> {
    let mut shape = schema_of(rule)?;
    for part in path {
        shape = match part {
            PathPart::Field(name) => shape.get("properties")?.get(name)?,
            PathPart::Each => shape.get("items")?,
        };
    }
    shape.get("properties")?.as_object()
}

/// The `$jsonSchema` of a validator's rule, which may stand beside other conditions.
fn schema_of(rule: &Value) -> Option<&Value> {
    let own = rule.get("$jsonSchema");
    own.or_else(|| rule.get("$and")?.as_array()?.iter().find_map(|part| part.get("$jsonSchema")))
}

/// Reads `--rename old:new` or `--rename collection.path.old:new`.
fn parse_rename(given: &str, declared: &DocumentCatalog) -> Result<DocumentRename> {
    let bad = |what: &str| LifecycleError::BadRename { given: given.to_owned(), what: what.to_owned() };
    let (old, new) =
        given.split_once(':').ok_or_else(|| bad("there is no `:` between the old and the new name"))?;
    let to = new.rsplit_once('.').map_or(new, |(_, last)| last).to_owned();
    let Some((collection, path)) = old.split_once('.') else {
        return match declared.collection(&to) {
            Some(_) => Ok(DocumentRename::Collection { from: old.to_owned(), to }),
            None => Err(bad("no collection of the new name is declared")),
        };
    };
    let standing = declared.collection(collection).ok_or_else(|| bad("the collection is not declared"))?;
    let rule = standing.validator.as_ref().map(|validator| &validator.rule);
    let mut shape = rule.and_then(schema_of);
    let (outer, from) = path.rsplit_once('.').map_or(("", path), |(outer, from)| (outer, from));
    let mut within = FieldPath::root();
    for name in outer.split('.').filter(|name| !name.is_empty()) {
        within = within.field(name);
        shape = shape.and_then(|shape| shape.get("properties")?.get(name));
        if let Some(items) = shape.and_then(|shape| shape.get("items")) {
            within = within.each();
            shape = Some(items);
        }
    }
    if shape.and_then(|shape| shape.get("properties")?.get(&to)).is_none() {
        return Err(bad("the collection declares no field of the new name there"));
    }
    Ok(DocumentRename::Field { collection: collection.to_owned(), within, from: from.to_owned(), to })
}
