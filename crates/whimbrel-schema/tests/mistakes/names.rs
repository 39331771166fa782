#[derive(Model)]
#[db(table = "trips", was = "users", index(a, name = "idx_a"), check(positive = a > 0))]
pub struct Trip {
    #[db(id)]
    pub id: Uuid,
    #[db(check(positive = a > 1), index(name = "idx_a"))]
    pub a: i32,
    #[db(name = "a", was = "id")]
    pub b: i32,
    pub a_name_that_is_longer_than_the_sixty_three_bytes_that_postgresql_keeps_of_it: i32,
}

#[derive(Model)]
#[db(table = "users")]
pub struct User {
    #[db(id)]
    pub id: Uuid,
}

#[derive(Model)]
#[db(table = "users")]
pub struct Person {
    #[db(id)]
    pub id: Uuid,
}

#[derive(Model)]
#[db(collection = "things")]
pub struct Thing {
    #[db(id)]
    pub id: ObjectId,
}

#[derive(Enum)]
pub enum Status {
    Planned,
    #[db(name = "planned")]
    Other,
    #[db(was = "other")]
    Third,
}

#[derive(Enum)]
pub enum Empty {}

#[derive(Embedded)]
pub struct Status {
    pub a: i32,
}

#[derive(Embedded)]
pub struct Date {
    pub a: i32,
}
