#[derive(Model)]
#[db(collection = "users", index(status, at desc), index(at, where = "{\"status\": \"open\"}", name = "open_at"))]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    pub status: String,
    pub at: Timestamp,
}
