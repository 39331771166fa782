#[derive(Model)]
#[db(table = "invoices")]
#[db(schema = "billing")]
#[db(index(total))]
pub struct Invoice {
    #[db(id)]
    pub id: i64,
    #[db(default = 0)]
    pub total: i64,
}
