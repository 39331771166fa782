#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    #[db(was = "city")]
    pub title: String,
    #[db(was = "title")]
    pub city: String,
}
