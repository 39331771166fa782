use super::*;
use crate::catalog::{CheckConstraint, Column, ColumnType, Identity, PrimaryKey, ReferentialAction, View};
use crate::lower::lower;
use crate::model::Default;

/// `name type [!] [= default]`: `!` means NOT NULL.
fn column(text: &str) -> Column {
    let (head, default) = match text.split_once(" = ") {
        Some((head, default)) => (head, Some(default.to_owned())),
        None => (text, None),
    };
    let (head, nullable) = match head.strip_suffix(" !") {
        Some(head) => (head, false),
        None => (head, true),
    };
    let (name, ty) = head.split_once(' ').expect("a name and a type");
    Column { nullable, default, ..Column::new(name, ColumnType::parse(ty)) }
}

fn table(name: &str, columns: &[&str]) -> Table {
    let mut table = Table::new(QualifiedName::plain(name));
    table.columns = columns.iter().map(|text| column(text)).collect();
    let id = table.columns[0].name.clone();
    table.primary_key = Some(PrimaryKey { name: format!("{name}_pkey"), columns: vec![id] });
    table
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn unique(name: &str, columns: &[&str]) -> UniqueConstraint {
    UniqueConstraint {
        name: name.to_owned(),
        columns: strings(columns),
        nulls_not_distinct: false,
        deferral: Deferral::NotDeferrable,
        include: Vec::new(),
    }
}

fn foreign_key(name: &str, columns: &[&str], target: &str, referenced: &[&str]) -> ForeignKeyConstraint {
    ForeignKeyConstraint {
        name: name.to_owned(),
        columns: strings(columns),
        references: QualifiedName::plain(target),
        referenced_columns: strings(referenced),
        on_delete: ReferentialAction::Cascade,
        on_update: ReferentialAction::NoAction,
        deferral: Deferral::NotDeferrable,
        not_valid: false,
    }
}

fn check(name: &str, expression: &str) -> CheckConstraint {
    CheckConstraint { name: name.to_owned(), expression: expression.to_owned(), not_valid: false }
}

/// Columns are `name` or `name desc`.
fn index(name: &str, columns: &[&str]) -> IndexDefinition {
    IndexDefinition {
        name: name.to_owned(),
        method: "btree".to_owned(),
        keys: columns
            .iter()
            .map(|column| {
                let (column, descending) = match column.strip_suffix(" desc") {
                    Some(column) => (column, true),
                    None => (*column, false),
                };
                IndexPart {
                    target: IndexPartTarget::Column(column.to_owned()),
                    descending,
                    nulls_first: descending,
                    operator_class: None,
                    collation: None,
                }
            })
            .collect(),
        unique: false,
        nulls_not_distinct: false,
        predicate: None,
        include: Vec::new(),
        with: Vec::new(),
        invalid: false,
    }
}

#[track_caller]
fn round_trip(mut catalog: Catalog) -> Raised {
    catalog.sort();
    let raised = raise(&catalog);
    let lowered = lower(&raised.schema).expect("a raised schema is relational");
    assert_eq!(lowered.catalog, catalog);
    assert!(lowered.renames.is_empty());
    let text = crate::print::print_rust(&raised.schema);
    let back = crate::read::read_text("schema.rs", &text).expect("what pull writes is valid");
    assert_eq!(back, raised.schema);
    raised
}

const ID: &str = "id uuid ! = gen_random_uuid()";
const CREATED: &str = "created_at timestamp = CURRENT_TIMESTAMP";
const UPDATED: &str = "updated_at timestamp = CURRENT_TIMESTAMP";

fn travya() -> Catalog {
    let mut users = table(
        "users",
        &[
            ID,
            "email varchar(255) !",
            "username varchar(50) !",
            "full_name varchar(100)",
            "hashed_password varchar(255) !",
            "is_active boolean = true",
            "is_superuser boolean = false",
            CREATED,
            UPDATED,
        ],
    );
    users.uniques = vec![unique("users_email_key", &["email"]), unique("users_username_key", &["username"])];
    users.indexes = vec![index("idx_users_email", &["email"])];
    let mut trips = table(
        "trips",
        &[
            ID,
            "title varchar(255) !",
            "destination varchar(255) !",
            "start_date date !",
            "end_date date !",
            "budget decimal(10,2)",
            "description text",
            "status varchar(20) = 'planned'",
            "trip_type varchar(20) = 'leisure'",
            "user_id uuid",
            CREATED,
            UPDATED,
        ],
    );
    trips.foreign_keys = vec![
        foreign_key("trips_user_id_fkey", &["user_id"], "users", &["id"]),
        foreign_key("fk_trips_user", &["user_id"], "users", &["id"]),
    ];
    trips.checks = vec![
        check("chk_trip_dates", "end_date > start_date"),
        check("chk_trip_budget", "budget IS NULL OR budget >= 0"),
    ];
    trips.indexes = vec![
        index("idx_trips_user_id", &["user_id"]),
        index("idx_trips_destination", &["destination"]),
        index("idx_trips_dates", &["start_date", "end_date"]),
        index("idx_trips_user_status_date", &["user_id", "status", "start_date"]),
    ];
    let mut itineraries = table(
        "itineraries",
        &[
            ID,
            "trip_id uuid",
            "day integer !",
            "title varchar(255) !",
            "description text",
            "activities text[]",
            "start_time time",
            "end_time time",
            "location varchar(255)",
            CREATED,
            UPDATED,
        ],
    );
    itineraries.foreign_keys = vec![foreign_key("itineraries_trip_id_fkey", &["trip_id"], "trips", &["id"])];
    let mut bookings = table(
        "bookings",
        &[
            ID,
            "trip_id uuid",
            "booking_type varchar(50) !",
            "amount decimal(10,2) !",
            "currency varchar(3) = 'USD'",
            "travel_date date !",
            "status varchar(20) = 'confirmed'",
        ],
    );
    bookings.foreign_keys = vec![foreign_key("bookings_trip_id_fkey", &["trip_id"], "trips", &["id"])];
    bookings.indexes = vec![
        index("idx_bookings_trip_id", &["trip_id"]),
        index("idx_bookings_type_date", &["booking_type", "travel_date"]),
    ];
    let mut collaborators = table(
        "trip_collaborators",
        &[
            ID,
            "trip_id uuid",
            "user_id uuid",
            "inviter_id uuid",
            "role varchar(20) = 'viewer'",
            "accepted_at timestamp",
        ],
    );
    collaborators.foreign_keys = vec![
        foreign_key("trip_collaborators_trip_id_fkey", &["trip_id"], "trips", &["id"]),
        foreign_key("trip_collaborators_user_id_fkey", &["user_id"], "users", &["id"]),
        foreign_key("trip_collaborators_inviter_id_fkey", &["inviter_id"], "users", &["id"]),
    ];
    Catalog { tables: vec![users, trips, itineraries, bookings, collaborators], ..Catalog::default() }
}

#[test]
fn travya_comes_back() {
    let raised = round_trip(travya());
    assert!(raised.notes.is_empty(), "{:?}", raised.notes);
    let names: Vec<&str> = raised.schema.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["Booking", "Itinerary", "TripCollaborator", "Trip", "User"]);
    let trip = raised.schema.model("Trip").unwrap();
    let user_id = trip.field("user_id").unwrap();
    assert_eq!(user_id.references.as_ref().unwrap().name, None, "the inline one keeps its custom name");
    assert_eq!(user_id.index, Some(FieldIndex::default()));
    assert_eq!(trip.foreign_keys[0].name.as_deref(), Some("fk_trips_user"));
    assert_eq!(trip.field("status").unwrap().default, Some(Default::Text("planned".into())));
    assert_eq!(trip.field("created_at").unwrap().default, Some(Default::Now));
    assert!(raised.schema.model("User").unwrap().field("email").unwrap().unique);
}

