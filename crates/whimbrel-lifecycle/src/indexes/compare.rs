//! The indexes that are meant to stand beside those that do.

use whimbrel_engine::{IndexUse, Pages};
use whimbrel_schema::catalog::{Catalog, QualifiedName};
use whimbrel_schema::document::DocumentCatalog;

use super::definition::Definition;
use super::{IndexLine, IndexState};
use crate::collections;
use crate::compare::Catalogs;
use crate::declared::DeclaredSchema;
use crate::error::Result;
use crate::session::Session;

/// What the name of an index ends with that is built to take another one's place.
pub(super) const REPLACEMENT: &str = "_whimbrel_new";

/// An index that is meant to stand.
#[derive(Clone, Debug)]
struct Expected {
    definition: Definition,
    /// Whether the schema declares it.
    is_declared: bool,
    /// Whether migrations made it, or nobody knows what they made.
    is_migrated: bool,
}

/// One index as it was found, or as it is missed.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) table: QualifiedName,
    pub(super) state: IndexState,
    /// As it is meant to be; as it stands where nobody manages it.
    pub(super) definition: Definition,
    /// As it stands.
    pub(super) standing: Option<Definition>,
    pub(super) is_declared: bool,
    pub(super) usage: Option<IndexUse>,
}

/// The whole comparison.
#[derive(Clone, Debug)]
pub(super) struct Compared {
    pub(super) found: Vec<Found>,
    /// Indexes of constraints.
    constraints: Vec<IndexUse>,
    /// What stands, where the data model is relational.
    pub(super) catalog: Option<Catalog>,
    pub(super) not_compared: Vec<String>,
}

/// The definitions of one table.
struct Sides {
    table: QualifiedName,
    declared: Vec<Definition>,
    /// Those that the migrations left; none where that was not recorded.
    reached: Option<Vec<Definition>>,
    present: Vec<Definition>,
}

impl Compared {
    /// Reads declaration, record and database.
    pub(super) async fn read(session: &mut Session<'_>, declared: &DeclaredSchema) -> Result<Self> {
        let folder = session.folder()?;
        let state = session.state(&folder).await?;
        session.check_seal(&folder, false)?;
        let recorded = session.has_reached(state.applied()).await?;
        let (tables, catalog, scope, not_compared) = if session.is_document() {
            let catalogs = collections::DocumentCatalogs::read(session, declared, &folder, &state).await?;
            (collection_sides(declared, &catalogs, recorded), None, session.scope(&[]), Vec::new())
        } else {
            let catalogs = Catalogs::read(session, declared, &folder, &state).await?;
            let tables = table_sides(&catalogs, recorded);
            (tables, Some(catalogs.present), catalogs.scope, catalogs.not_compared)
        };
        let used = session.engine.index_use(&scope).await?;
        let mut found: Vec<Found> = tables.into_iter().flat_map(|sides| sides.compare(&used)).collect();
        found.sort_by(|a, b| (&a.table, a.definition.name()).cmp(&(&b.table, b.definition.name())));
        let constraints = used.into_iter().filter(|index| index.is_constraint).collect();
        Ok(Compared { found, constraints, catalog, not_compared })
    }

    /// The lines of a report, those of constraints among them.
    pub(super) fn lines(&self) -> Vec<IndexLine> {
        let mut lines: Vec<IndexLine> = self.found.iter().map(Found::line).collect();
        lines.extend(self.constraints.iter().map(|index| {
            let line = IndexLine {
                table: index.table.to_string(),
                name: index.name.clone(),
                state: IndexState::Present,
                definition: "of a constraint".to_owned(),
                note: None,
                is_declared: true,
                is_constraint: true,
                ..IndexLine::unused()
            };
            line.with_use(Some(index))
        }));
        lines.sort_by(|a, b| (&a.table, &a.name).cmp(&(&b.table, &b.name)));
        lines
    }
}

fn table_sides(catalogs: &Catalogs, recorded: bool) -> Vec<Sides> {
    let ours = catalogs.managed.part_of(&catalogs.reached);
    let mut names: Vec<&QualifiedName> =
        catalogs.desired.tables.iter().chain(&ours.tables).map(|table| &table.name).collect();
    names.sort();
    names.dedup();
    let of = |catalog: &Catalog, name: &QualifiedName| -> Vec<Definition> {
        let table = catalog.table(name);
        table.into_iter().flat_map(|table| &table.indexes).cloned().map(Definition::Relational).collect()
    };
    let side = |name: &QualifiedName| Sides {
        table: name.clone(),
        declared: of(&catalogs.desired, name),
        reached: recorded.then(|| of(&ours, name)),
        present: of(&catalogs.present, name),
    };
    names.into_iter().map(side).collect()
}

