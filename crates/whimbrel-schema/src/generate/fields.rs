//! Tables with their fields.

use super::Generator;
use crate::model::{
    Cache, Default, Encryption, EnumStore, Field, FieldIndex, FieldType, Identity, Model, Rules, Scalar,
    Storage,
};
use crate::sql_text::quote_identifier;

impl Generator {
    pub(super) fn table(&mut self, at: usize) -> Model {
        let number = self.number();
        let word = self.random.one(["trip", "user", "order", "item", "note"]);
        let table = if self.chance(15, "table name") {
            format!("{} {number}", self.random.one(["Mixed Case", "größe", "a\"b", "dot.ted"]))
        } else if self.chance(8, "long name") {
            format!("{word}_with_a_name_that_nearly_fills_what_postgresql_keeps_{number}")
        } else {
            format!("{word}s_{number}")
        };
        let mut chars = word.chars();
        let initial = chars.next().map(|first| first.to_ascii_uppercase()).unwrap_or('T');
        let mut model = Model::new(format!("{initial}{}{at}", chars.as_str()), Storage::Table, table);
        model.doc = self.chance(10, "doc").then(|| "A row.".to_owned());
        model.schema = self.other_schema(15, "schema");
        model.comment = self.comment("comment on model");
        self.identifiers(&mut model);
        for _ in 0..4 + self.random.below(6) {
            let field = self.field();
            model.fields.push(field);
        }
        self.counters(&mut model);
        self.generated(&mut model);
        if self.server_chance(15, "with") {
            model.with.push(("fillfactor".to_owned(), "70".to_owned()));
            if self.random.percent(50) {
                model.with.push(("autovacuum_enabled".to_owned(), "false".to_owned()));
            }
        }
        if self.chance(15, "cache") {
            model.cache = Some(Cache { ttl: "5m".to_owned(), by: Vec::new() });
        }
        model
    }

    fn identifiers(&mut self, model: &mut Model) {
        if self.chance(20, "id composite") {
            for (name, ty) in [("left_id", Scalar::I64), ("right_id", Scalar::Uuid)] {
                model.fields.push(Field { id: true, ..Field::new(name, FieldType::Scalar(ty)) });
            }
        } else {
            self.histogram.count("id single");
            let scalar = self.random.one([Scalar::Uuid, Scalar::I32, Scalar::I64, Scalar::String]);
            let mut id = Field { id: true, ..Field::new("id", FieldType::Scalar(scalar)) };
            match scalar {
                Scalar::Uuid if self.chance(70, "default uuid") => id.default = Some(Default::Uuid),
                Scalar::I32 | Scalar::I64 => {
                    if self.chance(40, "auto_increment") {
                        id.auto_increment = true;
                    } else if self.chance(50, "identity by_default") {
                        id.identity = Some(Identity::ByDefault);
                    } else if self.chance(60, "identity always") {
                        id.identity = Some(Identity::Always);
                    }
                }
                Scalar::String => id.varchar = Some(36),
                _ => {}
            }
            model.fields.push(id);
        }
        if self.chance(15, "primary_key name") {
            model.primary_key_name = Some(format!("key of {}", self.number()));
        }
    }

    /// A version counter, and numbers beside the id that the server gives out.
    fn counters(&mut self, model: &mut Model) {
        if self.chance(15, "version") {
            let mut version = Field::new("version", FieldType::Scalar(Scalar::I64));
            version.version = true;
            version.default = Some(Default::Number("0".to_owned()));
            model.fields.push(version);
        }
        if self.server_chance(10, "auto_increment beside id") {
            let name = format!("counter_{}", self.number());
            let scalar = self.random.one([Scalar::I16, Scalar::I32, Scalar::I64]);
            model.fields.push(Field { auto_increment: true, ..Field::new(name, FieldType::Scalar(scalar)) });
        }
        let schema_names: Vec<String> = self.schema.sequences.iter().map(sequence_sql).collect();
        if let Some(sequence) = self.random.pick(&schema_names).cloned()
            && self.server_chance(20, "nextval")
        {
            let name = format!("drawn_{}", self.number());
            let default = Some(Default::Sql(format!("nextval('{sequence}')")));
            model.fields.push(Field { default, ..Field::new(name, FieldType::Scalar(Scalar::I64)) });
        }
    }

