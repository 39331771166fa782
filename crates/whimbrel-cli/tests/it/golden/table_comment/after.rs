#[derive(Model)]
#[db(table = "trips")]
#[db(comment = "What's planned.")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
}
