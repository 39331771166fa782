#[derive(Model)]
#[db(table = "trips")]
#[db(with(fillfactor = 70))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
}
