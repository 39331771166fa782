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
    #[db(default = Planned)]
    pub status: TripStatus,
}
