#[derive(Model)]
#[db(collection = "users")]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    pub email: String,
    pub profile: Member,
    pub legacy: Option<Json>,
}

#[derive(Embedded)]
pub struct Member {
    pub city: String,
    pub zip: Option<String>,
}
