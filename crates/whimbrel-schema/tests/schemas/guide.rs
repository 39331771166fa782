use whimbrel::prelude::*;

#[derive(Embedded)]
pub struct Profile {
    pub name: String,
    pub city: Option<String>,
    pub place: Option<GeoPoint>,
}

#[derive(Model)]
#[db(collection = "users", was = "people", cache(ttl = "1h", by(email)), shard_key(profile.city, email), validation(level = moderate, action = warn))]
#[db(index(profile.city, created_at desc), geo(location, sparse), text(bio = 1, profile.name = 5), hashed(email))]
#[db(index(phone, unique, where = "{\"phone\": {\"$exists\": true}}", name = "phone_given"), index(bio, sparse))]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    #[db(unique, sensitive, encrypted(blind_index))]
    pub email: String,
    #[db(unique, sparse, was = "tel")]
    pub phone: Option<String>,
    pub profile: Profile,
    #[db(ttl = "0s", null)]
    pub expires_at: Option<Timestamp>,
    #[db(references = User::id)]
    pub friends: Vec<ObjectId>,
    pub location: GeoPoint,
    pub bio: Option<String>,
    #[db(name = "createdAt", default = now)]
    pub created_at: Timestamp,
}