#[test]
fn siprems_comes_back() {
    let serial = |mut table: Table| {
        table.columns[0].serial = true;
        table
    };
    let mut products = serial(table(
        "products",
        &[
            "product_id integer !",
            "name varchar(255) !",
            "category varchar(100)",
            "price numeric(10,2) !",
            "stock integer ! = 0",
            "sku varchar(100) !",
            "created_at timestamp ! = now()",
        ],
    ));
    products.uniques = vec![unique("products_sku_key", &["sku"])];
    products.indexes =
        vec![index("idx_products_sku", &["sku"]), index("idx_products_category", &["category"])];
    let mut transactions = serial(table(
        "transactions",
        &[
            "transaction_id integer !",
            "product_id integer !",
            "quantity_sold integer !",
            "transaction_date timestamp ! = now()",
            "is_promo boolean = false",
        ],
    ));
    transactions.foreign_keys = vec![ForeignKeyConstraint {
        on_delete: ReferentialAction::Restrict,
        ..foreign_key("transactions_product_id_fkey", &["product_id"], "products", &["product_id"])
    }];
    transactions.indexes = vec![
        index("idx_transaction_date", &["transaction_date"]),
        index("idx_product_id", &["product_id"]),
        index("idx_transactions_product_date", &["product_id", "transaction_date"]),
        index("idx_transactions_is_promo", &["is_promo"]),
        index("idx_transactions_date_range", &["transaction_date desc"]),
        index("idx_transactions_quantity_date", &["quantity_sold", "transaction_date"]),
    ];
    let mut events = serial(table(
        "events",
        &["event_id integer !", "event_name varchar(255) !", "event_date date !", "description text"],
    ));
    let event_type = QualifiedName::plain("event_type");
    events.columns.push(Column::new("type", ColumnType::Enum(event_type.clone())));
    events.uniques = vec![unique("events_event_name_event_date_key", &["event_name", "event_date"])];
    events.indexes = vec![index("idx_events_date", &["event_date"]), index("idx_events_type", &["type"])];
    let catalog = Catalog {
        enums: vec![EnumDefinition {
            name: event_type,
            values: strings(&["holiday", "promotion", "seasonal", "custom"]),
            comment: None,
        }],
        tables: vec![products, transactions, events],
        ..Catalog::default()
    };
    let raised = round_trip(catalog);
    assert!(raised.notes.is_empty(), "{:?}", raised.notes);
    let event = raised.schema.model("Event").unwrap();
    let kind = event.field("type_").unwrap();
    assert_eq!(kind.column.as_deref(), Some("type"));
    assert_eq!(event.uniques[0].name, None);
    assert!(
        raised.schema.enum_type("EventType").unwrap().variants.iter().all(|variant| variant.value.is_none())
    );
}

