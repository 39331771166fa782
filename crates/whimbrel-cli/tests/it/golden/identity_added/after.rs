#[derive(Model)]
#[db(table = "stops")]
pub struct Stop {
    #[db(id, identity = by_default)]
    pub id: i64,
    pub note: String,
}
