#[derive(Model)]
#[db(table = "stops")]
pub struct Stop {
    #[db(id, auto_increment)]
    pub id: i32,
    pub note: String,
}
