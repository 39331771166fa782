#[derive(Model)]
#[db(table = "trips")]
#[db(index(title))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    #[db(varchar = 80)]
    pub title: String,
}

#[derive(Model)]
#[db(table = "stops")]
pub struct Stop {
    #[db(id, auto_increment)]
    pub id: i64,
    #[db(references = Trip::id, on_delete = cascade)]
    pub trip_id: i64,
}
