#[derive(Model)]
#[db(table = "trips", foreign_key(id), foreign_key(id -> Trip), foreign_key((id, a) -> Trip::id))]
#[db(foreign_key(id -> Trip::id, on_delet = cascade), unique(), unique(id, nulls))]
#[db(index(id dsc), index(id, nme = "x"), geo(id, using = gin), index(id ops(x)))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
}
