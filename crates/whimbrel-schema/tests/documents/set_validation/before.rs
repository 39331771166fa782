#[derive(Model)]
#[db(collection = "users", validation(level = off))]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    pub email: String,
}
