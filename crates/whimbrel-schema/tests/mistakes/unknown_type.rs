#[derive(Enum)]
pub enum TripStatus {
    Planned,
}

#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: Uuid,
    pub status: TripStats,
    pub place: Strin,
    pub parent: Trip,
    pub other: Frobnicator,
}
