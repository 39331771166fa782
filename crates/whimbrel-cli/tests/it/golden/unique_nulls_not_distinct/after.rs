#[derive(Model)]
#[db(table = "trips")]
#[db(unique(title, nulls_not_distinct))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: Option<String>,
}
