#[derive(Model)]
#[db(table = "users", shard_key(id), validation(level = off))]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    #[db(ttl = "5m", null)]
    pub at: Option<Timestamp>,
}

#[derive(Model)]
#[db(view = "v", query = "SELECT 1", index(id), unique(id))]
pub struct View {
    #[db(id, default = 1)]
    pub id: i64,
}
