//! The tourism bot's schema: travellers and their conversations, what there is to see in Sri Lanka, and what
//! travellers make of it.
//!
//! Positions are GeoJSON points, longitude first. Prices are in Sri Lankan rupees.

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

/// What someone may do.
#[derive(Enum)]
pub enum UserRole {
    /// Travels.
    Tourist,
    /// Shows others around.
    Guide,
    /// Looks after the bot.
    Admin,
}

/// A language that the bot speaks.
#[derive(Enum)]
pub enum Language {
    /// English.
    #[db(name = "en")]
    English,
    /// Sinhala.
    #[db(name = "si")]
    Sinhala,
    /// Tamil.
    #[db(name = "ta")]
    Tamil,
}

/// Someone with an account.
#[derive(Model)]
#[db(collection = "users", cache(ttl = "1h"))]
#[db(index(role, points desc))]
pub struct User {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// The address to log in with.
    #[db(unique, email)]
    pub email: String,
    /// A hash of the password.
    #[db(sensitive)]
    pub hashed_password: String,
    /// The name that others see.
    #[db(min_len = 1, len = 100)]
    pub name: String,
    /// A telephone number, with the country's code.
    #[db(unique, sparse, sensitive, pattern = "^[+][0-9]{7,15}$")]
    pub phone: Option<String>,
    /// Where they come from, as in ISO 3166: `LK`.
    #[db(pattern = "^[A-Z]{2}$")]
    pub country: Option<String>,
    /// The language that the bot answers in.
    #[db(default = English)]
    pub language: Language,
    /// What they may do.
    #[db(default = Tourist, index)]
    pub role: UserRole,
    /// What they won in challenges; points can be given to others.
    #[db(default = 0, min = 0)]
    pub points: Option<i32>,
    /// Whether the account may log in.
    #[db(default = true)]
    pub is_active: bool,
    /// When the account was made.
    #[db(default = now, index(desc))]
    pub created_at: Timestamp,
    /// When it last changed.
    #[db(default = now, on_update = now)]
    pub updated_at: Timestamp,
}

/// Who said something.
#[derive(Enum)]
pub enum MessageRole {
    /// The traveller.
    User,
    /// The bot.
    Assistant,
}

/// Something that was said.
#[derive(Embedded)]
pub struct Message {
    /// Who said it.
    pub role: MessageRole,
    /// The words.
    pub content: String,
    /// When.
    pub timestamp: Timestamp,
}

