//! The travel agent system on Whimbrel: its schema compiles into the application and is read by the `whimbrel` command.

pub mod schema;
