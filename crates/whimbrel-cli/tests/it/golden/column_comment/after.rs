#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    #[db(comment = "Its name.")]
    pub title: String,
}
