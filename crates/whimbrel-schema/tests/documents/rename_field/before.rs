#[derive(Model)]
#[db(collection = "users")]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    #[db(unique, sparse)]
    pub tel: Option<String>,
}
