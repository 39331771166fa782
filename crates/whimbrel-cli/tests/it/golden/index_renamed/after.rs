#[derive(Model)]
#[db(table = "trips")]
#[db(index(title, name = "idx_titles"))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
    pub city: Option<String>,
    pub tags: Vec<String>,
    pub closed_at: Option<Timestamp>,
}
