#[derive(Enum)]
pub enum TripStatus {
    Planned,
    Done,
}

#[derive(Model)]
#[db(table = "trips")]
#[db(index(id, where = "status = 'done'", name = "idx_done"))]
#[db(check(known = [TripStatus::Planned, TripStatus::Done].contains(&status)))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    #[db(default = Planned)]
    pub status: TripStatus,
    pub past: Vec<TripStatus>,
}

#[derive(Model)]
#[db(view = "over", query = "SELECT id, status FROM trips WHERE status = 'done'")]
pub struct Over {
    pub id: i64,
    pub status: TripStatus,
}
