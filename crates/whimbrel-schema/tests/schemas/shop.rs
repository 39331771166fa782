use whimbrel::prelude::*;

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Enum)]
#[db(name = "order_state", schema = "shop", was = "order_status", store = native)]
pub enum OrderStatus {
    /// Not begun.
    Planned,
    #[db(name = "in-progress", was = "started")]
    InProgress,
    Done,
}

#[derive(Enum)]
#[db(store = text)]
enum Colour {
    Red,
    Green,
}

/// Where something is.
#[derive(Embedded, Clone)]
pub struct Address {
    #[db(len = 80, name = "street_name", was = "road")]
    pub street: String,
    #[db(default = "Lima", sensitive)]
    pub city: Option<String>,
    #[db(check(known_country = ["PE", "BO"].contains(&country)), input(len = 2))]
    pub country: String,
    pub position: Option<GeoPoint>,
    #[db(store = text, default = Red)]
    pub colour: Colour,
}

#[derive(whimbrel::Model, Debug, Clone)]
#[db(table = "customers", schema = "shop", was = "clients", comment = "People who \"buy\".")]
#[db(primary_key = "customers_pk", cache(ttl = "1h", by(email)), with(fillfactor = 70, toast.autovacuum_enabled = off))]
#[db(index(created_at desc nulls_last, name = "idx_customers_created"), index(email ops("text_pattern_ops") collate("C"), unique, nulls_not_distinct))]
#[db(index(expr = "lower(email)", name = "idx_customers_lower", where = "deleted_at IS NULL"))]
#[db(index(tags, using = gin, with(fastupdate = off)), index(name, r#unique desc, include(email, created_at)))]
#[db(geo(location), text(bio = 1, name = 5, name = "idx_customers_words"))]
#[db(unique(name, email, name = "uq_name_email", nulls_not_distinct, deferred, include(created_at)))]
#[db(unique(tenant_id, slug, deferrable))]
#[db(check(sane = "char_length(email) > 3 AND name <> ''"))]
#[db(check("odd name" = age >= 0 && !(age > 150 || age == -(1)) || deleted_at.is_none()))]
#[db(check(lengths = name.len() > 0 && tags.len() <= 10 - -1 * (2 + 3), status_ok = status != OrderStatus::Planned))]
#[db(check(colours = [OrderStatus::Planned, OrderStatus::Done].contains(&status), address_ok = address.city.is_some()))]
pub struct Customer {
    #[db(id, default = uuid)]
    pub id: uuid::Uuid,
    #[db(varchar = 255, min_len = 1, len = 200, pattern = r"^[^@]+\.x$")]
    pub name: String,
    #[db(unique, sensitive, encrypted(blind_index), email, index(desc, name = "idx_email"))]
    pub email: String,
    #[db(encrypted, type = "bytea")]
    pub secret: Option<Bytes>,
    #[db(name = "is_unique", default = false)]
    pub unique: bool,
    #[db(default = -1, min = -1, max = 200, index)]
    pub age: i16,
    #[db(decimal(10, 2), min = 0.5, default = 1.50)]
    pub balance: Decimal,
    #[db(default = Planned, store = text)]
    pub status: OrderStatus,
    #[db(default = empty)]
    pub tags: Vec<String>,
    #[db(varchar = 3)]
    pub codes: Option<Vec<String>>,
    #[db(default = empty, comment = "Anything.")]
    pub extra: Json,
    pub bio: Option<String>,
    pub location: GeoPoint,
    pub address: Address,
    pub addresses: Vec<Address>,
    #[db(version)]
    pub revision: i64,
    #[db(collate = "C", was = "handle")]
    pub slug: String,
    #[db(default = sql("nextval('tenants')"))]
    pub tenant_id: i32,
    #[db(generated = "age * 2")]
    pub double_age: i32,
    pub r#type: Option<String>,
    #[db(type = "inet")]
    pub peer: Option<String>,
    #[db(input(min_len = 3, pattern = "^a", email))]
    pub nick: Option<String>,
    #[db(default = now, on_update = now)]
    pub updated_at: Timestamp,
    #[db(default = now)]
    pub created_at: NaiveTimestamp,
    pub deleted_at: Option<jiff::Timestamp>,
    #[db(default = "2020-01-01")]
    pub born: Date,
    pub wakes: Option<Time>,
    pub weight: Option<f64>,
}

#[derive(Model)]
#[db(table = "orders")]
#[db(foreign_key(customer_id -> Customer::id, name = "fk_again", on_delete = set_default, on_update = restrict, deferrable))]
#[db(foreign_key((tenant_id, slug) -> Customer::(tenant_id, slug), on_delete = cascade))]
pub struct Order {
    #[db(id, auto_increment)]
    pub id: i64,
    #[db(references = Customer::id, on_delete = set_null, on_update = cascade, deferred, constraint = "fk_order_customer")]
    #[db(default = sql("gen_random_uuid()"))]
    pub customer_id: Option<Uuid>,
    pub tenant_id: i32,
    pub slug: String,
    #[db(identity = by_default)]
    pub number: i32,
    #[db(check(positive = price > 0), decimal(12, 3))]
    pub price: Decimal,
}

#[derive(Model)]
#[db(view = "recent_orders", materialized, query = "SELECT id, price\nFROM orders\nWHERE price > 10")]
pub struct RecentOrder {
    #[db(id)]
    pub id: i64,
    pub price: Option<Decimal>,
}

#[derive(Sequence)]
#[db(name = "invoice_numbers", schema = "shop", start = 1000, increment = -1, min = -5, max = 99, cache = 7, cycle)]
pub struct InvoiceNumbers;

#[derive(Sequence)]
pub struct Plain;

impl Customer {
    pub fn ignored(&self) -> u32 {
        42
    }
}

pub struct NotOurs<T>(T);
