#[derive(Model)]
#[db(collection = "a", validation(level = off, action = warn))]
pub struct OffAndWarn {
    #[db(id)]
    pub id: ObjectId,
}

#[derive(Model)]
#[db(collection = "b", validation(strictness = high))]
pub struct Unknown {
    #[db(id)]
    pub id: ObjectId,
}

#[derive(Model)]
#[db(collection = "c", validation(level = weak))]
pub struct Weak {
    #[db(id)]
    pub id: ObjectId,
}

#[derive(Model)]
#[db(collection = "d", validation())]
pub struct Nothing {
    #[db(id)]
    pub id: ObjectId,
}
