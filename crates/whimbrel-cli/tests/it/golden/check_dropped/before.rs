#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    #[db(min = 1, max = 9)]
    pub seats: i32,
}
