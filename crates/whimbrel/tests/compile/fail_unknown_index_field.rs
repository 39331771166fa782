use whimbrel::prelude::*;

#[derive(Model)]
#[db(table = "trips", index(titel), unique(id, slug))]
pub struct Trip {
    #[db(id)]
    pub id: Uuid,
    pub title: String,
}

fn main() {}
