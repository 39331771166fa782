//! The tourism bot system on Whimbrel: its schema compiles into the application and is read by the `whimbrel` command.

#[expect(clippy::duplicated_attributes, reason = "two indexes may begin with the same field")]
pub mod schema;
