//! The library that an application uses.
//!
//! `use whimbrel::prelude::*;` brings the derives and the types of the schema into scope. The
//! derives describe each struct as data; the `whimbrel` command reads the same source as text.

mod description;
mod scalar;
pub mod typing;

pub use description::{EmbeddedDescription, EnumDescription, ModelDescription, SequenceDescription};
pub use scalar::{
    Bytes, Date, Decimal, GeoPoint, Json, NaiveTimestamp, ObjectId, ParseObjectIdError, Time, Timestamp, Uuid,
};
pub use whimbrel_macros::{Embedded, Enum, Model, Sequence};

/// Everything that a schema file needs.
pub mod prelude {
    pub use crate::description::{
        EmbeddedDescription, EnumDescription, ModelDescription, SequenceDescription,
    };
    pub use crate::scalar::{
        Bytes, Date, Decimal, GeoPoint, Json, NaiveTimestamp, ObjectId, Time, Timestamp, Uuid,
    };
    pub use whimbrel_macros::{Embedded, Enum, Model, Sequence};
}
