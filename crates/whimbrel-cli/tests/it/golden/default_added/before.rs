#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub seats: i32,
}
