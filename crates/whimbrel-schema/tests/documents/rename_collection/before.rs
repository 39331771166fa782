#[derive(Model)]
#[db(collection = "people")]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    pub email: String,
}
