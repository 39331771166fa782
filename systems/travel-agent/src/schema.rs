//! The travel agent's schema: sessions in which a trip is planned, what was said in them, and what was booked.

use whimbrel::prelude::*;

/// How far a part of a trip plan is.
#[derive(Enum)]
pub enum SegmentStatus {
    /// Nobody has looked for it yet.
    Pending,
    /// The agent is looking.
    Searching,
    /// The traveller has options to choose from.
    Selecting,
    /// One of them is chosen.
    Confirmed,
}

/// A part of a trip plan: a flight, a stay or a ride.
#[derive(Embedded)]
pub struct Segment {
    /// How far it is.
    #[db(default = Pending)]
    pub status: SegmentStatus,
    /// What the traveller asks for.
    pub requirements: Json,
    /// What the agent has found.
    #[db(default = empty)]
    pub options_pool: Vec<Json>,
    /// What the traveller chose; null before that, and always there.
    #[db(null)]
    pub selected_option: Option<Json>,
}

/// What a traveller plans.
#[derive(Embedded)]
pub struct TripPlan {
    /// Flights, in order.
    #[db(default = empty)]
    pub flights: Vec<Segment>,
    /// Stays, in order.
    #[db(default = empty)]
    pub accommodations: Vec<Segment>,
    /// Rides, in order.
    #[db(default = empty)]
    pub ground_transport: Vec<Segment>,
}

/// The state of one chat.
#[derive(Model)]
#[db(collection = "sessions")]
#[db(index(user_id, last_updated))]
pub struct Session {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// The user's id and the chat's: `user123::chat1`.
    #[db(unique, min_len = 1)]
    pub session_id: String,
    /// The user's `user_id`.
    #[db(index, min_len = 1)]
    pub user_id: String,
    /// What is being planned.
    pub trip_plan: TripPlan,
    /// The chat's title.
    pub title: Option<String>,
    /// When the chat began.
    #[db(default = now)]
    pub created_at: Timestamp,
    /// When it last went on.
    #[db(default = now, on_update = now, index(desc))]
    pub last_updated: Timestamp,
    /// Whatever else the agent keeps.
    pub metadata: Option<Json>,
}

/// What the agent knows of a user.
#[derive(Embedded)]
pub struct UserMetadata {
    /// What they like.
    pub preferences: Option<Json>,
    /// What they booked before.
    pub booking_history: Option<Vec<Json>>,
}

/// Someone who travels.
#[derive(Model)]
#[db(collection = "users")]
pub struct User {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// The id that the application knows the user by.
    #[db(unique, min_len = 1)]
    pub user_id: String,
    /// The address, where one was told.
    #[db(unique, sparse, email)]
    pub email: Option<String>,
    /// The name in full.
    pub name: Option<String>,
    /// When they came first.
    #[db(default = now)]
    pub created_at: Timestamp,
    /// When they were last here.
    #[db(default = now, index(desc))]
    pub last_active: Timestamp,
    /// What the agent knows of them; version 3 gives one to those who have none.
    pub metadata: Option<UserMetadata>,
}

/// Who said something.
#[derive(Enum)]
pub enum MessageRole {
    /// The traveller.
    User,
    /// The agent.
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
    /// Whatever else belongs to it.
    pub metadata: Option<Json>,
}

/// What was said in a session.
#[derive(Model)]
#[db(collection = "conversations")]
#[db(index(session_id, updated_at))]
pub struct Conversation {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// The session's `session_id`.
    #[db(index, min_len = 1)]
    pub session_id: String,
    /// The user's `user_id`.
    #[db(index, min_len = 1)]
    pub user_id: String,
    /// What was said, in order.
    #[db(default = empty)]
    pub messages: Vec<Message>,
    /// When it began.
    #[db(default = now)]
    pub created_at: Timestamp,
    /// When something was last said.
    #[db(default = now, on_update = now, index(desc))]
    pub updated_at: Timestamp,
}

/// Where a booking stands.
#[derive(Enum)]
pub enum BookingStatus {
    /// The providers agreed.
    Confirmed,
    /// Not all of them have answered.
    Pending,
    /// Called off.
    Cancelled,
}

/// What belongs to a booking.
#[derive(Embedded)]
pub struct BookingMetadata {
    /// Such as `paid`.
    pub payment_status: Option<String>,
    /// The providers' codes, by provider.
    pub confirmation_codes: Option<Json>,
}

/// A trip plan that was booked.
#[derive(Model)]
#[db(collection = "bookings")]
#[db(index(user_id, created_at))]
pub struct Booking {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// The number that the traveller is told: `BOOK-2024-001`.
    #[db(unique, min_len = 1)]
    pub booking_id: String,
    /// The session's `session_id`.
    #[db(index, min_len = 1)]
    pub session_id: String,
    /// The user's `user_id`.
    #[db(index, min_len = 1)]
    pub user_id: String,
    /// The plan as it was booked.
    pub trip_plan: TripPlan,
    /// Where it stands.
    #[db(default = Pending, index)]
    pub status: BookingStatus,
    /// What all of it costs.
    #[db(min = 0)]
    pub total_price: f64,
    /// When it was made.
    #[db(default = now, index(desc))]
    pub created_at: Timestamp,
    /// When the providers had agreed.
    pub confirmed_at: Option<Timestamp>,
    /// What belongs to it.
    pub metadata: Option<BookingMetadata>,
}
