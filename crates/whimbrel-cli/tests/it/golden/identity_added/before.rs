#[derive(Model)]
#[db(table = "stops")]
pub struct Stop {
    #[db(id)]
    pub id: i64,
    pub note: String,
}
