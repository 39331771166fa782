#[derive(Model)]
#[db(table = "trips")]
#[db(check(has_seats = seats > 0))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub seats: i32,
}
