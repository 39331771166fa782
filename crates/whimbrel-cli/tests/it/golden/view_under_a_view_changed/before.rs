#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
    pub city: Option<String>,
}

#[derive(Model)]
#[db(view = "named", query = "SELECT id, title FROM trips")]
pub struct Named {
    pub id: i64,
    pub title: String,
}

#[derive(Model)]
#[db(view = "again", query = "SELECT id, title FROM named")]
pub struct Again {
    pub id: i64,
    pub title: String,
}
