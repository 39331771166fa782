#[derive(Model)]
#[db(collection = "users", index(phone, where = r#"{"phone": {"$ne": null}}"#))]
#[db(index(phone desc, sparse, where = r#"{"phone": {"$exists": true}}"#))]
#[db(check(near_us = r#"{"place": {"$near": [0, 0]}}"#))]
pub struct User {
    #[db(id, name = "key")]
    pub id: ObjectId,
    pub phone: Option<String>,
}
