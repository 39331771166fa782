//! The systems' schemas as plain SQL, written apart from their `schema.rs`: what the declarations are compared with.

/// Travya's tables, indexes and constraints.
pub const TRAVYA_SQL: &str = include_str!("../fixtures/travya.sql");

/// Siprems' types, tables and indexes.
pub const SIPREMS_SQL: &str = include_str!("../fixtures/siprems.sql");
