#[derive(Model)]
#[db(table = "trips")]
#[db(unique(title))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
    pub city: Option<String>,
}
