use whimbrel::prelude::*;

#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: Uuid,
    pub status: Status,
}

pub enum Status {
    Planned,
}

fn main() {}
