#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    #[db(default = sql("nextval('invoice_numbers')"))]
    pub number: i64,
}

#[derive(Sequence)]
#[db(start = 1000)]
pub struct InvoiceNumbers;
