#[derive(Model)]
#[db(table = "stops")]
pub struct Stop {
    #[db(id, identity = always)]
    pub id: i64,
    pub note: String,
}
