#[derive(Model)]
#[db(collection = "users")]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    pub email: String,
    pub profile: Member,
}

#[derive(Embedded)]
pub struct Member {
    pub city: String,
}
