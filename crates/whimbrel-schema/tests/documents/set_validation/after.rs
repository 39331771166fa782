#[derive(Model)]
#[db(collection = "users", validation(level = moderate, action = warn))]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    pub email: String,
}
