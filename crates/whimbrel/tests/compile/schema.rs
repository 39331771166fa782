use whimbrel::prelude::*;

/// How far a trip is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum TripStatus {
    Planned,
    #[db(name = "in-progress")]
    InProgress,
}

#[derive(Clone, Debug, Embedded)]
pub struct Address {
    #[db(len = 80)]
    pub street: String,
    pub position: Option<GeoPoint>,
    pub status: TripStatus,
}

/// Somebody.
#[derive(Clone, Debug, Model)]
#[db(table = "users", schema = "app", cache(ttl = "5m", by(email)))]
pub struct User {
    #[db(id, default = uuid)]
    pub id: Uuid,
    #[db(unique)]
    pub email: std::string::String,
}

#[derive(Clone, Debug, Model)]
#[db(table = "trips", index(user_id, r#type desc), geo(home), unique(user_id, r#type))]
#[db(check(trip_dates = end_date > start_date || status != TripStatus::Planned))]
#[db(foreign_key(user_id -> User::id, name = "fk_trips_user"))]
pub struct Trip {
    /// The key.
    #[db(id, auto_increment)]
    pub id: i64,
    #[db(default = Planned)]
    pub status: TripStatus,
    #[db(decimal(10, 2), min = 0)]
    pub budget: Option<Decimal>,
    #[db(references = User::id, on_delete = cascade)]
    pub user_id: Uuid,
    pub start_date: Date,
    pub end_date: Option<jiff::civil::Date>,
    pub r#type: Option<String>,
    pub home: Address,
    pub stops: Vec<Address>,
    pub past: Option<Vec<TripStatus>>,
    pub seen: Timestamp,
    pub local: NaiveTimestamp,
    pub at: Time,
    pub extra: Json,
    pub photo: Option<Bytes>,
    pub tags: Vec<String>,
    pub open: bool,
    pub weight: f64,
}

#[derive(Sequence)]
#[db(start = 1000)]
pub struct InvoiceNumbers;
