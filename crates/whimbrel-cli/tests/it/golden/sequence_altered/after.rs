#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
}

#[derive(Sequence)]
#[db(start = 1000, increment = 10, max = 90000, cache = 5, cycle)]
pub struct InvoiceNumbers;