    fn generated(&mut self, model: &mut Model) {
        let whole =
            |field: &&Field| matches!(field.ty, FieldType::Scalar(Scalar::I16 | Scalar::I32 | Scalar::I64));
        let text = |field: &&Field| field.ty == FieldType::Scalar(Scalar::String) && field.sql_type.is_none();
        let plain = |field: &&Field| field.generated.is_none() && field.encrypted.is_none();
        let name = format!("derived_{}", self.number());
        let drawn = if self.random.percent(50) {
            (model.fields.iter().filter(plain).find(whole)).map(|field| {
                let expression = format!("{} * 2", quote_identifier(field.column_name()));
                Field { generated: Some(expression), ..Field::new(name, FieldType::Scalar(Scalar::I64)) }
            })
        } else {
            (model.fields.iter().filter(plain).find(text)).map(|field| {
                let expression = format!("lower({})", quote_identifier(field.column_name()));
                Field { generated: Some(expression), ..Field::new(name, FieldType::Scalar(Scalar::String)) }
            })
        };
        if let Some(mut field) = drawn
            && self.chance(30, "generated")
        {
            field.optional = true;
            model.fields.push(field);
        }
    }

    fn field(&mut self) -> Field {
        let number = self.number();
        let ty = self.field_type();
        let word = self.random.one(["title", "amount", "state", "place", "at", "r"]);
        let mut field = Field::new(format!("{word}_{number}"), ty);
        if self.chance(12, "column name") {
            let odd = self.random.one(["Mixed", "with space", "user", "größe", "quo\"te", "naïve"]);
            field.column = Some(format!("{odd}{number}"));
        } else if self.chance(3, "long name") {
            field.column = Some(format!("column_with_a_name_that_nearly_fills_all_that_is_kept_{number}"));
        }
        field.doc = self.chance(10, "doc").then(|| "A value.".to_owned());
        field.optional = self.chance(45, "optional");
        field.comment = self.comment("comment on field");
        self.type_options(&mut field);
        self.default(&mut field);
        self.marks(&mut field);
        if field.encrypted.is_none() {
            self.rules(&mut field);
            self.keys(&mut field);
        }
        field
    }

    fn field_type(&mut self) -> FieldType {
        let enums: Vec<String> = self.schema.enums.iter().map(|declared| declared.name.clone()).collect();
        let embedded = self.schema.embedded.first().map(|embedded| embedded.name.clone()).unwrap_or_default();
        match self.random.below(12) {
            0 if !enums.is_empty() => {
                self.histogram.count("type enum");
                FieldType::Enum(enums[self.random.below(enums.len())].clone())
            }
            1 => self.list_type(&enums, embedded),
            2 if self.chance(50, "type embedded") => FieldType::Embedded(embedded),
            3 | 4 => {
                self.histogram.count("type String");
                FieldType::Scalar(Scalar::String)
            }
            5 => {
                self.histogram.count("type i32");
                FieldType::Scalar(Scalar::I32)
            }
            _ => FieldType::Scalar(self.scalar()),
        }
    }

    fn list_type(&mut self, enums: &[String], embedded: String) -> FieldType {
        let element = match self.random.below(6) {
            0 if !enums.is_empty() => {
                self.histogram.count("type list of enum");
                FieldType::Enum(enums[self.random.below(enums.len())].clone())
            }
            1 => {
                self.histogram.count("type list of embedded");
                FieldType::Embedded(embedded)
            }
            _ => {
                self.histogram.count("type list of scalar");
                let simple =
                    [Scalar::String, Scalar::I32, Scalar::I64, Scalar::Bool, Scalar::Uuid, Scalar::F64];
                FieldType::Scalar(if self.options.for_sqlite {
                    self.random.one(simple)
                } else {
                    self.scalar()
                })
            }
        };
        FieldType::List(Box::new(element))
    }

