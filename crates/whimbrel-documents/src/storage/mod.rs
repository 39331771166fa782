//! The SQLite file: connections, who may write, and what its errors mean.

mod failure;
mod gate;
mod link;

pub(crate) use failure::{Failure, Outcome, busy, is_busy};
pub(crate) use gate::{Gate, Holder};
pub(crate) use link::{Link, Place};
