#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub price: i32,
    pub seats: i32,
    #[db(generated = "price * seats")]
    pub total: i32,
}
