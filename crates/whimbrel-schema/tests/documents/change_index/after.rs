#[derive(Model)]
#[db(collection = "users")]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    #[db(unique)]
    pub email: String,
    #[db(ttl = "1h")]
    pub at: Timestamp,
}
