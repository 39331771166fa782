#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    #[db(varchar = 20, default = "7")]
    pub size: String,
}
