#[derive(Model)]
#[db(table = "trips", tabel = "x", ttl = "5m")]
#[db]
#[db(cache(by(title)), index(), check(5), with(a))]
pub struct Trip {
    #[db(id, id)]
    pub id: Uuid,
    #[db(uniqe, varchar = "255", min_len = -1, banana)]
    pub title: String,
    #[db(on_delete = cascade)]
    pub a: i32,
    #[db(references = User)]
    pub b: i32,
    #[db(references = User::id, on_delete = cascad)]
    pub c: i32,
    #[db(varchar(255))]
    pub d: String,
    #[db(unique = true)]
    pub e: String,
    #[db(decimal(10))]
    pub f: Decimal,
    #[db(default = gen_random_uuid())]
    pub g: Uuid,
    #[db(default = planned)]
    pub h: String,
    #[db(name = "", store = txt, index(dsc), encrypted(blind), input(unique))]
    pub i: String,
    #[db(min = 1u8, ttl = "5 minutes")]
    pub j: i64,
    #[db(unique index)]
    pub k: i64,
    #[db(deferrable, deferred, references = User::id)]
    pub l: i64,
}
