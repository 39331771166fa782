#[derive(Model)]
#[db(table = "invoices")]
#[db(schema = "billing")]
pub struct Invoice {
    #[db(id)]
    pub id: i64,
    pub total: i32,
}
