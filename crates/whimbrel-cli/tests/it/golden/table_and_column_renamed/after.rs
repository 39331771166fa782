#[derive(Model)]
#[db(table = "journeys")]
#[db(was = "trips")]
#[db(check(named = name != ""))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    #[db(was = "title")]
    pub name: String,
}
