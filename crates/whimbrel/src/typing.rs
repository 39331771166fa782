//! The checks that the derives leave to the compiler.

/// A type that is the schema's type of the same name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the schema's `{T}`",
    label = "another type of this name",
    note = "`use whimbrel::prelude::*;` brings the schema's types into scope"
)]
pub trait Is<T> {}

impl<T> Is<T> for T {}

/// A type with `#[derive(Enum)]` or `#[derive(Embedded)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a type of the schema",
    label = "neither `#[derive(Enum)]` nor `#[derive(Embedded)]`",
    note = "add one of the derives to `{Self}`, or use one of the schema's scalars"
)]
pub trait Declared {
    /// `enum` or `embedded`, as in the schema's JSON form.
    const KIND: &'static str;
}

/// Compiles where the two types are one.
pub const fn same<A: Is<B>, B>() {}

/// Compiles where the type is declared in the schema.
pub const fn declared<T: Declared>() {}
