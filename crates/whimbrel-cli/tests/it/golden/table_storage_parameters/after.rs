#[derive(Model)]
#[db(table = "trips")]
#[db(with(fillfactor = 80, autovacuum_enabled = off))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
}
