#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    #[db(decimal(10, 2))]
    pub budget: Decimal,
}
