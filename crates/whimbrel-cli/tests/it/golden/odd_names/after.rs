#[derive(Model)]
#[db(table = "Order")]
#[db(index(user desc, name = "By User"))]
#[db(check("odd; name" = select != "x;y"))]
pub struct Order {
    #[db(id)]
    pub id: i64,
    #[db(name = "the user", default = "it's")]
    pub user: String,
    #[db(name = "select", unique)]
    pub select: Option<String>,
}
