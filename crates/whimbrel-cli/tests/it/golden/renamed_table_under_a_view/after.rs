#[derive(Model)]
#[db(table = "journeys")]
#[db(was = "trips")]
pub struct Journey {
    #[db(id)]
    pub id: i64,
    pub title: String,
}

#[derive(Model)]
#[db(view = "named", query = "SELECT id, title FROM journeys")]
pub struct Named {
    pub id: i64,
    pub title: String,
}
