use whimbrel::prelude::*;

#[derive(Model)]
#[db(table = "trips", check(a = matches!(title, "x")), check(b = title.len()))]
pub struct Trip {
    #[db(id)]
    pub id: Uuid,
    pub title: String,
}

fn main() {}
