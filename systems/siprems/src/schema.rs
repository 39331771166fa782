//! Siprems' schema: a shop's products and sales, and the events that move its demand.

use whimbrel::prelude::*;

/// What kind of event it is.
#[derive(Enum)]
pub enum EventType {
    /// A public holiday.
    Holiday,
    /// A campaign of the shop.
    Promotion,
    /// A season.
    Seasonal,
    /// Anything else.
    Custom,
}

/// Someone who works with the system.
#[derive(Model)]
#[db(table = "users")]
#[db(index(email, name = "idx_users_email"))]
#[db(index(created_at, name = "idx_users_created_at"))]
pub struct User {
    /// The key.
    #[db(id, auto_increment)]
    pub user_id: i32,
    /// The address to log in with.
    #[db(varchar = 255, unique)]
    pub email: String,
    /// The name in full.
    #[db(varchar = 255)]
    pub full_name: String,
    /// A hash, never the password.
    #[db(varchar = 255, sensitive)]
    pub password_hash: String,
    /// Whether the account may log in.
    #[db(default = true)]
    pub is_active: Option<bool>,
    /// When it was made.
    #[db(default = now)]
    pub created_at: NaiveTimestamp,
    /// When it last changed.
    #[db(default = now, on_update = now)]
    pub updated_at: NaiveTimestamp,
}

/// Something that the shop sells.
#[derive(Model)]
#[db(table = "products")]
#[db(index(sku, name = "idx_products_sku"))]
#[db(index(category, name = "idx_products_category"))]
pub struct Product {
    /// The key.
    #[db(id, auto_increment)]
    pub product_id: i32,
    /// The name.
    #[db(varchar = 255)]
    pub name: String,
    /// The shelf it stands on.
    #[db(varchar = 100)]
    pub category: Option<String>,
    /// Size, colour, and so on.
    #[db(varchar = 100)]
    pub variation: Option<String>,
    /// The price of one.
    #[db(decimal(10, 2))]
    pub price: Decimal,
    /// How many are there.
    #[db(default = 0)]
    pub stock: i32,
    /// The stock-keeping unit.
    #[db(varchar = 100, unique)]
    pub sku: String,
    /// When it was made.
    #[db(default = now)]
    pub created_at: NaiveTimestamp,
}

/// One sale.
#[derive(Model)]
#[db(table = "transactions")]
#[db(index(transaction_date, name = "idx_transaction_date"))]
#[db(index(product_id, name = "idx_product_id"))]
#[db(index(product_id, transaction_date, name = "idx_transactions_product_date"))]
#[db(index(is_promo, name = "idx_transactions_is_promo"))]
#[db(index(transaction_date desc, name = "idx_transactions_date_range"))]
#[db(index(quantity_sold, transaction_date, name = "idx_transactions_quantity_date"))]
pub struct Transaction {
    /// The key.
    #[db(id, auto_increment)]
    pub transaction_id: i32,
    /// What was sold.
    #[db(references = Product::product_id, on_delete = restrict)]
    pub product_id: i32,
    /// How many.
    pub quantity_sold: i32,
    /// What one cost at the time.
    #[db(decimal(10, 2))]
    pub price_per_unit: Decimal,
    /// When.
    #[db(default = now)]
    pub transaction_date: NaiveTimestamp,
    /// Whether a campaign was on.
    #[db(default = false)]
    pub is_promo: Option<bool>,
}

/// A day that moves the demand.
#[derive(Model)]
#[db(table = "events")]
#[db(unique(event_name, event_date))]
#[db(index(event_date, name = "idx_events_date"))]
#[db(index(event_type, name = "idx_events_type"))]
pub struct Event {
    /// The key.
    #[db(id, auto_increment)]
    pub event_id: i32,
    /// The name.
    #[db(varchar = 255)]
    pub event_name: String,
    /// The day.
    pub event_date: Date,
    /// The kind.
    #[db(name = "type")]
    pub event_type: EventType,
    /// What it is about.
    pub description: Option<String>,
    /// Whether the forecast counts it.
    #[db(default = true)]
    pub include_in_prediction: Option<bool>,
}
