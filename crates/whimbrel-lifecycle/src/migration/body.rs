//! Where a statement ends: a routine's body holds semicolons of its own.

/// How many leading words tell what a statement is.
const HEAD_WORDS: usize = 4;

/// The words that a statement begins with, and how deep in a routine's `BEGIN ATOMIC … END` it stands.
#[derive(Debug, Default)]
pub(crate) struct StatementHead {
    words: Vec<String>,
    depth: usize,
}

impl StatementHead {
    /// Takes the next word, in lower case.
    pub(crate) fn word(&mut self, word: &str) {
        if self.words.len() < HEAD_WORDS {
            self.words.push(word.to_owned());
        }
        let in_routine = self.words.first().is_some_and(|first| first == "create")
            && self.words.iter().any(|word| word == "function" || word == "procedure");
        if !in_routine {
            return;
        }
        match word {
            "atomic" => self.depth += 1,
            "case" if self.depth > 0 => self.depth += 1,
            "end" if self.depth > 0 => self.depth -= 1,
            _ => {}
        }
    }

    /// Whether a semicolon here belongs to a body.
    pub(crate) fn in_body(&self) -> bool {
        self.depth > 0
    }

    /// The leading words; the next statement begins with none.
    pub(crate) fn take(&mut self) -> Vec<String> {
        self.depth = 0;
        std::mem::take(&mut self.words)
    }
}
