#[derive(Model)]
pub struct Trip {
    pub id: i64
    pub title: String,
}
