#[derive(Model)]
#[db(table = "trips")]
#[db(primary_key = "trips_pk")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
}
