#[derive(Model)]
#[db(table = "trips", cache(ttl = "5m", by(titel)))]
#[db(index(titel, id desc), index(id, id), unique(id, usr), geo(title), text(id))]
#[db(index(id, nulls_not_distinct), hashed(id), index(profile.nam, include(x)))]
pub struct Trip {
    #[db(id)]
    pub id: Uuid,
    pub title: String,
    pub profile: Profile,
}

#[derive(Embedded)]
pub struct Profile {
    pub name: String,
}
