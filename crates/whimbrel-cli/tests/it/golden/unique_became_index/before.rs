#[derive(Model)]
#[db(table = "trips")]
#[db(unique(title, name = "titles"))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
}
