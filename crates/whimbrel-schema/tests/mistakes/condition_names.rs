#[derive(Enum)]
pub enum TripStatus {
    Planned,
}

#[derive(Model)]
#[db(table = "trips")]
#[db(check(a = prise > 0), check(b = status != TripStatus::Pland), check(c = status == Status::Planned))]
#[db(check(d = price == "free"), check(e = title.is_none()), check(f = price.len() > 1))]
pub struct Trip {
    #[db(id)]
    pub id: Uuid,
    pub price: Decimal,
    pub title: String,
    #[db(default = Plannd)]
    pub status: TripStatus,
}
