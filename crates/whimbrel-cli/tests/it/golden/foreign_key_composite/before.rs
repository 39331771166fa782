#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub tenant: i64,
    #[db(id)]
    pub id: i64,
}

#[derive(Model)]
#[db(table = "stops")]
pub struct Stop {
    #[db(id)]
    pub id: i64,
    pub tenant: i64,
    pub trip_id: i64,
}
