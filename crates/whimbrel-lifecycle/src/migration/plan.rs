//! Plans: which steps take a history from where it stands to a target version.

use whimbrel_engine::{Allowance, HistoryChange, HistoryEntry, HistoryKind, Step};

use super::squashed::take_over;
use super::{Chain, Folder, Language, Migration, MigrationError, Replacement, Version};

/// Upwards applies, downwards rolls back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Applies.
    Up,
    /// Rolls back.
    Down,
}

/// Where a plan leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The newest file.
    Latest,
    /// Up or down to this version; it is applied afterwards. Version 0 is before the first.
    Version(Version),
    /// So many files upwards.
    Forward(usize),
    /// So many applied files downwards.
    Back(usize),
}

/// One step with what it belongs to.
#[derive(Clone, Debug)]
pub struct PlannedStep {
    /// Up or down.
    pub direction: Direction,
    /// The version; zero where the file is repeatable and has none.
    pub version: Version,
    /// The file's name.
    pub file_name: String,
    /// The tongue that the file speaks.
    pub language: Language,
    /// The checksum of the file's content, lower-case hex.
    pub checksum: String,
    /// The step for the engine; that of a script holds no statements.
    pub step: Step,
    /// The lint findings that the file accepts as a whole.
    pub allowed: Vec<Allowance>,
    /// Whether the file has a way down.
    pub reversible: bool,
}

impl PlannedStep {
    /// The version as it is listed: `R` for a repeatable file.
    #[must_use]
    pub fn label(&self) -> String {
        if self.version.is_zero() { crate::repeatable::LABEL.to_owned() } else { self.version.to_string() }
    }
}

impl PlannedStep {
    /// Whether the other one takes the same file the same way.
    pub(crate) fn is_same(&self, other: &PlannedStep) -> bool {
        (self.direction, &self.version, &self.file_name)
            == (other.direction, &other.version, &other.file_name)
    }
}

/// The files and the history side by side, found to agree.
#[derive(Debug)]
pub struct State<'a> {
    folder: &'a Folder,
    chain: Chain,
    /// The history, in the order of versions; a squashed file stands for those that it replaces.
    applied: Vec<HistoryEntry>,
    replacements: Vec<Replacement>,
}

impl<'a> State<'a> {
    /// Lays the history beside the files.
    ///
    /// # Errors
    /// An applied file that is missing, changed or another one, or a pending file below an applied one.
    pub fn new(folder: &'a Folder, history: Vec<HistoryEntry>) -> Result<Self, MigrationError> {
        let mut applied = history;
        applied.sort_by_cached_key(|entry| Version::parse(&entry.version));
        let chain = Chain::of(folder);
        let replacements = take_over(folder, &chain, &mut applied)?;
        for entry in &applied {
            let found = Version::parse(&entry.version).and_then(|version| folder.find(&version));
            let Some(migration) = found else {
                return Err(MigrationError::MissingFile {
                    version: entry.version.clone(),
                    name: entry.name.clone(),
                });
            };
            if migration.name != entry.name {
                return Err(MigrationError::ForeignHistory {
                    version: entry.version.clone(),
                    applied: entry.name.clone(),
                    present: migration.name.clone(),
                });
            }
            if migration.checksum != entry.checksum {
                return Err(MigrationError::ChecksumMismatch {
                    file: migration.file_name.clone(),
                    applied_at: entry.applied_at.clone(),
                });
            }
        }
        let state = State { folder, chain, applied, replacements };
        state.refuse_gaps()?;
        Ok(state)
    }

