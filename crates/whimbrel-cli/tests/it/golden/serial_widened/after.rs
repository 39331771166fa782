#[derive(Model)]
#[db(table = "stops")]
pub struct Stop {
    #[db(id, auto_increment)]
    pub id: i64,
    pub note: String,
}
