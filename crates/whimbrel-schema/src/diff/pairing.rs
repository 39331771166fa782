//! Which of two lists of named things stay, go, come, or only change their name.

/// The outcome of comparing two lists.
#[derive(Debug)]
pub(super) struct Pairing<T> {
    /// Stands before and not after, or not in this form.
    pub(super) dropped: Vec<T>,
    /// Stands after and not before, or not in this form.
    pub(super) added: Vec<T>,
    /// The same under another name: before, after.
    pub(super) renamed: Vec<(T, T)>,
    /// The same under the same name: before, after.
    pub(super) kept: Vec<(T, T)>,
}

/// Something with a name and a definition.
pub(super) trait Definition: Clone {
    /// The name.
    fn name(&self) -> &str;
    /// Whether the two are the same but for the name and for what can be altered in place.
    fn same_definition(&self, other: &Self) -> bool;
}

/// Compares two lists; what is disturbed goes and comes back even where nothing differs.
pub(super) fn pair<T: Definition>(from: &[T], to: &[T], disturbed: impl Fn(&T) -> bool) -> Pairing<T> {
    let mut pairing =
        Pairing { dropped: Vec::new(), added: Vec::new(), renamed: Vec::new(), kept: Vec::new() };
    let mut unmatched: Vec<&T> = Vec::new();
    for old in from {
        match to.iter().find(|new| new.name() == old.name()) {
            Some(new) if new.same_definition(old) && !disturbed(old) => {
                pairing.kept.push((old.clone(), new.clone()));
            }
            Some(_) => pairing.dropped.push(old.clone()),
            None => unmatched.push(old),
        }
    }
    for new in to {
        let stands = from.iter().any(|old| old.name() == new.name());
        let twin = if stands {
            None
        } else {
            unmatched.iter().position(|old| new.same_definition(old) && !disturbed(old))
        };
        if let Some(place) = twin {
            pairing.renamed.push((unmatched.remove(place).clone(), new.clone()));
        } else if !pairing.kept.iter().any(|(old, _)| old.name() == new.name()) {
            pairing.added.push(new.clone());
        }
    }
    pairing.dropped.extend(unmatched.into_iter().cloned());
    pairing
}
