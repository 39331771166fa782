#[derive(Model)]
#[db(table = "Order")]
#[db(index(user, name = "By User"))]
pub struct Order {
    #[db(id)]
    pub id: i64,
    #[db(name = "the user", default = "it's")]
    pub user: String,
}
