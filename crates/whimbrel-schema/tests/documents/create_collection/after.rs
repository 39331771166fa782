#[derive(Model)]
#[db(collection = "places")]
pub struct Place {
    #[db(id)]
    pub id: ObjectId,
    pub name: String,
}

#[derive(Model)]
#[db(collection = "users", geo(location), text(bio = 5, email), check(dates = end > start))]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    #[db(unique, email)]
    pub email: String,
    pub location: GeoPoint,
    pub bio: Option<String>,
    #[db(decimal(10, 2), min = 0)]
    pub budget: Option<Decimal>,
    #[db(ttl = "30d")]
    pub seen_at: Timestamp,
    pub start: Date,
    pub end: Option<Date>,
}
