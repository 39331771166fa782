#[derive(Model)]
#[db(collection = "places")]
pub struct Place {
    #[db(id)]
    pub id: ObjectId,
    pub name: String,
}