#[test]
fn every_feature_comes_back() {
    let odd = QualifiedName::new("billing", "Kind of");
    let mut accounts = table(
        "Accounts",
        &[
            "id bigint !",
            "Weird text = 'it''s'",
            "fn integer = -1",
            "payload json = '{}'",
            "data jsonb = '{\"a\": 1}'::jsonb",
            "address inet",
            "code character(3) = 'USD'",
            "span interval",
            "many varchar(9)[] = '{}'",
            "loose varchar",
            "exact numeric",
            "stamp timestamptz(3)",
            "doubled bigint",
            "made timestamptz ! = CURRENT_TIMESTAMP",
            "day date = CURRENT_DATE",
            "ratio double precision = 0.5",
            "small smallint",
            "bytes bytea",
            "place point",
            "at time = LOCALTIME",
        ],
    );
    accounts.name = QualifiedName::new("billing", "Accounts");
    accounts.primary_key = Some(PrimaryKey { name: "accounts_primary".into(), columns: strings(&["id"]) });
    accounts.columns[0].identity = Some(Identity::Always);
    accounts.columns[12].generated = Some("id * 2".into());
    accounts.columns[1].name = "Weird Name".into();
    accounts.columns[1].collation = Some("C".into());
    accounts.columns[1].comment = Some("A name, oddly".into());
    accounts
        .columns
        .push(Column { default: Some("'b c'".into()), ..Column::new("kind", ColumnType::Enum(odd.clone())) });
    accounts.columns.push(Column::new("kinds", ColumnType::Array(Box::new(ColumnType::Enum(odd.clone())))));
    accounts.comment = Some("Who pays".into());
    accounts.with = vec![("fillfactor".into(), "70".into())];
    accounts.uniques = vec![
        UniqueConstraint { nulls_not_distinct: true, ..unique("Accounts_fn_key", &["fn"]) },
        UniqueConstraint {
            deferral: Deferral::InitiallyDeferred,
            include: strings(&["day"]),
            ..unique("given", &["fn", "code"])
        },
        unique("Accounts_fn_code_key", &["code", "fn"]),
    ];
    accounts.foreign_keys = vec![ForeignKeyConstraint {
        references: accounts.name.clone(),
        on_delete: ReferentialAction::SetNull,
        on_update: ReferentialAction::SetDefault,
        deferral: Deferral::InitiallyImmediate,
        ..foreign_key("self", &["fn", "code"], "", &["code", "fn"])
    }];
    accounts.checks = vec![check("positive", "id > 0")];
    let expression = IndexPart {
        target: IndexPartTarget::Expression("lower(\"Weird Name\")".into()),
        ..index("", &["x"]).keys[0].clone()
    };
    let mut by_name = index("by_name", &["Weird Name desc", "fn"]);
    by_name.keys[0].nulls_first = false;
    by_name.keys[0].operator_class = Some("text_pattern_ops".into());
    by_name.keys[1].nulls_first = true;
    by_name.keys[0].collation = Some("C".into());
    accounts.indexes = vec![
        index("idx_Accounts_code", &["code desc"]),
        by_name,
        IndexDefinition { keys: vec![expression], unique: true, ..index("idx_Accounts_expr", &[]) },
        IndexDefinition {
            predicate: Some("fn > 0".into()),
            include: strings(&["day"]),
            with: vec![("fillfactor".into(), "80".into())],
            unique: true,
            nulls_not_distinct: true,
            ..index("partial", &["fn"])
        },
        IndexDefinition { method: "gin".into(), ..index("idx_Accounts_data", &["data"]) },
        IndexDefinition { method: "gist".into(), ..index("places", &["place"]) },
    ];
    let enumeration = |name: QualifiedName, values: &[&str]| EnumDefinition {
        name,
        values: strings(values),
        comment: None,
    };
    let catalog = Catalog {
        schemas: vec!["billing".into()],
        enums: vec![
            enumeration(odd, &["b c", "b-c", "Self", "9"]),
            enumeration(QualifiedName::plain("unused"), &["one"]),
        ],
        sequences: vec![
            SequenceDefinition {
                name: QualifiedName::plain("Numbers"),
                start: 5,
                increment: 2,
                min: 1,
                max: 99,
                cache: 3,
                cycle: true,
            },
            SequenceDefinition {
                name: QualifiedName::plain("down"),
                start: -1,
                increment: -1,
                min: i64::MIN,
                max: -1,
                cache: 1,
                cycle: false,
            },
        ],
        tables: vec![accounts],
        ..Catalog::default()
    };
    let raised = round_trip(catalog);
    assert!(raised.notes.is_empty(), "{:?}", raised.notes);
    let model = &raised.schema.models[0];
    assert_eq!(model.name, "Account");
    assert_eq!(model.field("weird_name").unwrap().column.as_deref(), Some("Weird Name"));
    assert_eq!(model.field("fn_").unwrap().default, Some(Default::Number("-1".into())));
}

