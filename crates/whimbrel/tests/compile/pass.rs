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

    #[derive(Enum)]
    pub enum Role {
        Owner,
        Guest,
    }

    #[derive(Embedded)]
    pub struct Member {
        #[db(name = "userId", references = User::id)]
        pub user_id: ObjectId,
        #[db(default = Guest)]
        pub role: Role,
    }

    // Every type that a document may hold.
    #[derive(Model)]
    #[db(collection = "trips", validation(level = moderate, action = warn))]
    #[db(index(members.user_id, day desc), geo(place), check(paid = price > 0 || done))]
    #[db(check(known = r#"{"title": {"$ne": ""}}"#))]
    pub struct Trip {
        #[db(id)]
        pub id: Uuid,
        pub title: String,
        #[db(decimal(10, 2))]
        pub price: Decimal,
        pub done: bool,
        pub small: i16,
        pub middle: Option<i32>,
        pub large: i64,
        pub rate: f64,
        pub extra: Json,
        #[db(len = 16)]
        pub digest: Bytes,
        pub place: GeoPoint,
        pub day: Date,
        pub at: Time,
        pub seen: Timestamp,
        #[db(null)]
        pub local: Option<NaiveTimestamp>,
        pub members: Vec<Member>,
        pub roles: Vec<Role>,
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
