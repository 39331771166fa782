#[derive(Model)]
#[db(collection = "users", check(not_root = email != "root"))]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    #[db(min_len = 3, len = 80)]
    pub email: String,
}
