use whimbrel::prelude::*;

#[derive(Model)]
#[db(table = "trips")]
pub struct Trip<T> {
    #[db(id)]
    pub id: T,
}

#[derive(Embedded)]
pub struct Pair(pub i32, pub i32);

#[derive(Model)]
#[db(table = "moods")]
pub enum Mood {
    Good,
}

fn main() {}
