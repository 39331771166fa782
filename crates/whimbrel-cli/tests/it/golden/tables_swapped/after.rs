#[derive(Model)]
#[db(table = "trips")]
#[db(was = "tours")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
}

#[derive(Model)]
#[db(table = "tours")]
#[db(was = "trips")]
pub struct Tour {
    #[db(id)]
    pub id: i64,
    pub title: String,
}
