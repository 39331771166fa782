#[derive(Enum)]
pub enum TripStatus {
    #[db(was = "planned")]
    Drafted,
    Done,
}

#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    #[db(default = Drafted)]
    pub status: TripStatus,
}
