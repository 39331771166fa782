//! Random numbers that a seed repeats, and decks that deal every kind before any comes twice.

use std::collections::BTreeMap;

/// A generator of the SplitMix64 family: small, fast, and the same on every machine.
pub(super) struct Random {
    state: u64,
    decks: BTreeMap<&'static str, Vec<&'static str>>,
    /// What the case in the making has drawn.
    pending: Vec<(&'static str, &'static str)>,
    /// What the cases that ran have drawn, by family and kind.
    pub(super) drawn: BTreeMap<(&'static str, &'static str), usize>,
}

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Random { state: seed, decks: BTreeMap::new(), pending: Vec::new(), drawn: BTreeMap::new() }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).expect("a small bound");
        usize::try_from(self.next() % bound).expect("below a usize")
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i32, high: i32) -> i32 {
        let span = usize::try_from(high - low + 1).expect("low is not above high");
        low + i32::try_from(self.below(span)).expect("a small span")
    }

    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// The next kind of a family: each comes once before any comes again.
    pub(super) fn deal(&mut self, family: &'static str, kinds: &[&'static str]) -> &'static str {
        if self.decks.get(family).is_none_or(Vec::is_empty) {
            self.decks.insert(family, kinds.to_vec());
        }
        let left = self.decks[family].len();
        let at = self.below(left);
        let kind = self.decks.get_mut(family).expect("filled above").swap_remove(at);
        self.note(family, kind);
        kind
    }

    /// Any kind of a family.
    pub(super) fn draw(&mut self, family: &'static str, kinds: &[&'static str]) -> &'static str {
        let kind = *self.pick(kinds);
        self.note(family, kind);
        kind
    }

    pub(super) fn note(&mut self, family: &'static str, kind: &'static str) {
        self.pending.push((family, kind));
    }

    /// The case in the making runs: what it drew counts.
    pub(super) fn keep(&mut self) {
        for drawn in self.pending.drain(..) {
            *self.drawn.entry(drawn).or_default() += 1;
        }
    }

    /// The case in the making does not run.
    pub(super) fn discard(&mut self) {
        self.pending.clear();
    }
}