    fn refuse_gaps(&self) -> Result<(), MigrationError> {
        let Some(latest) = self.current() else { return Ok(()) };
        match self.pending().into_iter().find(|migration| migration.version < latest) {
            Some(migration) => Err(MigrationError::OutOfOrder {
                file: migration.file_name.clone(),
                latest: latest.as_str().to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// The newest applied version.
    #[must_use]
    pub fn current(&self) -> Option<Version> {
        self.applied.last().and_then(|entry| Version::parse(&entry.version))
    }

    /// The applied entries, oldest first.
    #[must_use]
    pub fn applied(&self) -> &[HistoryEntry] {
        &self.applied
    }

    /// The entries of the history that squashed files are to take the place of.
    #[must_use]
    pub fn replacements(&self) -> &[Replacement] {
        &self.replacements
    }

    /// The files that are not applied, oldest first.
    #[must_use]
    pub fn pending(&self) -> Vec<&'a Migration> {
        let applied: Vec<Option<Version>> =
            self.applied.iter().map(|entry| Version::parse(&entry.version)).collect();
        let is_applied =
            |version: &Version| applied.binary_search_by(|one| one.as_ref().cmp(&Some(version))).is_ok();
        self.folder.migrations.iter().filter(|migration| !is_applied(&migration.version)).collect()
    }

    /// The history entry of a version.
    #[must_use]
    pub fn entry(&self, version: &Version) -> Option<&HistoryEntry> {
        let place = |entry: &HistoryEntry| Version::parse(&entry.version).as_ref().cmp(&Some(version));
        self.applied.binary_search_by(place).ok().map(|place| &self.applied[place])
    }

    /// The steps that lead to the target.
    ///
    /// # Errors
    /// An unknown version, or a file on the way down that has no way back.
    pub fn plan(
        &self,
        target: &Target,
        dialect: &str,
        applied_by: &str,
        schema_hash: &dyn Fn(&Version) -> Option<String>,
    ) -> Result<Vec<PlannedStep>, MigrationError> {
        let up = |migrations: Vec<&Migration>| -> Vec<PlannedStep> {
            migrations
                .into_iter()
                .map(|migration| self.step_up(migration, dialect, applied_by, schema_hash))
                .collect()
        };
        match target {
            Target::Latest => Ok(up(self.pending())),
            Target::Forward(count) => Ok(up(self.pending().into_iter().take(*count).collect())),
            Target::Back(count) => self.steps_down(*count, dialect),
            Target::Version(version) => {
                if !version.is_zero() && self.folder.find(version).is_none() {
                    return Err(MigrationError::UnknownVersion { version: version.as_str().to_owned() });
                }
                let above = self
                    .applied
                    .iter()
                    .filter(|entry| Version::parse(&entry.version).is_some_and(|applied| applied > *version))
                    .count();
                if above > 0 {
                    return self.steps_down(above, dialect);
                }
                Ok(up(self.pending().into_iter().filter(|migration| migration.version <= *version).collect()))
            }
        }
    }

    /// The step that applies one file, whether or not its turn has come; for looking at, not for running.
    #[must_use]
    pub fn step_of(&self, migration: &Migration, dialect: &str) -> PlannedStep {
        self.step_up(migration, dialect, "", &|_| None)
    }

    /// The history entry that applying this migration leaves.
    #[must_use]
    pub fn new_entry(
        &self,
        migration: &Migration,
        kind: HistoryKind,
        applied_by: &str,
        schema_hash: Option<String>,
    ) -> HistoryEntry {
        let place = self.folder.migrations.partition_point(|other| other.version < migration.version);
        HistoryEntry {
            version: migration.version.as_str().to_owned(),
            name: migration.name.clone(),
            checksum: migration.checksum.clone(),
            chain: self.chain.hash_in_place(place).unwrap_or_default().to_owned(),
            schema_hash,
            kind,
            applied_at: String::new(),
            duration_ms: 0,
            applied_by: applied_by.to_owned(),
        }
    }

    fn step_up(
        &self,
        migration: &Migration,
        dialect: &str,
        applied_by: &str,
        schema_hash: &dyn Fn(&Version) -> Option<String>,
    ) -> PlannedStep {
        let content = migration.content(dialect);
        let entry =
            self.new_entry(migration, HistoryKind::Applied, applied_by, schema_hash(&migration.version));
        PlannedStep {
            direction: Direction::Up,
            version: migration.version.clone(),
            file_name: migration.file_name.clone(),
            language: content.language,
            checksum: content.checksum.clone(),
            step: Step {
                source: content.source.clone(),
                statements: content.statements(true, dialect).unwrap_or_default(),
                history: HistoryChange::Insert(entry),
            },
            allowed: content.allowed.clone(),
            reversible: content.down.is_some(),
        }
    }

    fn steps_down(&self, count: usize, dialect: &str) -> Result<Vec<PlannedStep>, MigrationError> {
        self.applied
            .iter()
            .rev()
            .take(count)
            .map(|entry| {
                let migration = Version::parse(&entry.version)
                    .and_then(|version| self.folder.find(&version))
                    .expect("a state holds applied files only");
                let content = migration.content(dialect);
                let Some(statements) = content.statements(false, dialect) else {
                    return Err(MigrationError::Irreversible { file: migration.file_name.clone() });
                };
                Ok(PlannedStep {
                    direction: Direction::Down,
                    version: migration.version.clone(),
                    file_name: migration.file_name.clone(),
                    language: content.language,
                    checksum: content.checksum.clone(),
                    step: Step {
                        source: content.source.clone(),
                        statements,
                        history: HistoryChange::Remove { version: entry.version.clone() },
                    },
                    allowed: content.allowed.clone(),
                    reversible: true,
                })
            })
            .collect()
    }
}
