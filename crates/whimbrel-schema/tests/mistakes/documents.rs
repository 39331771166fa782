#[derive(Model)]
#[db(collection = "users", schema = "x", with(fillfactor = 70))]
#[db(index(expr = "lower(email)"), index(email, using = gin), index(email, where = "a IS NULL"), text(email), text(bio))]
#[db(check(sql = "a > 0"))]
pub struct User {
    #[db(id)]
    pub id: ObjectId,
    #[db(id, varchar = 50)]
    pub email: String,
    #[db(generated = "1", version)]
    pub count: i64,
    #[db(version)]
    pub other: i64,
    pub bio: String,
}

#[derive(Sequence)]
pub struct Numbers;
