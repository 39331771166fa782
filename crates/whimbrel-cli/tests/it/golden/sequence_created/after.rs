#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
}

#[derive(Sequence)]
#[db(start = 1000)]
pub struct InvoiceNumbers;
