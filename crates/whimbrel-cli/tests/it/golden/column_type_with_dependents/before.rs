#[derive(Model)]
#[db(table = "trips")]
#[db(index(price))]
#[db(index(expr = "price + 1", name = "idx_trips_next"))]
#[db(check(priced = price > 0))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub price: i32,
    pub title: String,
    #[db(generated = "price * 2")]
    pub twice: i64,
}

#[derive(Model)]
#[db(view = "cheap", query = "SELECT id, price FROM trips")]
pub struct Cheap {
    pub id: i64,
    pub price: i32,
}
