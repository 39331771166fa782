use whimbrel::prelude::*;

#[derive(Model)]
#[db(table = "users")]
pub struct User {
    #[db(id)]
    pub id: Uuid,
}

#[derive(Model)]
#[db(table = "trips", foreign_key(owner -> User::key))]
pub struct Trip {
    #[db(id)]
    pub id: Uuid,
    #[db(references = User::idd)]
    pub user: Uuid,
    #[db(references = Person::id)]
    pub person: Uuid,
    pub owner: Uuid,
}

fn main() {}
