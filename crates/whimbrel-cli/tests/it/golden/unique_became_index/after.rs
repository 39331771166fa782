#[derive(Model)]
#[db(table = "trips")]
#[db(index(title, unique, name = "titles"))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
}
