#[derive(Enum)]
pub enum TripStatus {
    Planned,
    Done,
}

#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
}

#[derive(Model)]
#[db(table = "stops")]
#[db(index(status))]
pub struct Stop {
    #[db(id)]
    pub id: i64,
    pub status: TripStatus,
    #[db(references = Trip::id)]
    pub trip_id: i64,
}
