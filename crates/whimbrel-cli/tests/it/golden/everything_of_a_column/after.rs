#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    #[db(was = "size", default = 8, comment = "How many.")]
    pub seats: Option<i32>,
}
