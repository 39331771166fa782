//! Random schemas for tests: valid, relational, and together drawing on the whole schema language.
//!
//! The same seed gives the same schema. What was drawn is counted, so that a test can tell when a kind of
//! declaration is never tried.

mod checks;
mod documents;
mod fields;
mod histogram;
mod indexes;
mod relations;

pub use documents::random_documents;
pub use histogram::Histogram;

use crate::model::{
    Embedded, EnumStore, EnumType, Field, FieldType, Model, Scalar, Schema, Storage, Variant,
};

/// What a random schema may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many tables.
    pub tables: usize,
    /// Only what SQLite can hold too.
    pub for_sqlite: bool,
}

impl std::default::Default for Options {
    fn default() -> Self {
        Options { tables: 6, for_sqlite: false }
    }
}

/// A valid relational schema drawn from the seed, and the count of what was drawn.
#[must_use]
pub fn random_schema(seed: u64, options: Options) -> (Schema, Histogram) {
    let mut generator = Generator {
        random: Random::new(seed),
        options,
        histogram: Histogram::default(),
        schema: Schema::new(),
        serial: 0,
    };
    generator.enums();
    generator.embedded();
    generator.sequences();
    for at in 0..options.tables.max(1) {
        let model = generator.table(at);
        generator.schema.models.push(model);
    }
    generator.relations();
    for at in 0..generator.schema.models.len() {
        generator.constraints(at);
    }
    generator.views();
    (generator.schema, generator.histogram)
}

/// SplitMix64: small, seeded, and the same everywhere.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A stream of numbers from the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    /// The next number.
    pub fn next_number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is at least 1.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next_number() % end).unwrap_or(0)
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// One of the items; none where there is none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() { None } else { items.get(self.below(items.len())) }
    }

    /// One of the items, of which there is at least one.
    fn one<T: Copy, const N: usize>(&mut self, items: [T; N]) -> T {
        const { assert!(N > 0) };
        items[self.below(N)]
    }
}

const OTHER_SCHEMAS: [&str; 3] = ["billing", "travel", "Odd Schema"];

struct Generator {
    random: Random,
    options: Options,
    histogram: Histogram,
    schema: Schema,
    /// Goes into every name, so that all differ.
    serial: usize,
}

impl Generator {
    fn chance(&mut self, percent: usize, kind: &'static str) -> bool {
        let drawn = self.random.percent(percent);
        if drawn {
            self.histogram.count(kind);
        }
        drawn
    }

    /// The same, never for SQLite.
    fn server_chance(&mut self, percent: usize, kind: &'static str) -> bool {
        !self.options.for_sqlite && self.chance(percent, kind)
    }

    fn number(&mut self) -> usize {
        self.serial += 1;
        self.serial
    }

    fn other_schema(&mut self, percent: usize, kind: &'static str) -> Option<String> {
        self.server_chance(percent, kind).then(|| self.random.one(OTHER_SCHEMAS).to_owned())
    }

    fn comment(&mut self, kind: &'static str) -> Option<String> {
        self.chance(15, kind).then(|| {
            self.random
                .one(["Plain words", "It's quoted", "Two\nlines", "Größe in cm; 50 %", "a \\ b"])
                .to_owned()
        })
    }

    fn enums(&mut self) {
        for _ in 0..2 + self.random.below(2) {
            let number = self.number();
            let name = format!("Kind{number}");
            let count = 2 + self.random.below(3);
            let words = ["Planned", "InProgress", "Done", "Cancelled"];
            let variants = (0..count)
                .map(|at| Variant {
                    name: words[at].to_owned(),
                    doc: self.chance(10, "doc").then(|| "Told apart.".to_owned()),
                    value: self.chance(20, "variant name").then(|| format!("It's {at}")),
                    was: None,
                })
                .collect();
            let type_name = self.chance(30, "enum type name").then(|| {
                let odd = self.random.one(["kind_of", "Kind Of", "order kind"]);
                format!("{odd} {number}")
            });
            let store = self.chance(15, "enum store text").then_some(EnumStore::Text);
            let schema = self.other_schema(20, "enum schema");
            self.schema.enums.push(EnumType {
                name,
                doc: None,
                type_name,
                schema,
                was: None,
                store,
                variants,
            });
        }
    }

    fn embedded(&mut self) {
        let number = self.number();
        let scalar = |name: &str, ty| Field::new(name, FieldType::Scalar(ty));
        let mut age = scalar("age", Scalar::I32);
        age.optional = true;
        let fields = vec![scalar("city", Scalar::String), age, scalar("score", Scalar::Decimal)];
        self.schema.embedded.push(Embedded { name: format!("Part{number}"), doc: None, fields });
    }

    fn sequences(&mut self) {
        for _ in 0..2 {
            if !self.server_chance(50, "sequence") {
                continue;
            }
            let number = self.number();
            let mut sequence = crate::model::Sequence {
                name: format!("Numbers{number}"),
                sequence: self.chance(40, "sequence name").then(|| format!("numbering_{number}")),
                schema: self.other_schema(25, "sequence schema"),
                start: None,
                increment: None,
                min: None,
                max: None,
                cache: None,
                cycle: false,
            };
            if self.chance(50, "sequence options") {
                let down = self.random.percent(30);
                sequence.increment = Some(if down { -2 } else { 5 });
                sequence.min = Some(if down { -1000 } else { 10 });
                sequence.max = Some(if down { -10 } else { 100_000 });
                sequence.start = Some(if down { -100 } else { 100 });
                sequence.cache = Some(7);
                sequence.cycle = self.random.percent(50);
            }
            self.schema.sequences.push(sequence);
        }
    }

    fn views(&mut self) {
        for _ in 0..2 {
            if !self.chance(40, "view") {
                continue;
            }
            let number = self.number();
            let tables: Vec<Model> =
                self.schema.models.iter().filter(|model| model.storage == Storage::Table).cloned().collect();
            let Some(table) = self.random.pick(&tables).cloned() else { return };
            let materialized = self.server_chance(30, "view materialized");
            let shown: Vec<&Field> = table.fields.iter().take(3).collect();
            let columns: Vec<String> =
                shown.iter().map(|field| crate::sql_text::quote_identifier(field.column_name())).collect();
            let from = crate::sql_text::quote_name(&crate::lower::table_name(&table));
            let query = format!("SELECT {} FROM {from}", columns.join(", "));
            let mut view = Model::new(
                format!("View{number}"),
                Storage::View { query, materialized },
                format!("view_{number}"),
            );
            view.comment = self.comment("comment on view");
            view.fields = shown
                .into_iter()
                .map(|field| Field {
                    optional: field.optional,
                    column: field.column.clone(),
                    varchar: field.varchar,
                    decimal: field.decimal,
                    sql_type: field.sql_type.clone(),
                    store: field.store,
                    ..Field::new(field.name.clone(), field.ty.clone())
                })
                .collect();
            self.schema.models.push(view);
        }
    }
}

#[cfg(test)]
mod tests;
