//! What holds for every pair of catalogues.

use std::collections::BTreeSet;

use super::sample::{check, column_of, index, plain, trips_of};
use super::{check_round_trip, sample};
use crate::catalog::{Catalog, Column, ColumnType as T, Identity, QualifiedName, Table};
use crate::ddl;
use crate::diff::diff;
use crate::generate::{Options, Random, random_schema};
use crate::lower::lower;
use crate::operation::{Operation, apply_all, word_occurs};

/// Changes that bite each other when they come together, each of them small.
fn changes() -> Vec<fn(&mut Catalog)> {
    vec![
        |catalog| column_of(catalog, "budget").ty = T::Text,
        |catalog| catalog.enums[0].values.insert(0, "draft".into()),
        |catalog| catalog.enums[0].values.reverse(),
        |catalog| {
            column_of(catalog, "status").default = Some("'done'::trip_status".into());
        },
        |catalog| catalog.tables.retain(|table| table.name.name != "trips" || table.checks.len() > 1),
        |catalog| {
            for table in catalog.tables.iter_mut().filter(|table| table.name.name == "users") {
                table
                    .columns
                    .push(Column { identity: Some(Identity::Always), ..Column::new("number", T::BigInt) });
            }
        },
        |catalog| {
            let twice = Column {
                nullable: true,
                generated: Some("budget".into()),
                ..Column::new("twice", T::Numeric(Some((10, 2))))
            };
            trips_of(catalog).columns.push(twice);
            trips_of(catalog).indexes.push(index("idx_twice", &["twice"]));
        },
        |catalog| trips_of(catalog).checks.push(check("more", "title <> 'done' AND budget > 1")),
        |catalog| {
            catalog.schemas.push("app".into());
            trips_of(catalog).foreign_keys.clear();
        },
    ]
}

/// Every subset of the changes, in order; those that no longer fit (their table is gone) are left out.
fn catalogs() -> Vec<Catalog> {
    let changes = changes();
    let holds_trips = |catalog: &Catalog| catalog.table(&plain("trips")).is_some();
    (0..1_usize << changes.len())
        .step_by(7)
        .map(|subset| {
            let mut catalog = sample::catalog();
            let chosen = changes.iter().enumerate().filter(|(place, _)| subset & (1 << place) != 0);
            for (_, change) in chosen {
                if holds_trips(&catalog) {
                    change(&mut catalog);
                }
            }
            catalog.sort();
            catalog
        })
        .collect()
}

#[test]
fn up_leads_there_and_down_leads_back() {
    let catalogs = catalogs();
    assert!(catalogs.len() > 50);
    for (place, from) in catalogs.iter().enumerate() {
        for (other, to) in catalogs.iter().enumerate().skip(place % 3).step_by(3) {
            check_round_trip(from, to, &[], &format!("{place} to {other}"));
        }
        check_round_trip(&Catalog::default(), from, &[], &format!("nothing to {place}"));
        check_round_trip(from, &Catalog::default(), &[], &format!("{place} to nothing"));
    }
}

/// The catalogue of a random schema.
fn random_catalog(seed: u64) -> Catalog {
    let (schema, _) = random_schema(seed, Options::default());
    lower(&schema).expect("a generated schema is valid").catalog
}

/// The catalogue with parts taken away and changed at random, as far as it stays valid.
fn thinned(catalog: &Catalog, random: &mut Random) -> Catalog {
    let mut thinned = catalog.clone();
    thinned.tables.retain(|_| random.percent(85));
    let tables: BTreeSet<QualifiedName> = thinned.tables.iter().map(|table| table.name.clone()).collect();
    thinned.views.retain(|view| {
        let gone = catalog.tables.iter().filter(|table| !tables.contains(&table.name));
        gone.into_iter().all(|table| !word_occurs(&view.query, &table.name.name)) && random.percent(70)
    });
    let views: String = thinned.views.iter().map(|view| view.query.as_str()).collect();
    for table in &mut thinned.tables {
        table.foreign_keys.retain(|key| tables.contains(&key.references) && random.percent(80));
        table.checks.retain(|_| random.percent(80));
        table.indexes.retain(|_| random.percent(80));
        for (place, check) in table.checks.iter_mut().enumerate() {
            if random.percent(20) {
                check.name = format!("renamed_{place}");
            }
        }
        table.with.retain(|_| random.percent(50));
        thin_columns(table, &views, random);
    }
    let used: Vec<&QualifiedName> = catalog
        .tables
        .iter()
        .flat_map(|table| table.foreign_keys.iter().map(|key| &key.references))
        .collect();
    for table in thinned.tables.iter_mut().filter(|table| !used.contains(&&table.name)) {
        table.uniques.retain(|_| random.percent(70));
    }
    for ty in &mut thinned.enums {
        if random.percent(40) {
            ty.values.insert(0, "first of all".into());
        }
        if random.percent(40) {
            ty.values.push("last of all".into());
        }
        if random.percent(20) {
            ty.values.reverse();
        }
    }
    thinned.sort();
    thinned
}

