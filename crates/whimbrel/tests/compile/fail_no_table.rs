use whimbrel::prelude::*;

#[derive(Model)]
pub struct Category {
    #[db(id)]
    pub id: i64,
}

fn main() {}
