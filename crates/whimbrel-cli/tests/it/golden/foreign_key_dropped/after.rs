#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
}

#[derive(Model)]
#[db(table = "stops")]
pub struct Stop {
    #[db(id)]
    pub id: i64,
    pub trip_id: i64,
}
