#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
    #[db(default = 1)]
    pub seats: i32,
    pub note: Option<String>,
}
