use whimbrel::prelude::*;

#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: Uuid,
    #[db(default = Pland)]
    pub status: Status,
}

#[derive(Enum)]
pub enum Status {
    Planned,
}

fn main() {}
