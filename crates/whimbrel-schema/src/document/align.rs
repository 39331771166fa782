//! Brings what stands in a database and what is declared together, so that only what a declaration means differs.

use super::lower::{DocumentRename, Intent, default_name};
use super::operation::DocumentOperation;
use super::{Collection, CollectionIndex, DocumentCatalog, DocumentDiffError, KeyKind, diff};

/// Two catalogues that can be compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Aligned {
    /// What stands in the database, in the normal form.
    pub present: DocumentCatalog,
    /// What is declared, with what stands in the database and no declaration can say.
    pub desired: DocumentCatalog,
    /// What is so kept, one sentence each.
    pub unmanaged: Vec<String>,
}

/// Aligns what a server holds with what is declared for it.
///
/// An index that has the keys, the collation and the filter of a declared one is that index, whatever its name,
/// unless the declaration gives a name. Indexes, options and views that no declaration can say are kept.
#[must_use]
pub fn align(present: &DocumentCatalog, desired: &DocumentCatalog, intent: &Intent) -> Aligned {
    let mut aligned = Aligned { present: present.clone(), desired: desired.clone(), unmanaged: Vec::new() };
    aligned.present.normalize();
    aligned.desired.normalize();
    aligned.desired.views.clone_from(&aligned.present.views);
    for view in &aligned.present.views {
        aligned.unmanaged.push(format!("the view `{view}` is unmanaged"));
    }
    for wanted in &mut aligned.desired.collections {
        let former = intent.renames.iter().find_map(|rename| match rename {
            DocumentRename::Collection { from, to } if *to == wanted.name => Some(from.as_str()),
            _ => None,
        });
        let standing = (aligned.present.collection(&wanted.name))
            .or_else(|| former.and_then(|former| aligned.present.collection(former)));
        if let Some(standing) = standing {
            keep(standing, wanted, &mut aligned.unmanaged);
        }
    }
    aligned.desired.sort();
    aligned
}

/// The operations that take what a server holds to what is declared.
///
/// # Errors
///
/// As [`diff`].
pub fn differences(
    present: &DocumentCatalog,
    desired: &DocumentCatalog,
    intent: &Intent,
) -> Result<Vec<DocumentOperation>, DocumentDiffError> {
    let aligned = align(present, desired, intent);
    diff(&aligned.present, &aligned.desired, intent)
}

fn keep(standing: &Collection, wanted: &mut Collection, unmanaged: &mut Vec<String>) {
    if wanted.options.is_empty() && !standing.options.is_empty() {
        let options: Vec<&str> = standing.options.keys().map(String::as_str).collect();
        unmanaged.push(format!("the options of `{}` ({}) are unmanaged", wanted.name, options.join(", ")));
        wanted.options.clone_from(&standing.options);
    }
    for index in &mut wanted.indexes {
        if standing.index(&index.name).is_none()
            && has_default_name(index)
            && let Some(same) = standing.indexes.iter().find(|other| other.has_identity_of(index))
        {
            index.name.clone_from(&same.name);
        }
    }
    for index in standing.indexes.iter().filter(|index| !index.is_declarable()) {
        let is_declared =
            (wanted.indexes.iter()).any(|other| other.name == index.name || other.has_identity_of(index));
        if !is_declared {
            unmanaged.push(format!("the index `{}` of `{}` is unmanaged", index.name, wanted.name));
            wanted.indexes.push(index.clone());
        }
    }
}

/// Whether the name is the one that MongoDB gives; a text index has its fields in it in any order.
fn has_default_name(index: &CollectionIndex) -> bool {
    let default = default_name(&index.keys);
    let is_text = index.keys.iter().any(|(_, kind)| *kind == KeyKind::Text);
    let has_every_field =
        || index.keys.iter().all(|(path, kind)| index.name.contains(&format!("{path}_{}", kind.name())));
    index.name == default || (is_text && index.name.len() == default.len() && has_every_field())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    fn index(name: &str, path: &str) -> CollectionIndex {
        CollectionIndex {
            name: name.into(),
            keys: vec![(path.into(), KeyKind::Ascending)],
            ..CollectionIndex::default()
        }
    }

    fn catalog(indexes: Vec<CollectionIndex>, options: serde_json::Value) -> DocumentCatalog {
        let options = options.as_object().cloned().unwrap_or_default();
        let collection = Collection { name: "users".into(), options, indexes, ..Collection::default() };
        DocumentCatalog { collections: vec![collection], views: Vec::new() }
    }

    #[test]
    fn what_the_server_prints_is_no_difference() {
        let printed = CollectionIndex {
            keys: vec![("bio".into(), KeyKind::Text), ("about".into(), KeyKind::Text)],
            weights: Map::from_iter([("bio".to_owned(), json!(1)), ("about".to_owned(), json!(5))]),
            options: Map::from_iter([("default_language".to_owned(), json!("english"))]),
            ..index("words", "bio")
        };
        let declared = CollectionIndex {
            keys: vec![("about".into(), KeyKind::Text), ("bio".into(), KeyKind::Text)],
            weights: Map::from_iter([("about".to_owned(), json!(5))]),
            ..index("bio_text_about_text", "bio")
        };
        let present = catalog(vec![printed, index("emails", "email")], json!({ "capped": true }));
        let desired = catalog(vec![declared, index("email_1", "email")], json!({}));
        assert_eq!(differences(&present, &desired, &Intent::default()).unwrap(), []);
        let aligned = align(&present, &desired, &Intent::default());
        assert_eq!(aligned.unmanaged, ["the options of `users` (capped) are unmanaged"]);
    }

    #[test]
    fn a_name_that_is_given_counts_and_what_cannot_be_said_stays() {
        let folded = CollectionIndex {
            collation: Some(json!({ "locale": "en", "strength": 2 })),
            ..index("email_folded", "email")
        };
        let present = catalog(vec![index("email_1", "email"), folded, index("old_1", "old")], json!({}));
        let desired = catalog(vec![index("mail", "email")], json!({}));
        let words: Vec<String> = (differences(&present, &desired, &Intent::default()).unwrap().iter())
            .map(DocumentOperation::summary)
            .collect();
        assert_eq!(
            words,
            ["drops index email_1 on users", "drops index old_1 on users", "creates index mail on users"]
        );
    }
}
