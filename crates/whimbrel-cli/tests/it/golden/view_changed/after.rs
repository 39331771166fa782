#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
    pub city: Option<String>,
}

#[derive(Model)]
#[db(view = "named", query = "SELECT id, title FROM trips WHERE city IS NOT NULL")]
pub struct Named {
    pub id: i64,
    pub title: String,
}
