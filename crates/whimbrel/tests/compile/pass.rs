mod documents {
    use whimbrel::prelude::*;

    #[derive(Model)]
    #[db(collection = "users", index(profile.city), text(name = 5))]
    pub struct User {
        #[db(id)]
        pub id: ObjectId,
        pub name: String,
        pub profile: Profile,
        #[db(ttl = "30d")]
        pub seen: Option<Timestamp>,
        #[db(references = User::id)]
        pub friends: Vec<ObjectId>,
    }

    #[derive(Embedded)]
    pub struct Profile {
        pub city: Option<String>,
    }
}

mod views {
    // Without the prelude: the derive's checks name everything by its full path.
    #[derive(whimbrel::Model)]
    #[db(view = "recent", query = "SELECT id FROM trips")]
    pub struct Recent {
        pub id: i64,
        pub at: whimbrel::Timestamp,
    }
}

fn main() {
    use whimbrel::ModelDescription as _;
    assert_eq!(documents::User::TABLE, "users");
    assert!(views::Recent::description().contains("SELECT id FROM trips"));
}
