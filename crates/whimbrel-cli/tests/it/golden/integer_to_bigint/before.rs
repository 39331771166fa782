#[derive(Model)]
#[db(table = "trips")]
#[db(index(seats))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub seats: i32,
}