fn collection_sides(
    declared: &DeclaredSchema,
    catalogs: &collections::DocumentCatalogs,
    recorded: bool,
) -> Vec<Sides> {
    let ours = catalogs.managed_part_of(&catalogs.reached);
    let mut names: Vec<&str> =
        declared.documents.collections.iter().chain(&ours.collections).map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let of = |catalog: &DocumentCatalog, name: &str| -> Vec<Definition> {
        let collection = catalog.collection(name);
        collection.into_iter().flat_map(|one| &one.indexes).map(Definition::of_collection).collect()
    };
    let side = |name: &str| Sides {
        table: QualifiedName::plain(name),
        declared: of(&declared.documents, name),
        reached: recorded.then(|| of(&ours, name)),
        present: of(&catalogs.present, name),
    };
    names.into_iter().map(side).collect()
}

impl Sides {
    /// What is meant to stand: what the migrations made, and what the schema declares besides.
    fn expected(&self) -> Vec<Expected> {
        let Some(reached) = &self.reached else {
            let declared = self.declared.iter().cloned();
            return declared
                .map(|definition| Expected { definition, is_declared: true, is_migrated: true })
                .collect();
        };
        let mut expected: Vec<Expected> = Vec::new();
        for made in reached {
            let is_declared = self.declared.iter().any(|declared| declared.is_alike(made));
            expected.push(Expected { definition: made.clone(), is_declared, is_migrated: true });
        }
        for declared in &self.declared {
            if !reached.iter().any(|made| made.is_alike(declared)) {
                expected.push(Expected {
                    definition: declared.clone(),
                    is_declared: true,
                    is_migrated: false,
                });
            }
        }
        expected
    }

    fn compare(self, used: &[IndexUse]) -> Vec<Found> {
        let expected = self.expected();
        let mut present: Vec<Option<Definition>> = self.present.iter().cloned().map(Some).collect();
        let taken: Vec<String> = self.present.iter().map(|one| one.name().to_owned()).collect();
        let mut pairs: Vec<Option<Definition>> = vec![None; expected.len()];
        // An index of the right name first, so that of two alike each keeps its own.
        for named in [true, false] {
            for (wanted, pair) in expected.iter().zip(&mut pairs).filter(|(_, pair)| pair.is_none()) {
                let name = wanted.definition.name();
                let fits = |standing: &Definition| {
                    let has_name = standing.name() == name;
                    // What was built to take the place of one that still stands takes it only when that one is gone.
                    let may_have_another = !taken.iter().any(|taken| taken == name);
                    wanted.definition.is_alike(standing) && (has_name || (!named && may_have_another))
                };
                let place = present.iter().position(|standing| standing.as_ref().is_some_and(fits));
                *pair = place.and_then(|place| present[place].take());
            }
        }
        let mut found = Vec::new();
        for (wanted, pair) in expected.into_iter().zip(pairs) {
            let mut standing = pair;
            let mut state = match &standing {
                None => IndexState::Missing,
                Some(standing) if standing.name() != wanted.definition.name() => IndexState::Renamed,
                Some(_) => IndexState::Present,
            };
            if standing.is_none() {
                let same_name = |one: &Definition| one.name() == wanted.definition.name();
                let place = present.iter().position(|one| one.as_ref().is_some_and(same_name));
                if let Some(other) = place.and_then(|place| present[place].take()) {
                    standing = Some(other);
                    state = IndexState::Different;
                }
            }
            if !wanted.is_migrated && state != IndexState::Present {
                state = IndexState::Unmigrated;
            }
            found.push(self.found(state, wanted.definition, standing, wanted.is_declared, used));
        }
        for other in present.into_iter().flatten() {
            found.push(self.found(IndexState::Unmanaged, other.clone(), Some(other), false, used));
        }
        found
    }

    fn found(
        &self,
        state: IndexState,
        definition: Definition,
        standing: Option<Definition>,
        is_declared: bool,
        used: &[IndexUse],
    ) -> Found {
        let name = standing.as_ref().map(|standing| standing.name().to_owned());
        let of = |index: &&IndexUse| index.table == self.table && Some(&index.name) == name.as_ref();
        let usage = used.iter().find(of).cloned();
        let is_built = usage.as_ref().is_some_and(|usage| usage.build.is_some());
        let is_hidden =
            standing.as_ref().is_some_and(|standing| standing.is_hidden() && !definition.is_hidden());
        let state = match &standing {
            Some(_) if is_built && state != IndexState::Unmanaged => IndexState::Building,
            Some(standing) if standing.is_invalid() && state != IndexState::Different => IndexState::Invalid,
            Some(_) if is_hidden && state == IndexState::Present => IndexState::Hidden,
            _ => state,
        };
        Found { table: self.table.clone(), state, definition, standing, is_declared, usage }
    }
}

