#[derive(Model)]
#[db(collection = "users")]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    #[db(unique, sparse, was = "tel")]
    pub phone: Option<String>,
}
