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
#[db(foreign_key((tenant, trip_id) -> Trip::(tenant, id), on_delete = cascade))]
pub struct Stop {
    #[db(id)]
    pub id: i64,
    pub tenant: i64,
    pub trip_id: i64,
}
