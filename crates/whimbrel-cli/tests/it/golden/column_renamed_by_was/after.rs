#[derive(Model)]
#[db(table = "trips")]
#[db(index(name, code))]
#[db(check(titled = name != ""))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    #[db(was = "title")]
    pub name: String,
    #[db(unique)]
    pub code: Option<String>,
}
