#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    #[db(decimal(12, 3))]
    pub budget: Decimal,
}
