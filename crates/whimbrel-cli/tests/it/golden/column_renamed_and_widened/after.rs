#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    #[db(was = "seats")]
    pub places: i64,
}