/// A chat with the bot.
#[derive(Model)]
#[db(collection = "conversations", cache(ttl = "1h"))]
#[db(index(user_id, created_at desc))]
pub struct Conversation {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// Who chats.
    #[db(references = User::id)]
    pub user_id: ObjectId,
    /// What it is about.
    #[db(len = 200)]
    pub title: Option<String>,
    /// The language of it.
    #[db(default = English)]
    pub language: Language,
    /// What was said, in order.
    #[db(default = empty)]
    pub messages: Vec<Message>,
    /// When it began.
    #[db(default = now)]
    pub created_at: Timestamp,
    /// When it last went on.
    #[db(default = now, on_update = now)]
    pub updated_at: Timestamp,
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

/// Where an itinerary stands.
#[derive(Enum)]
pub enum ItineraryStatus {
    /// Still being put together.
    Draft,
    /// Ready.
    Planned,
    /// Made.
    Completed,
}

/// A place on the way.
#[derive(Embedded)]
pub struct ItineraryStop {
    /// What is seen there.
    #[db(references = Attraction::id)]
    pub attraction_id: ObjectId,
    /// When to be there.
    pub arrives_at: Option<Time>,
    /// What to remember.
    pub note: Option<String>,
}

/// One day of an itinerary.
#[derive(Embedded)]
pub struct ItineraryDay {
    /// The day.
    pub date: Date,
    /// The places, in order.
    #[db(default = empty)]
    pub stops: Vec<ItineraryStop>,
}

/// A plan of a journey.
#[derive(Model)]
#[db(collection = "itineraries")]
#[db(index(user_id, start_date desc))]
#[db(index(days.stops.attraction_id))]
#[db(check(itinerary_dates_order = start_date <= end_date))]
pub struct Itinerary {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// Who travels.
    #[db(references = User::id)]
    pub user_id: ObjectId,
    /// Its name.
    #[db(min_len = 1, len = 200)]
    pub title: String,
    /// Where it stands.
    #[db(default = Draft)]
    pub status: ItineraryStatus,
    /// The first day.
    pub start_date: Date,
    /// The last day.
    pub end_date: Date,
    /// What happens when.
    #[db(default = empty)]
    pub days: Vec<ItineraryDay>,
    /// When it was made.
    #[db(default = now)]
    pub created_at: Timestamp,
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

/// What feedback is about.
#[derive(Enum)]
pub enum FeedbackTarget {
    /// Something to see.
    Attraction,
    /// A place to sleep.
    Hotel,
    /// A place to eat.
    Restaurant,
    /// Something that happens.
    Event,
    /// A chat with the bot.
    Conversation,
}

/// What a traveller thinks of something.
#[derive(Model)]
#[db(collection = "feedback")]
#[db(index(target_kind, target_id, created_at desc))]
#[db(index(user_id, target_kind, target_id, unique))]
pub struct Feedback {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// Who thinks so.
    #[db(references = User::id)]
    pub user_id: ObjectId,
    /// The kind of thing.
    pub target_kind: FeedbackTarget,
    /// The thing.
    pub target_id: ObjectId,
    /// From bad (1) to good (5).
    #[db(min = 1, max = 5)]
    pub rating: i32,
    /// In words.
    #[db(len = 2000)]
    pub comment: Option<String>,
    /// When it was given.
    #[db(default = now)]
    pub created_at: Timestamp,
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

/// Something to do for points.
#[derive(Model)]
#[db(collection = "challenges")]
#[db(index(is_active, ends_at))]
#[db(check(challenge_times_order = starts_at < ends_at))]
pub struct Challenge {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// The name in addresses.
    #[db(unique, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$")]
    pub slug: String,
    /// Its name.
    #[db(min_len = 1, len = 200)]
    pub name: String,
    /// What to do.
    pub description: String,
    /// The places to visit.
    #[db(default = empty, references = Attraction::id)]
    pub attraction_ids: Vec<ObjectId>,
    /// What it is worth.
    #[db(min = 1)]
    pub points: i32,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Whether it can be joined.
    #[db(default = true)]
    pub is_active: bool,
}

/// How far someone is with a challenge.
#[derive(Enum)]
pub enum ProgressStatus {
    /// On the way.
    Started,
    /// Done.
    Completed,
    /// Given up.
    Abandoned,
}

/// A traveller's way through a challenge.
#[derive(Model)]
#[db(collection = "challenge_progress")]
#[db(index(user_id, challenge_id, unique))]
#[db(index(challenge_id, completed_at, where = "{\"status\": \"completed\"}"))]
pub struct ChallengeProgress {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// Who takes part.
    #[db(references = User::id)]
    pub user_id: ObjectId,
    /// In what.
    #[db(references = Challenge::id)]
    pub challenge_id: ObjectId,
    /// How far they are.
    #[db(default = Started)]
    pub status: ProgressStatus,
    /// The places that they have visited.
    #[db(default = empty, references = Attraction::id)]
    pub visited_ids: Vec<ObjectId>,
    /// When they began.
    #[db(default = now)]
    pub started_at: Timestamp,
    /// When they were done.
    pub completed_at: Option<Timestamp>,
}

/// What a post is about.
#[derive(Enum)]
pub enum ForumCategory {
    /// Anything.
    General,
    /// Good advice.
    Tips,
    /// Questions.
    Questions,
    /// Stories.
    Stories,
}

/// Something that a traveller wrote.
#[derive(Model)]
#[db(collection = "forum_posts")]
#[db(index(category, created_at desc))]
#[db(index(author_id, created_at desc))]
pub struct ForumPost {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// Who wrote it.
    #[db(references = User::id)]
    pub author_id: ObjectId,
    /// What it is about.
    #[db(default = General)]
    pub category: ForumCategory,
    /// Its title.
    #[db(min_len = 1, len = 200)]
    pub title: String,
    /// The words.
    #[db(min_len = 1)]
    pub body: String,
    /// Words to find it by.
    #[db(index)]
    pub tags: Option<Vec<String>>,
    /// How many liked it.
    #[db(default = 0, min = 0, index(desc))]
    pub like_count: i32,
    /// When it was written.
    #[db(default = now)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[db(default = now, on_update = now)]
    pub updated_at: Timestamp,
}

/// An answer to a post, or to another answer.
#[derive(Model)]
#[db(collection = "forum_comments")]
#[db(index(post_id, created_at))]
pub struct ForumComment {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// The post.
    #[db(references = ForumPost::id)]
    pub post_id: ObjectId,
    /// The answer that this one answers.
    #[db(references = ForumComment::id, index, sparse)]
    pub parent_id: Option<ObjectId>,
    /// Who wrote it.
    #[db(references = User::id)]
    pub author_id: ObjectId,
    /// The words.
    #[db(min_len = 1, len = 5000)]
    pub body: String,
    /// When it was written.
    #[db(default = now)]
    pub created_at: Timestamp,
}

/// Something that a traveller may like.
#[derive(Model)]
#[db(collection = "recommendations")]
#[db(index(user_id, score desc))]
#[db(index(user_id, attraction_id, unique))]
pub struct Recommendation {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// Who may like it.
    #[db(references = User::id)]
    pub user_id: ObjectId,
    /// What.
    #[db(references = Attraction::id)]
    pub attraction_id: ObjectId,
    /// How much, from 0 to 1.
    #[db(min = 0, max = 1)]
    pub score: f64,
    /// Why.
    pub reason: Option<String>,
    /// When it was worked out.
    #[db(default = now)]
    pub created_at: Timestamp,
}

/// Something that happened in the bot; kept for ninety days.
#[derive(Model)]
#[db(collection = "analytics")]
#[db(index(event_name, created_at desc))]
pub struct AnalyticsEvent {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// What happened: `search`, `attraction_viewed`.
    #[db(min_len = 1)]
    pub event_name: String,
    /// To whom; none where nobody is logged in.
    #[db(references = User::id, index, sparse)]
    pub user_id: Option<ObjectId>,
    /// The circumstances.
    pub properties: Option<Json>,
    /// When.
    #[db(default = now, ttl = "90d")]
    pub created_at: Timestamp,
}

/// What a notification is about.
#[derive(Enum)]
pub enum NotificationKind {
    /// A warning.
    SafetyAlert,
    /// A challenge.
    Challenge,
    /// An answer in the forum.
    Forum,
    /// Something to see.
    Recommendation,
}

/// Something that a traveller is told.
#[derive(Model)]
#[db(collection = "notifications")]
#[db(index(user_id, created_at desc, where = "{\"is_read\": false}"))]
pub struct Notification {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// Who is told.
    #[db(references = User::id)]
    pub user_id: ObjectId,
    /// What it is about.
    pub kind: NotificationKind,
    /// In a few words.
    #[db(min_len = 1, len = 200)]
    pub title: String,
    /// In more of them.
    pub body: Option<String>,
    /// Whether it was seen.
    #[db(default = false)]
    pub is_read: bool,
    /// When it was sent.
    #[db(default = now)]
    pub created_at: Timestamp,
    /// When it goes; none means never.
    #[db(ttl = "0s")]
    pub expires_at: Option<Timestamp>,
}
