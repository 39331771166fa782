#[derive(Model)]
#[db(collection = "users")]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    pub members: Vec<Member>,
}

#[derive(Embedded)]
pub struct Member {
    pub name: String,
    #[db(default = "guest")]
    pub role: String,
}
