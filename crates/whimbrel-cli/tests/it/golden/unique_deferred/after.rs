#[derive(Model)]
#[db(table = "trips")]
#[db(unique(title, deferred))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
}