fn thin_columns(table: &mut Table, views: &str, random: &mut Random) {
    let bare = table.clone();
    let mut alone = bare.clone();
    alone.columns.clear();
    let text = serde_json::to_string(&alone).expect("a table is JSON");
    let stands_alone = |column: &Column| {
        let generated = bare.columns.iter().filter_map(|other| other.generated.as_ref());
        !column.name.contains('"')
            && !text.contains(&column.name)
            && !views.contains(&column.name)
            && generated.into_iter().all(|text| !word_occurs(text, &column.name))
    };
    table.columns.retain(|column| !stands_alone(column) || random.percent(70));
    for column in &mut table.columns {
        let in_key = bare.primary_key.iter().any(|key| key.columns.contains(&column.name));
        if column.identity.is_none() && !column.serial && !in_key && random.percent(15) {
            column.nullable = !column.nullable;
        }
        if random.percent(15) {
            column.default = None;
        }
        if random.percent(15) {
            column.comment = Some("who's this".into());
        }
        if column.generated.is_none() && column.default.is_none() && column.ty == T::Integer && !column.serial
        {
            column.ty = if random.percent(30) { T::BigInt } else { T::Integer };
        }
        if column.ty == T::Varchar(Some(255)) && random.percent(40) {
            column.ty = T::Text;
        }
    }
}

#[test]
fn random_schemas_lead_there_and_back() {
    let mut kinds = BTreeSet::new();
    for seed in 0..200 {
        let (from, to) = (random_catalog(seed), random_catalog(seed + 1));
        let thin = thinned(&from, &mut Random::new(seed));
        for (from, to, name) in [
            (&from, &to, "another"),
            (&from, &thin, "less"),
            (&thin, &from, "more"),
            (&Catalog::default(), &from, "all"),
        ] {
            check_round_trip(from, to, &[], &format!("seed {seed}, {name}"));
            let words = diff(from, to, &[]).iter().map(Operation::summary).collect::<Vec<_>>();
            kinds.extend(words.iter().map(|words| words.split(' ').take(2).collect::<Vec<_>>().join(" ")));
        }
    }
    for kind in [
        "adds column",
        "adds foreign",
        "adds unique",
        "adds value",
        "allows NULL",
        "changes type",
        "creates index",
        "creates table",
        "drops check",
        "drops column",
        "drops default",
        "drops index",
        "drops table",
        "recreates type",
        "refuses NULL",
        "renames constraint",
        "sets comment",
        "sets default",
    ] {
        assert!(kinds.contains(kind), "no plan {kind}: {kinds:?}");
    }
}

#[test]
fn a_plan_that_does_not_fit_is_refused_with_its_reason() {
    let to = sample::catalog();
    let operations = diff(&Catalog::default(), &to, &[]);
    let mut taken = to.clone();
    let error = apply_all(&operations, &mut taken).expect_err("everything is there already");
    assert_eq!(error.to_string(), "type trip_status exists already");

    let drop = Operation::DropTable { table: to.table(&plain("users")).expect("sample").clone() };
    let error = drop.apply(&mut to.clone()).expect_err("trips refers to users");
    assert_eq!(error.to_string(), "table users is still used by a foreign key of trips");
}

#[test]
fn destruction_is_told() {
    let mut to = sample::catalog();
    trips_of(&mut to).columns.retain(|column| column.name != "title");
    trips_of(&mut to).columns.push(Column::new("name", T::Text));
    let text = ddl::script(&diff(&sample::catalog(), &to, &[]), &sample::catalog(), ddl::Forms::Plain);
    assert_eq!(text.irreversible, ["drops column trips.title text"]);
    assert_eq!(
        text.cautions,
        [
            "trips.name is NOT NULL and has no default: this fails when trips holds rows",
            "all values of trips.title are lost",
            "code that still uses trips.title fails from then on: deploy code without it first (expand and contract)",
        ]
    );
}

#[test]
fn a_migration_file_has_its_sections() {
    let mut to = sample::catalog();
    column_of(&mut to, "budget").nullable = false;
    let text = ddl::script(&diff(&sample::catalog(), &to, &[]), &sample::catalog(), ddl::Forms::Plain);
    assert_eq!(
        ddl::migration_file(&text, "require a budget"),
        "-- require a budget
--
-- Mind:
-- - this fails when trips.budget holds NULL

-- whimbrel:up

ALTER TABLE trips ALTER COLUMN budget SET NOT NULL;

-- whimbrel:down

ALTER TABLE trips ALTER COLUMN budget DROP NOT NULL;
"
    );
}