#[test]
fn what_cannot_be_said_is_noted() {
    let mut trips = table("trips", &["id integer !", "other integer !", "user_id integer"]);
    trips.primary_key = Some(PrimaryKey { name: "trips_pkey".into(), columns: strings(&["other", "id"]) });
    trips.foreign_keys = vec![foreign_key("fk", &["user_id"], "elsewhere", &["id"])];
    trips.checks = vec![CheckConstraint { not_valid: true, ..check("late", "id > 0") }];
    trips.indexes = vec![IndexDefinition { invalid: true, ..index("broken", &["other"]) }];
    let catalog = Catalog {
        schemas: vec!["empty".into()],
        enums: vec![EnumDefinition {
            name: QualifiedName::plain("hollow"),
            values: strings(&["", "full"]),
            comment: Some("Said".into()),
        }],
        tables: vec![trips],
        views: vec![View {
            name: QualifiedName::plain("recent"),
            query: "SELECT 1".into(),
            materialized: false,
            comment: None,
        }],
        ..Catalog::default()
    };
    let raised = raise(&catalog);
    let notes = raised.notes.join("\n");
    for part in [
        "an empty value",
        "comment on the type",
        "(other, id)",
        "`elsewhere`",
        "NOT VALID",
        "`broken`",
        "`recent` stays unmanaged",
        "`empty`",
    ] {
        assert!(notes.contains(part), "{part} in {notes}");
    }
    assert!(raised.schema.models.iter().all(|model| model.storage == Storage::Table));
}
