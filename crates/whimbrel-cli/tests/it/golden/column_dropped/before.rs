#[derive(Model)]
#[db(table = "trips")]
#[db(index(title, note))]
#[db(check(noted = note != ""))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
    #[db(unique)]
    pub note: Option<String>,
}
