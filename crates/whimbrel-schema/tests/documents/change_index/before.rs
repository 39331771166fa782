#[derive(Model)]
#[db(collection = "users")]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    #[db(index)]
    pub email: String,
    #[db(ttl = "30d")]
    pub at: Timestamp,
}
