#[derive(Model)]
#[db(table = "trips")]
#[db(index(title, code))]
#[db(check(titled = title != ""))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
    #[db(unique)]
    pub code: Option<String>,
}
