//! Travya's schema in PostgreSQL's words.

use whimbrel_schema::catalog::ColumnType;
use whimbrel_testkit::TRAVYA_SQL;

use crate::support::{apply, catalog, full, memory, normalise};

#[test]
fn the_ddl_applies_and_reads_back() {
    let mut engine = memory();
    apply(&mut engine, "1", TRAVYA_SQL).unwrap_or_else(|error| panic!("{}", full(&error)));
    let catalog = catalog(&mut engine);
    assert_eq!(catalog.tables.len(), 7);
    let trips = catalog.tables.iter().find(|table| table.name.name == "trips").unwrap();
    assert_eq!(trips.column("budget").unwrap().ty, ColumnType::Numeric(Some((10, 2))));
    assert_eq!(trips.column("created_at").unwrap().default.as_deref(), Some("CURRENT_TIMESTAMP"));
    assert_eq!(trips.indexes.len(), 4);
    assert_eq!(trips.checks.len(), 2);
    assert_eq!(trips.foreign_keys.len(), 2);
    assert_eq!(normalise(&mut engine, &catalog).unwrap(), catalog);
}
