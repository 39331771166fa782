use super::*;
use crate::catalog::{ColumnType, IndexPartTarget};
use crate::model::{
    BinaryOperator, Check, Condition, Default, Embedded, Expression, FieldIndex, FieldType, ForeignKey,
    Index, IndexKey, IndexKind, IndexTarget, Reference, Rules, Scalar, Variant,
};

fn scalar(name: &str, ty: Scalar) -> Field {
    Field::new(name, FieldType::Scalar(ty))
}

fn with(mut field: Field, change: impl FnOnce(&mut Field)) -> Field {
    change(&mut field);
    field
}

fn list(name: &str, element: FieldType) -> Field {
    Field::new(name, FieldType::List(Box::new(element)))
}

fn schema_of(models: Vec<Model>) -> Schema {
    Schema { models, ..Schema::new() }
}

fn table_of(name: &str, table: &str, fields: Vec<Field>) -> Model {
    Model { fields, ..Model::new(name, Storage::Table, table) }
}

fn status() -> EnumType {
    let variant = |name: &str, was: Option<&str>| Variant {
        name: name.to_owned(),
        doc: None,
        value: None,
        was: was.map(str::to_owned),
    };
    EnumType {
        name: "TripStatus".to_owned(),
        doc: None,
        type_name: None,
        schema: None,
        was: Some("status".to_owned()),
        store: None,
        variants: vec![variant("Planned", None), variant("InProgress", Some("running"))],
    }
}

fn lowered_table(schema: &Schema) -> Table {
    lower(schema).expect("the schema is relational").catalog.tables[0].clone()
}

fn key(field: &str) -> IndexKey {
    IndexKey {
        target: IndexTarget::Field(field.to_owned()),
        descending: false,
        nulls_first: None,
        operator_class: None,
        collation: None,
        weight: None,
    }
}

fn index(kind: IndexKind, keys: Vec<IndexKey>) -> Index {
    Index {
        name: None,
        kind,
        keys,
        unique: false,
        sparse: false,
        nulls_not_distinct: false,
        predicate: None,
        include: Vec::new(),
        with: Vec::new(),
    }
}

#[test]
fn every_type_has_its_column() {
    let mut schema = schema_of(vec![table_of(
        "T",
        "t",
        vec![
            scalar("a", Scalar::Uuid),
            with(scalar("b", Scalar::String), |field| field.varchar = Some(20)),
            with(scalar("c", Scalar::Decimal), |field| field.decimal = Some((10, 2))),
            scalar("d", Scalar::Timestamp),
            scalar("e", Scalar::NaiveTimestamp),
            scalar("f", Scalar::GeoPoint),
            list("g", FieldType::Scalar(Scalar::String)),
            Field::new("h", FieldType::Embedded("Profile".into())),
            list("i", FieldType::Embedded("Profile".into())),
            Field::new("j", FieldType::Enum("TripStatus".into())),
            with(Field::new("k", FieldType::Enum("TripStatus".into())), |field| {
                field.store = Some(EnumStore::Text);
                field.varchar = Some(9);
            }),
            list("l", FieldType::Enum("TripStatus".into())),
            with(scalar("m", Scalar::String), |field| field.sql_type = Some("CHAR(3)".into())),
            with(scalar("n", Scalar::Json), |field| field.sql_type = Some("json".into())),
            with(scalar("o", Scalar::String), |field| field.sql_type = Some("trip_status".into())),
        ],
    )]);
    schema.enums.push(status());
    let lowered = lower(&schema).unwrap();
    let types: Vec<String> =
        lowered.catalog.tables[0].columns.iter().map(|column| column.ty.to_string()).collect();
    assert_eq!(
        types,
        [
            "uuid",
            "character varying(20)",
            "numeric(10,2)",
            "timestamp with time zone",
            "timestamp without time zone",
            "point",
            "text[]",
            "jsonb",
            "jsonb",
            "trip_status",
            "character varying(9)",
            "trip_status[]",
            "character(3)",
            "json",
            "trip_status",
        ]
    );
    assert!(matches!(lowered.catalog.tables[0].columns[14].ty, ColumnType::Enum(_)));
    assert_eq!(lowered.catalog.enums[0].values, ["planned", "in_progress"]);
}

#[test]
fn an_enum_stored_as_text_makes_no_type() {
    let mut schema = schema_of(vec![table_of(
        "T",
        "t",
        vec![with(Field::new("status", FieldType::Enum("TripStatus".into())), |field| {
            field.default = Some(Default::Variant("InProgress".into()));
        })],
    )]);
    schema.enums.push(EnumType { store: Some(EnumStore::Text), ..status() });
    let lowered = lower(&schema).unwrap();
    assert!(lowered.catalog.enums.is_empty());
    let column = &lowered.catalog.tables[0].columns[0];
    assert_eq!((&column.ty, column.default.as_deref()), (&ColumnType::Text, Some("'in_progress'")));
    assert!(lowered.renames.is_empty());
}

