#[derive(Model)]
#[db(collection = "users", was = "people")]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    pub email: String,
}
