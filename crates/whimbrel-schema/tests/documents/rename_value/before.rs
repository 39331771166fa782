#[derive(Model)]
#[db(collection = "users")]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    pub role: Role,
}

#[derive(Enum)]
pub enum Role {
    Owner,
    Viewer,
}
