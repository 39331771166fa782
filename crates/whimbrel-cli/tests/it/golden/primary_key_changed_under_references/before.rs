#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    #[db(unique)]
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
