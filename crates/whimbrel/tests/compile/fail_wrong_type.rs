use whimbrel::prelude::*;

#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: Uuid,
    #[db(varchar = 255)]
    pub count: i32,
    #[db(decimal(10, 2))]
    pub price: String,
}

fn main() {}