#[test]
fn defaults_are_written_for_their_type() {
    let defaulted =
        |ty: FieldType, default: Default| with(Field::new("a", ty), |field| field.default = Some(default));
    let one = |ty| FieldType::Scalar(ty);
    for (field, expected) in [
        (defaulted(one(Scalar::Uuid), Default::Uuid), "gen_random_uuid()"),
        (defaulted(one(Scalar::Timestamp), Default::Now), "CURRENT_TIMESTAMP"),
        (defaulted(one(Scalar::NaiveTimestamp), Default::Now), "CURRENT_TIMESTAMP"),
        (defaulted(one(Scalar::Date), Default::Now), "CURRENT_DATE"),
        (defaulted(one(Scalar::Time), Default::Now), "LOCALTIME"),
        (defaulted(one(Scalar::String), Default::Text("it's".into())), "'it''s'"),
        (defaulted(one(Scalar::Decimal), Default::Number("1_000.50".into())), "1000.50"),
        (defaulted(one(Scalar::Bool), Default::Bool(false)), "false"),
        (defaulted(one(Scalar::Json), Default::Empty), "'{}'"),
        (defaulted(FieldType::List(Box::new(one(Scalar::I32))), Default::Empty), "'{}'"),
        (defaulted(FieldType::List(Box::new(FieldType::Embedded("P".into()))), Default::Empty), "'[]'"),
        (defaulted(one(Scalar::I64), Default::Sql("nextval('n')".into())), "nextval('n')"),
    ] {
        let table = lowered_table(&schema_of(vec![table_of("T", "t", vec![field])]));
        assert_eq!(table.columns[0].default.as_deref(), Some(expected));
    }
}

#[test]
fn names_follow_custom_and_are_given_once() {
    let user = table_of("User", "users", vec![with(scalar("id", Scalar::Uuid), |field| field.id = true)]);
    let reference = || Reference {
        model: "User".into(),
        field: "id".into(),
        on_delete: crate::model::ReferentialAction::Cascade,
        on_update: crate::model::ReferentialAction::NoAction,
        deferral: crate::model::Deferral::NotDeferrable,
        name: None,
    };
    let mut trip = table_of(
        "Trip",
        "trips",
        vec![
            with(scalar("id", Scalar::Uuid), |field| field.id = true),
            with(scalar("user", Scalar::Uuid), |field| {
                field.column = Some("user_id".into());
                field.references = Some(reference());
                field.index = Some(FieldIndex { descending: true, name: None });
            }),
            with(scalar("code", Scalar::String), |field| {
                field.unique = true;
                field.rules = Rules { min_len: Some(1), email: true, ..Rules::default() };
            }),
        ],
    );
    trip.foreign_keys.push(ForeignKey {
        fields: vec!["user".into()],
        model: "User".into(),
        references: vec!["id".into()],
        on_delete: crate::model::ReferentialAction::Restrict,
        on_update: crate::model::ReferentialAction::NoAction,
        deferral: crate::model::Deferral::NotDeferrable,
        name: None,
    });
    trip.indexes.push(index(IndexKind::Ordered, vec![key("user")]));
    trip.indexes.push(index(
        IndexKind::Ordered,
        vec![IndexKey { target: IndexTarget::Sql("lower(code)".into()), ..key("code") }],
    ));
    let lowered = lower(&schema_of(vec![user, trip])).unwrap();
    let table = lowered.catalog.table(&QualifiedName::plain("trips")).unwrap();
    assert_eq!(table.primary_key.as_ref().unwrap().name, "trips_pkey");
    let names = |names: Vec<&String>| names.into_iter().cloned().collect::<Vec<_>>();
    assert_eq!(names(table.uniques.iter().map(|unique| &unique.name).collect()), ["trips_code_key"]);
    assert_eq!(
        names(table.foreign_keys.iter().map(|key| &key.name).collect()),
        ["trips_user_id_fkey", "trips_user_id_fkey1"]
    );
    assert_eq!(
        names(table.indexes.iter().map(|index| &index.name).collect()),
        ["idx_trips_expr", "idx_trips_user_id", "idx_trips_user_id1"]
    );
    assert!(table.indexes[1].keys[0].nulls_first, "PostgreSQL's own order puts NULLs first descending");
    assert_eq!(
        names(table.checks.iter().map(|check| &check.name).collect()),
        ["trips_code_email_check", "trips_code_min_len_check"]
    );
    assert_eq!(table.foreign_keys[0].columns, ["user_id"]);
}

