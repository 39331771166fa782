#[derive(Model)]
#[db(table = "trips")]
#[db(check(seated = seats > 0))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub seats: i32,
}
