#[derive(Model)]
#[db(table = "trips")]
pub struct Trip<T> {
    #[db(id)]
    pub id: u32,
    pub a: Option<Option<String>>,
    pub b: Vec<u8>,
    pub c: HashMap<String, String>,
    pub d: &'static str,
    pub e: (i32, i32),
    pub f: Vec<Option<i32>>,
    pub g: my_type!(),
    #[cfg(feature = "x")]
    pub h: i32,
    pub i: [u8; 4],
}

#[derive(Embedded)]
pub struct Pair(i32, i32);

#[derive(Model)]
pub struct Category {
    pub id: i32,
}

#[derive(Enum)]
pub enum Mood {
    Good(i32),
    Bad = 2,
}
