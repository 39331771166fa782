#[derive(Enum)]
pub enum TripStatus {
    Planned,
    Booked,
    Done,
}

#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    #[db(default = Planned)]
    pub status: TripStatus,
}
