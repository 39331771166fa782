#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
}

#[derive(Model)]
#[db(table = "tours")]
pub struct Tour {
    #[db(id)]
    pub id: i64,
    pub title: String,
}
