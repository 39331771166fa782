mod other {
    pub struct Uuid(pub u128);
}

use other::Uuid;
use whimbrel::Model;

#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: Uuid,
}

fn main() {}
