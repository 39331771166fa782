use whimbrel::prelude::*;

#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: Uuid,
    #[db(uniqe)]
    pub title: String,
}

fn main() {}
