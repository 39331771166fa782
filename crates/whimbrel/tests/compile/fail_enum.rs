use whimbrel::prelude::*;

#[derive(Enum)]
pub enum Mood {
    Good(i32),
    #[db(nam = "bad")]
    Bad,
}

#[derive(Enum)]
pub enum Colour {
    Red,
    #[db(name = "red")]
    Crimson,
}

fn main() {}