#[test]
fn long_names_are_cut_with_a_hash_of_the_whole() {
    let long = "a".repeat(70);
    let short = shortened(&long);
    assert_eq!(short.len(), 63);
    assert_eq!(short, shortened(&long));
    assert_ne!(short, shortened(&format!("{long}b")));
    assert_eq!(shortened(&"é".repeat(40)).len(), 63);
    assert_eq!(shortened("trips_pkey"), "trips_pkey");
}

fn check_sql(expression: Expression) -> String {
    let mut model = table_of(
        "T",
        "t",
        vec![
            scalar("a", Scalar::I32),
            scalar("b", Scalar::I32),
            with(scalar("order", Scalar::Bool), |_| ()),
            with(scalar("title", Scalar::String), |field| field.column = Some("Title".into())),
            list("tags", FieldType::Scalar(Scalar::String)),
            Field::new("status", FieldType::Enum("TripStatus".into())),
            Field::new("profile", FieldType::Embedded("Profile".into())),
        ],
    );
    model.checks.push(Check { name: "c".into(), condition: Condition::Expression(expression) });
    let mut schema = schema_of(vec![model]);
    schema.enums.push(status());
    schema.embedded.push(Embedded {
        name: "Profile".into(),
        doc: None,
        fields: vec![scalar("age", Scalar::I32), scalar("city", Scalar::String)],
    });
    lowered_table(&schema).checks[0].expression.clone()
}

fn path(name: &str) -> Expression {
    Expression::Field(name.split('.').map(str::to_owned).collect())
}

fn number(text: &str) -> Expression {
    Expression::Number(text.to_owned())
}

fn binary(operator: BinaryOperator, left: Expression, right: Expression) -> Expression {
    Expression::Binary(operator, Box::new(left), Box::new(right))
}

#[test]
fn expressions_keep_their_meaning_in_sql() {
    use BinaryOperator as Op;
    let greater = || binary(Op::Greater, path("a"), path("b"));
    let sum = || binary(Op::Add, path("a"), path("b"));
    let not = |inner| Expression::Not(Box::new(inner));
    let negate = |inner| Expression::Negate(Box::new(inner));
    for (expression, expected) in [
        (greater(), "a > b"),
        (binary(Op::And, binary(Op::Or, greater(), greater()), greater()), "(a > b OR a > b) AND a > b"),
        (binary(Op::Or, greater(), binary(Op::And, greater(), greater())), "a > b OR a > b AND a > b"),
        (not(greater()), "NOT a > b"),
        (not(path("order")), "NOT \"order\""),
        (not(binary(Op::Or, greater(), path("order"))), "NOT (a > b OR \"order\")"),
        (binary(Op::Equal, greater(), Expression::Bool(true)), "(a > b) = true"),
        (binary(Op::Subtract, path("a"), binary(Op::Subtract, path("b"), number("1"))), "a - (b - 1)"),
        (binary(Op::Subtract, binary(Op::Subtract, path("a"), path("b")), number("1")), "a - b - 1"),
        (binary(Op::Multiply, sum(), number("2")), "(a + b) * 2"),
        (negate(sum()), "-(a + b)"),
        (negate(negate(path("a"))), "-(-a)"),
        (negate(number("-1")), "-(-1)"),
        (binary(Op::NotEqual, path("title"), Expression::Text("it's".into())), "\"Title\" <> 'it''s'"),
        (
            binary(Op::Equal, path("status"), Expression::Variant("TripStatus".into(), "InProgress".into())),
            "status = 'in_progress'",
        ),
        (Expression::IsNone { field: vec!["a".into()], negated: false }, "a IS NULL"),
        (not(Expression::IsNone { field: vec!["a".into()], negated: true }), "NOT a IS NOT NULL"),
        (
            binary(Op::LessOrEqual, Expression::Len(vec!["title".into()]), number("9")),
            "char_length(\"Title\") <= 9",
        ),
        (binary(Op::Less, Expression::Len(vec!["tags".into()]), number("5")), "cardinality(tags) < 5"),
        (
            Expression::OneOf(
                Box::new(path("title")),
                vec![Expression::Text("a".into()), Expression::Text("b".into())],
            ),
            "\"Title\" IN ('a', 'b')",
        ),
        (
            binary(Op::Equal, Expression::OneOf(Box::new(sum()), vec![number("1")]), Expression::Bool(true)),
            "a + b IN (1) = true",
        ),
        (Expression::OneOf(Box::new(path("a")), Vec::new()), "a IS NULL"),
        (binary(Op::GreaterOrEqual, path("profile.age"), number("18")), "(profile ->> 'age')::bigint >= 18"),
        (binary(Op::Equal, path("profile.city"), Expression::Text("x".into())), "(profile ->> 'city') = 'x'"),
    ] {
        assert_eq!(check_sql(expression), expected);
    }
}

