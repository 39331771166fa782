use whimbrel::prelude::*;

#[derive(Model)]
#[db(table = "trips", table = "travels")]
pub struct Trip {
    #[db(id)]
    pub id: Uuid,
    #[db(unique, unique)]
    pub title: String,
}

fn main() {}
