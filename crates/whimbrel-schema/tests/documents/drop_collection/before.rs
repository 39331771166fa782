#[derive(Model)]
#[db(collection = "places")]
pub struct Place {
    #[db(id)]
    pub id: ObjectId,
    pub name: String,
}

#[derive(Model)]
#[db(collection = "users")]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    pub email: String,
}
