use whimbrel::prelude::*;

#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: Uuid,
    pub count: u32,
    pub name: Option<Option<String>>,
}

fn main() {}
