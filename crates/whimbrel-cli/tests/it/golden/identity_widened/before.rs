#[derive(Model)]
#[db(table = "stops")]
pub struct Stop {
    #[db(id, identity = by_default)]
    pub id: i32,
    pub note: String,
}
