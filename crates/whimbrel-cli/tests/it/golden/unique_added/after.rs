#[derive(Model)]
#[db(table = "trips")]
#[db(unique(owner, title))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
    pub owner: i64,
}
