#[derive(Model)]
#[db(table = "trips")]
pub struct Trip {
    #[db(id, auto_increment)]
    pub id: Uuid,
    #[db(varchar = 5)]
    pub a: i32,
    #[db(decimal(10, 2))]
    pub b: String,
    #[db(decimal(2, 10))]
    pub c: Decimal,
    #[db(default = now)]
    pub d: String,
    #[db(default = 1.5)]
    pub e: i32,
    #[db(sparse)]
    pub f: Option<String>,
    #[db(identity = always, default = 1)]
    pub g: i64,
    #[db(min_len = 9, len = 3)]
    pub h: String,
    #[db(on_update = now)]
    pub i: bool,
    #[db(encrypted, unique)]
    pub j: String,
    #[db(input(min = 5))]
    pub k: String,
    #[db(default = Red)]
    pub l: i64,
}
