#[derive(Model)]
#[db(collection = "people")]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    pub tel: Option<String>,
    pub profile: Member,
}

#[derive(Embedded)]
pub struct Member {
    pub town: Option<String>,
}
