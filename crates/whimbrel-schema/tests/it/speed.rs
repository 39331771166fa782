//! The reader's work grows with the schema, not with its square.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use whimbrel_schema::read::read_text;

fn models(count: usize) -> String {
    let mut text = String::from("use whimbrel::prelude::*;\n");
    for number in 0..count {
        let other = number.saturating_sub(1);
        let _ = write!(
            text,
            "#[derive(Model)]\n#[db(table = \"table_{number}\", index(name, created_at desc), index(amount, name = \"idx_amount_{number}\"))]\n\
             pub struct Model{number} {{\n    #[db(id, default = uuid)]\n    pub id: Uuid,\n    #[db(varchar = 255, min_len = 1)]\n    pub name: String,\n    \
             #[db(decimal(10, 2), min = 0)]\n    pub amount: Decimal,\n    #[db(references = Model{other}::id, on_delete = cascade)]\n    pub other_id: Uuid,\n    \
             #[db(default = now)]\n    pub created_at: Timestamp,\n    #[db(default = now, on_update = now)]\n    pub updated_at: Timestamp,\n    \
             pub note: Option<String>,\n    #[db(default = false)]\n    pub done: bool,\n}}\n\n"
        );
    }
    text
}

fn shortest(count: usize) -> Duration {
    let text = models(count);
    (0..3)
        .map(|_| {
            let start = Instant::now();
            let schema = read_text("schema.rs", &text).expect("the schema reads");
            assert_eq!(schema.models.len(), count);
            start.elapsed()
        })
        .min()
        .expect("there are three runs")
}

#[test]
fn ten_times_the_models_take_about_ten_times_as_long() {
    let (small, large) = (shortest(100), shortest(1000));
    assert!(large < small * 30, "100 models: {small:?}, 1,000 models: {large:?}");
    println!("100 models: {small:?}, 1,000 models: {large:?}");
}
