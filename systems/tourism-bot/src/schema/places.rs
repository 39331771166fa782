//! What there is, where it is, and what to beware of.

use whimbrel::prelude::*;

/// Where something is.
#[derive(Embedded)]
pub struct Location {
    /// The position.
    pub coordinates: GeoPoint,
    /// The street and the number.
    pub address: Option<String>,
    /// One of the country's districts.
    pub district: Option<String>,
}

/// What there is to see.
#[derive(Enum)]
pub enum AttractionCategory {
    /// The sea.
    Beach,
    /// A temple.
    Temple,
    /// Ruins, forts and old towns.
    Historical,
    /// Mountains, waterfalls and forests.
    Nature,
    /// A national park or a reserve.
    Wildlife,
    /// Museums and dances.
    Culture,
}

/// Something to see.
#[derive(Model)]
#[db(collection = "attractions", cache(ttl = "24h"))]
#[db(index(city, category))]
#[db(geo(location.coordinates))]
#[db(text(name, description))]
pub struct Attraction {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// Its name.
    #[db(min_len = 1, len = 200)]
    pub name: String,
    /// What is special about it.
    pub description: String,
    /// What there is to see.
    #[db(index)]
    pub category: AttractionCategory,
    /// The city that it belongs to.
    pub city: String,
    /// Where it is.
    pub location: Location,
    /// What travellers think of it on average; none before the first of them.
    #[db(min = 0, max = 5, index(desc))]
    pub rating: Option<f64>,
    /// How many travellers said so.
    #[db(default = 0, min = 0)]
    pub review_count: i32,
    /// What an adult pays; none where nothing is asked.
    #[db(min = 0)]
    pub entry_fee: Option<Decimal>,
    /// Words to find it by.
    #[db(index)]
    pub tags: Option<Vec<String>>,
    /// When it was entered.
    #[db(default = now)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[db(default = now, on_update = now)]
    pub updated_at: Timestamp,
}

/// A place to sleep.
#[derive(Model)]
#[db(collection = "hotels")]
#[db(index(city, price_per_night))]
#[db(geo(location.coordinates))]
pub struct Hotel {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// Its name.
    #[db(min_len = 1, len = 200)]
    pub name: String,
    /// What is special about it.
    pub description: Option<String>,
    /// The city that it belongs to.
    pub city: String,
    /// Where it is.
    pub location: Location,
    /// Its class.
    #[db(min = 1, max = 5)]
    pub stars: Option<i32>,
    /// What travellers think of it on average.
    #[db(min = 0, max = 5, index(desc))]
    pub rating: Option<f64>,
    /// What the cheapest room costs.
    #[db(min = 0)]
    pub price_per_night: Decimal,
    /// Such as `pool` or `wifi`.
    #[db(index)]
    pub amenities: Option<Vec<String>>,
    /// The telephone number.
    pub phone: Option<String>,
}

/// A place to eat.
#[derive(Model)]
#[db(collection = "restaurants")]
#[db(index(city, rating desc))]
#[db(geo(location.coordinates))]
pub struct Restaurant {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// Its name.
    #[db(min_len = 1, len = 200)]
    pub name: String,
    /// What is special about it.
    pub description: Option<String>,
    /// Such as `seafood` or `vegetarian`.
    #[db(min_len = 1, index)]
    pub cuisines: Vec<String>,
    /// The city that it belongs to.
    pub city: String,
    /// Where it is.
    pub location: Location,
    /// From cheap (1) to dear (4).
    #[db(min = 1, max = 4)]
    pub price_level: Option<i32>,
    /// What travellers think of it on average.
    #[db(min = 0, max = 5)]
    pub rating: Option<f64>,
}

/// How to get around.
#[derive(Enum)]
pub enum TransportKind {
    /// A bus.
    Bus,
    /// A train.
    Train,
    /// A three-wheeler.
    TukTuk,
    /// A car with a driver.
    Taxi,
    /// A boat.
    Ferry,
    /// An aeroplane.
    Flight,
}

/// A way from one city to another.
#[derive(Model)]
#[db(collection = "transport")]
#[db(index(origin, destination, fare))]
pub struct Transport {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// The vehicle.
    #[db(index)]
    pub kind: TransportKind,
    /// Who runs it.
    pub operator: Option<String>,
    /// The city that it begins in.
    pub origin: String,
    /// The city that it leads to.
    pub destination: String,
    /// When it leaves each day; none where it goes when asked.
    pub departs_at: Option<Time>,
    /// How long it takes, in minutes.
    #[db(min = 1)]
    pub duration_minutes: i32,
    /// What one person pays.
    #[db(min = 0)]
    pub fare: Decimal,
}

/// Something that happens once, or each year.
#[derive(Model)]
#[db(collection = "events")]
#[db(index(city, starts_at))]
#[db(geo(location.coordinates))]
#[db(check(event_times_order = starts_at <= ends_at))]
pub struct Event {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// Its name.
    #[db(min_len = 1, len = 200)]
    pub name: String,
    /// What happens.
    pub description: Option<String>,
    /// The city that it belongs to.
    pub city: String,
    /// Where it is.
    pub location: Location,
    /// When it begins.
    #[db(index)]
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
}

/// Who helps.
#[derive(Enum)]
pub enum EmergencyKind {
    /// The police.
    Police,
    /// The police for travellers.
    TouristPolice,
    /// A hospital.
    Hospital,
    /// An ambulance.
    Ambulance,
    /// The fire brigade.
    Fire,
    /// An embassy.
    Embassy,
}

/// Help in an emergency.
#[derive(Model)]
#[db(collection = "emergency_services")]
#[db(index(city, kind))]
#[db(geo(location.coordinates))]
pub struct EmergencyService {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// Its name.
    #[db(min_len = 1, len = 200)]
    pub name: String,
    /// Who helps.
    #[db(index)]
    pub kind: EmergencyKind,
    /// The number to call.
    #[db(min_len = 3)]
    pub phone: String,
    /// The city that it belongs to.
    pub city: String,
    /// Where it is.
    pub location: Location,
    /// Whether it answers by day and by night.
    #[db(default = true)]
    pub is_open_all_day: bool,
}

/// How bad something is.
#[derive(Enum)]
pub enum AlertSeverity {
    /// Good to know.
    Low,
    /// Take care.
    Medium,
    /// Stay away.
    High,
    /// Leave.
    Critical,
}

/// A warning.
#[derive(Model)]
#[db(collection = "safety_alerts")]
#[db(index(severity, created_at desc, where = "{\"is_active\": true}"))]
#[db(geo(location.coordinates))]
pub struct SafetyAlert {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// What happened.
    #[db(min_len = 1, len = 200)]
    pub title: String,
    /// What to do.
    pub message: String,
    /// How bad it is.
    pub severity: AlertSeverity,
    /// Where it is; none where it is everywhere.
    pub location: Option<Location>,
    /// Whether it still holds.
    #[db(default = true)]
    pub is_active: bool,
    /// When it was given.
    #[db(default = now)]
    pub created_at: Timestamp,
}
