#[derive(Model)]
#[db(table = "a", collection = "b")]
pub struct Both {
    pub id: i64,
}

#[derive(Model)]
#[db(view = "v")]
pub struct NoQuery {
    pub id: i64,
}

#[derive(Model)]
#[db(table = "t", query = "SELECT 1")]
pub struct NotAView {
    #[db(id)]
    pub id: i64,
}

#[derive(Model)]
#[db(table = "keys")]
pub struct NoKey {
    pub id: i64,
}

#[derive(Model)]
pub enum NotAStruct {
    A,
}

#[derive(Model, Embedded)]
#[db(table = "x")]
pub struct Two {
    #[db(id)]
    pub id: i64,
}

mod missing;

#[cfg_attr(feature = "db", derive(Model))]
pub struct Conditional {
    pub id: i64,
}