#[test]
fn indexes_of_every_kind() {
    let mut model = table_of(
        "T",
        "t",
        vec![
            scalar("a", Scalar::String),
            scalar("b", Scalar::String),
            scalar("place", Scalar::GeoPoint),
            scalar("data", Scalar::Json),
        ],
    );
    model.indexes = vec![
        Index {
            sparse: true,
            ..index(IndexKind::Ordered, vec![key("a"), IndexKey { nulls_first: Some(true), ..key("b") }])
        },
        index(IndexKind::Geo, vec![key("place")]),
        index(IndexKind::Text, vec![key("a"), key("b")]),
        index(IndexKind::Method("gin".into()), vec![key("data")]),
    ];
    let indexes = lowered_table(&schema_of(vec![model])).indexes;
    let described: Vec<(&str, &str)> =
        indexes.iter().map(|index| (index.name.as_str(), index.method.as_str())).collect();
    assert_eq!(
        described,
        [("idx_t_a_b", "btree"), ("idx_t_a_b1", "gin"), ("idx_t_data", "gin"), ("idx_t_place", "gist")]
    );
    assert_eq!(indexes[0].predicate.as_deref(), Some("a IS NOT NULL OR b IS NOT NULL"));
    assert!(indexes[0].keys[1].nulls_first && !indexes[0].keys[0].nulls_first);
    assert_eq!(
        indexes[1].keys[0].target,
        IndexPartTarget::Expression(
            "to_tsvector('simple', coalesce(a, '') || ' ' || coalesce(b, ''))".into()
        )
    );
}

#[test]
fn renames_sequences_views_and_schemas() {
    let mut model = table_of(
        "Trip",
        "trips",
        vec![
            with(scalar("title", Scalar::String), |field| field.was = Some("name".into())),
            Field::new("status", FieldType::Enum("TripStatus".into())),
        ],
    );
    model.schema = Some("travel".into());
    model.was = Some("journeys".into());
    let view =
        Model::new("V", Storage::View { query: "SELECT 1 AS one;\n".into(), materialized: true }, "ones");
    let mut schema = schema_of(vec![model, view]);
    schema.enums.push(status());
    schema.sequences.push(Sequence {
        name: "InvoiceNumber".into(),
        sequence: None,
        schema: Some("billing".into()),
        start: None,
        increment: Some(-2),
        min: None,
        max: None,
        cache: None,
        cycle: false,
    });
    let lowered = lower(&schema).unwrap();
    let table = QualifiedName::new("travel", "trips");
    let status = QualifiedName::plain("trip_status");
    assert_eq!(
        lowered.renames,
        [
            Rename::Table { from: QualifiedName::new("travel", "journeys"), to: table.clone() },
            Rename::Column { table, from: "name".into(), to: "title".into() },
            Rename::Enum { from: QualifiedName::plain("status"), to: status.clone() },
            Rename::EnumValue { name: status, from: "running".into(), to: "in_progress".into() },
        ]
    );
    assert_eq!(lowered.catalog.schemas, ["billing", "travel"]);
    assert_eq!(lowered.catalog.views[0].query, "SELECT 1 AS one");
    let sequence = &lowered.catalog.sequences[0];
    assert_eq!(sequence.name, QualifiedName::new("billing", "invoice_number"));
    assert_eq!((sequence.start, sequence.min, sequence.max), (-1, i64::MIN, -1));
}

#[test]
fn what_is_not_relational_is_refused() {
    let collection = schema_of(vec![Model::new("C", Storage::Collection, "c")]);
    assert_eq!(lower(&collection), Err(LowerError::Collection { model: "C".into() }));
    let object_id = schema_of(vec![table_of("T", "t", vec![scalar("id", Scalar::ObjectId)])]);
    assert_eq!(lower(&object_id), Err(LowerError::ObjectId { model: "T".into(), field: "id".into() }));
    let mut lost = table_of("T", "t", vec![scalar("a", Scalar::I32)]);
    lost.indexes.push(index(IndexKind::Ordered, vec![key("b")]));
    assert_eq!(
        lower(&schema_of(vec![lost])),
        Err(LowerError::UnknownField { model: "T".into(), name: "b".into() })
    );
}