    fn scalar(&mut self) -> Scalar {
        let (scalar, kind) = self.random.one([
            (Scalar::Uuid, "type Uuid"),
            (Scalar::String, "type String"),
            (Scalar::Decimal, "type Decimal"),
            (Scalar::Date, "type Date"),
            (Scalar::Time, "type Time"),
            (Scalar::Timestamp, "type Timestamp"),
            (Scalar::NaiveTimestamp, "type NaiveTimestamp"),
            (Scalar::Bool, "type bool"),
            (Scalar::I16, "type i16"),
            (Scalar::I32, "type i32"),
            (Scalar::I64, "type i64"),
            (Scalar::F64, "type f64"),
            (Scalar::Json, "type Json"),
            (Scalar::Bytes, "type Bytes"),
            (Scalar::GeoPoint, "type GeoPoint"),
        ]);
        self.histogram.count(kind);
        scalar
    }

    fn type_options(&mut self, field: &mut Field) {
        let element = match &field.ty {
            FieldType::List(element) => element.as_ref().clone(),
            other => other.clone(),
        };
        let is_list = matches!(field.ty, FieldType::List(_));
        match element {
            FieldType::Scalar(Scalar::String) => {
                if self.chance(50, "varchar") {
                    field.varchar = Some(self.random.one([1, 20, 255]));
                } else if !is_list && self.chance(12, "type") {
                    let server = self.random.one(["inet", "char(3)", "interval"]);
                    field.sql_type =
                        Some(if self.options.for_sqlite { "varchar(40)" } else { server }.to_owned());
                }
                if !is_list && field.sql_type.is_none() && self.chance(15, "collate") {
                    let server = self.random.one(["C", "POSIX", "ucs_basic"]);
                    field.collation = Some(if self.options.for_sqlite { "C" } else { server }.to_owned());
                }
            }
            FieldType::Scalar(Scalar::Decimal) if self.options.for_sqlite || self.random.percent(80) => {
                self.histogram.count("decimal");
                field.decimal = Some(self.random.one([(10, 2), (5, 0), (15, 4)]));
            }
            FieldType::Enum(_) => {
                if self.chance(20, "store text on field") {
                    field.store = Some(EnumStore::Text);
                } else if self.chance(20, "store native on field") {
                    field.store = Some(EnumStore::Native);
                }
            }
            _ => {}
        }
    }

    fn default(&mut self, field: &mut Field) {
        if field.sql_type.is_some() || !self.random.percent(50) {
            return;
        }
        let number = |text: &str| ("default number", Default::Number(text.to_owned()));
        let drawn = match &field.ty {
            FieldType::Scalar(Scalar::Uuid) => ("default uuid", Default::Uuid),
            FieldType::Scalar(Scalar::Timestamp) if self.random.percent(25) => {
                ("default sql", Default::Sql("now()".to_owned()))
            }
            FieldType::Scalar(Scalar::Date | Scalar::Time | Scalar::Timestamp | Scalar::NaiveTimestamp) => {
                ("default now", Default::Now)
            }
            FieldType::Scalar(Scalar::String) => {
                ("default text", Default::Text(self.random.one(["", "x", "it's", "é", "a\\b"]).to_owned()))
            }
            FieldType::Scalar(Scalar::Bool) => ("default bool", Default::Bool(self.random.percent(50))),
            FieldType::Scalar(Scalar::I64) if self.random.percent(20) => number("-3000000000"),
            FieldType::Scalar(Scalar::I16 | Scalar::I32 | Scalar::I64) => {
                number(self.random.one(["0", "7", "-1"]))
            }
            FieldType::Scalar(Scalar::Decimal | Scalar::F64) => {
                number(self.random.one(["0", "1.50", "-0.5"]))
            }
            FieldType::Scalar(Scalar::Json) | FieldType::List(_) => ("default empty", Default::Empty),
            FieldType::Enum(name) => {
                let first = self.schema.enum_type(name).and_then(|declared| declared.variants.first());
                let Some(variant) = first else { return };
                ("default variant", Default::Variant(variant.name.clone()))
            }
            FieldType::Scalar(_) | FieldType::Embedded(_) => return,
        };
        self.histogram.count(drawn.0);
        field.default = Some(drawn.1);
    }

