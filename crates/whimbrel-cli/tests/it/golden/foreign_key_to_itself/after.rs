#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    #[db(references = Trip::id)]
    pub parent: Option<i64>,
}
