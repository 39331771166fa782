#[derive(Model)]
#[db(table = "users")]
pub struct User {
    #[db(id)]
    pub id: Uuid,
    pub name: String,
}

#[derive(Model)]
#[db(table = "trips")]
#[db(foreign_key((a, z) -> User::(id, name)), foreign_key(a -> User::name))]
pub struct Trip {
    #[db(id)]
    pub id: Uuid,
    #[db(references = Usr::id)]
    pub a: Uuid,
    #[db(references = User::idd)]
    pub b: Uuid,
    #[db(references = User::id)]
    pub c: i64,
    #[db(references = User::id, on_delete = set_null)]
    pub d: Uuid,
    #[db(references = User::name)]
    pub e: String,
    #[db(references = User::id, on_delete = set_default)]
    pub f: Uuid,
    #[db(references = User::id)]
    pub g: Vec<Uuid>,
}
