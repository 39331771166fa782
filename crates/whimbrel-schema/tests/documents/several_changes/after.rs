#[derive(Model)]
#[db(collection = "users", was = "people", index(profile.city))]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    #[db(unique, sparse, was = "tel")]
    pub phone: Option<String>,
    pub profile: Member,
    #[db(default = 0)]
    pub trips: i64,
}

#[derive(Embedded)]
pub struct Member {
    #[db(was = "town")]
    pub city: Option<String>,
}