    fn marks(&mut self, field: &mut Field) {
        let is_text = field.ty == FieldType::Scalar(Scalar::String) && field.sql_type.is_none();
        if matches!(field.ty, FieldType::Scalar(Scalar::Timestamp | Scalar::NaiveTimestamp)) {
            field.touch_on_update = self.chance(30, "on_update now");
        }
        field.sensitive = self.chance(8, "sensitive");
        let is_bare = field.default.is_none() && field.collation.is_none() && field.varchar.is_none();
        if is_text && is_bare && self.chance(15, "encrypted") {
            let blind_index = self.chance(50, "encrypted blind_index");
            field.encrypted = Some(Encryption { blind_index });
        }
    }

    fn rules(&mut self, field: &mut Field) {
        if field.sql_type.is_some() {
            return;
        }
        let mut rules = Rules::default();
        match &field.ty {
            FieldType::Scalar(Scalar::String) => {
                rules.min_len = self.chance(12, "rule min_len").then_some(1);
                rules.len = self.chance(12, "rule len").then_some(500);
                rules.pattern = self.chance(8, "rule pattern").then(|| "^[a-z']+$".to_owned());
                rules.email = self.chance(8, "rule email");
            }
            FieldType::List(element) if matches!(**element, FieldType::Scalar(_)) => {
                rules.min_len = self.chance(12, "rule min_len").then_some(1);
                rules.len = self.chance(12, "rule len").then_some(9);
            }
            FieldType::Scalar(Scalar::I16 | Scalar::I32 | Scalar::I64 | Scalar::F64 | Scalar::Decimal) => {
                rules.min = self.chance(15, "rule min").then(|| self.random.one(["0", "-5"]).to_owned());
                rules.max = self.chance(15, "rule max").then(|| "30000".to_owned());
            }
            _ => return,
        }
        if rules.is_empty() || !self.chance(20, "input rules") {
            field.rules = rules
        } else {
            field.input = rules
        }
    }

    /// `unique` and `index` on the field itself.
    fn keys(&mut self, field: &mut Field) {
        if !is_keyable(field) {
            return;
        }
        if self.chance(8, "unique on field") {
            field.unique = true;
            field.sparse = field.optional && self.chance(30, "unique sparse");
        } else if self.chance(12, "index on field") {
            let descending = self.chance(30, "index on field desc");
            let name = self.chance(20, "index on field name").then(|| format!("by field {}", self.serial));
            field.index = Some(FieldIndex { descending, name });
            field.sparse = field.optional && self.chance(30, "index on field sparse");
        }
    }
}

/// Whether every engine can order and compare the field's values.
pub(super) fn is_keyable(field: &Field) -> bool {
    field.encrypted.is_none()
        && field.sql_type.is_none()
        && matches!(
            field.ty,
            FieldType::Scalar(
                Scalar::Uuid
                    | Scalar::String
                    | Scalar::Decimal
                    | Scalar::Date
                    | Scalar::Time
                    | Scalar::Timestamp
                    | Scalar::NaiveTimestamp
                    | Scalar::Bool
                    | Scalar::I16
                    | Scalar::I32
                    | Scalar::I64
                    | Scalar::Bytes
            ) | FieldType::Enum(_)
        )
}

fn sequence_sql(sequence: &crate::model::Sequence) -> String {
    let name = sequence.sequence.clone().unwrap_or_else(|| crate::model::snake_case(&sequence.name));
    let schema = sequence.schema.as_deref().unwrap_or(crate::catalog::DEFAULT_SCHEMA);
    crate::sql_text::quote_name(&crate::catalog::QualifiedName::new(schema, name))
}
