#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    #[db(varchar = 40)]
    pub title: String,
}
