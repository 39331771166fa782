//! The whole product from outside: the real binary in throw-away projects, on every engine.

mod adoption;
mod catalogue;
mod drift;
mod forgotten;
mod generated;
mod golden;
mod project;
mod systems;
