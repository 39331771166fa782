#[derive(Model)]
#[db(table = "trips")]
#[db(keyless)]
pub struct Trip {
    pub id: i64,
    pub title: String,
}
