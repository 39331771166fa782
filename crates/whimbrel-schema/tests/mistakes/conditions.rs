#[derive(Model)]
#[db(table = "trips")]
#[db(check(a = matches!(status, TripStatus::Planned)))]
#[db(check(b = price + 1))]
#[db(check(c = price.is_empty()))]
#[db(check(d = lower(title) == title))]
#[db(check(e = [1, 2].contains(price)))]
#[db(check(f = title == 'x'))]
#[db(check(g = (1..5).contains(&price)))]
#[db(check(price > 0))]
pub struct Trip {
    #[db(id)]
    pub id: Uuid,
    pub price: Decimal,
    pub title: String,
}
