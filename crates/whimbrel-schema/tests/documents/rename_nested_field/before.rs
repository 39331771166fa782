#[derive(Model)]
#[db(collection = "users")]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    pub profile: Member,
}

#[derive(Embedded)]
pub struct Member {
    pub town: String,
}