impl Found {
    fn line(&self) -> IndexLine {
        let name = |definition: &Definition| definition.name().to_owned();
        let note = match (&self.state, &self.standing) {
            (IndexState::Different, Some(standing)) => Some(format!("stands as {}", standing.words())),
            (IndexState::Renamed, Some(standing)) => Some(format!("stands as {}", name(standing))),
            (IndexState::Unmigrated, _) => {
                Some("`whimbrel migrate create --auto` writes the migration that makes it".to_owned())
            }
            (IndexState::Invalid, _) if self.definition.name().ends_with(REPLACEMENT) => {
                Some("a replacement that was not finished".to_owned())
            }
            _ => None,
        };
        let line = IndexLine {
            table: self.table.to_string(),
            name: name(&self.definition),
            state: self.state,
            definition: self.definition.words(),
            note,
            is_declared: self.is_declared,
            is_constraint: false,
            ..IndexLine::unused()
        };
        line.with_use(self.usage.as_ref())
    }
}

impl IndexLine {
    fn unused() -> Self {
        IndexLine {
            table: String::new(),
            name: String::new(),
            state: IndexState::Present,
            definition: String::new(),
            note: None,
            is_declared: false,
            is_constraint: false,
            size_bytes: None,
            uses: None,
            counted_since: None,
            last_used: None,
            hit_permille: None,
            build: None,
        }
    }

    fn with_use(self, usage: Option<&IndexUse>) -> Self {
        let Some(usage) = usage else { return self };
        IndexLine {
            size_bytes: usage.size_bytes,
            uses: usage.uses,
            counted_since: usage.counted_since.clone(),
            last_used: usage.last_used.clone(),
            hit_permille: usage.pages.and_then(Pages::hit_permille),
            build: usage.build.clone(),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use whimbrel_schema::document::{CollectionIndex, KeyKind};

    fn index(name: &str, path: &str) -> Definition {
        let keys = vec![(path.to_owned(), KeyKind::Ascending)];
        Definition::Document(CollectionIndex { name: name.to_owned(), keys, ..CollectionIndex::default() })
    }

    fn states(
        declared: &[Definition],
        reached: Option<&[Definition]>,
        present: &[Definition],
    ) -> Vec<(String, &'static str)> {
        let sides = Sides {
            table: QualifiedName::plain("t"),
            declared: declared.to_vec(),
            reached: reached.map(<[_]>::to_vec),
            present: present.to_vec(),
        };
        let found = sides.compare(&[]);
        found.iter().map(|one| (one.definition.name().to_owned(), one.state.as_str())).collect()
    }

    #[test]
    fn indexes_are_known_by_what_they_are() {
        let is = |name: &str, state| (name.to_owned(), state);
        let both = [index("a", "a"), index("b", "b")];
        let (a, b) = (&both[..1], &both[1..]);
        assert_eq!(states(&both, Some(&both), &both), [is("a", "present"), is("b", "present")]);
        assert_eq!(states(&both, Some(&both), b), [is("a", "missing"), is("b", "present")]);
        assert_eq!(states(&both, None, a), [is("a", "present"), is("b", "missing")]);
        assert_eq!(states(a, Some(a), &[index("c", "a")]), [is("a", "renamed")]);
        assert_eq!(states(a, Some(a), &[index("a", "z")]), [is("a", "different")]);
        assert_eq!(states(a, Some(a), &both), [is("a", "present"), is("b", "unmanaged")]);
        assert_eq!(states(&both, Some(a), a), [is("a", "present"), is("b", "unmigrated")]);
        // What migrations made is kept, though the schema does not tell of it.
        assert_eq!(states(&[], Some(a), &[]), [is("a", "missing")]);
    }

    #[test]
    fn a_replacement_waits_until_the_name_is_free() {
        let a = index("a", "a");
        let replacement = index(&format!("a{REPLACEMENT}"), "a");
        let wrong = index("a", "z");
        let made = std::slice::from_ref(&a);
        assert_eq!(
            states(made, Some(made), &[wrong, replacement.clone()]),
            [("a".to_owned(), "different"), (format!("a{REPLACEMENT}"), "unmanaged")]
        );
        assert_eq!(states(made, Some(made), &[replacement]), [("a".to_owned(), "renamed")]);
    }

    #[test]
    fn a_hidden_index_is_not_seen() {
        let Definition::Document(mut hidden) = index("a", "a") else { panic!("a collection's") };
        hidden.hidden = true;
        let (a, hidden) = (index("a", "a"), Definition::Document(hidden));
        let made = std::slice::from_ref(&a);
        assert_eq!(states(made, Some(made), std::slice::from_ref(&hidden)), [("a".to_owned(), "hidden")]);
        let meant = std::slice::from_ref(&hidden);
        assert_eq!(states(meant, Some(meant), meant), [("a".to_owned(), "present")]);
    }
}
