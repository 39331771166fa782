#[derive(Model)]
#[db(table = "halts")]
#[db(was = "stops")]
pub struct Halt {
    #[db(id, auto_increment)]
    pub id: i32,
    pub note: String,
}
