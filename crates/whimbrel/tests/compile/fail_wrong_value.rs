use whimbrel::prelude::*;

#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: Uuid,
    #[db(varchar = "255")]
    pub title: String,
    #[db(on_delete = cascad, references = Trip::id)]
    pub parent: Option<Uuid>,
}

fn main() {}
