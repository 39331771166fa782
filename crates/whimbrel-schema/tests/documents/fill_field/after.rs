#[derive(Model)]
#[db(collection = "users")]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    pub email: String,
    #[db(default = true)]
    pub active: bool,
    #[db(default = now)]
    pub created_at: Timestamp,
    #[db(default = uuid)]
    pub public_id: Uuid,
    #[db(null)]
    pub seen_at: Option<Timestamp>,
}
