#[derive(Model)]
#[db(table = "trips")]
#[db(unique(id))]
pub struct Trip {
    pub id: i64,
    #[db(id)]
    pub code: i64,
}

#[derive(Model)]
#[db(table = "stops")]
pub struct Stop {
    #[db(id)]
    pub id: i64,
    #[db(references = Trip::id)]
    pub trip_id: i64,
}
