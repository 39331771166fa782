#[derive(Model)]
#[db(collection = "users")]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    pub roles: Vec<Role>,
}

#[derive(Enum)]
pub enum Role {
    Owner,
    Viewer,
}
