//! Travya's schema: travellers plan trips with itineraries, bookings, collaborators and conversations.
//!
//! Columns without NOT NULL in Travya's DDL are `Option`s here, defaults included.

use whimbrel::prelude::*;

/// Where a trip stands. Kept as text: the DDL has `VARCHAR(20)`, although the models use an enum.
#[derive(Enum)]
#[db(store = text)]
pub enum TripStatus {
    /// Not begun yet.
    Planned,
    /// Under way.
    InProgress,
    /// Over.
    Completed,
    /// Called off.
    Cancelled,
}

/// What a trip is for.
#[derive(Enum)]
#[db(store = text)]
pub enum TripType {
    /// A holiday.
    Leisure,
    /// Work.
    Business,
    /// An expedition.
    Adventure,
    /// With the family.
    Family,
    /// Alone.
    Solo,
}

/// Where a booking stands.
#[derive(Enum)]
#[db(store = text)]
pub enum BookingStatus {
    /// The provider agreed.
    Confirmed,
    /// The provider has not answered.
    Pending,
    /// Called off.
    Cancelled,
    /// The money came back.
    Refunded,
}

/// Someone with an account.
#[derive(Model)]
#[db(table = "users")]
#[db(index(email, name = "idx_users_email"))] // beside the unique constraint's own index, as in the DDL
pub struct User {
    /// The key.
    #[db(id, default = uuid)]
    pub id: Uuid,
    /// The address to log in with.
    #[db(varchar = 255, unique)]
    pub email: String,
    /// The name that others see.
    #[db(varchar = 50, unique)]
    pub username: String,
    /// The name in full.
    #[db(varchar = 100)]
    pub full_name: Option<String>,
    /// A bcrypt hash.
    #[db(varchar = 255, sensitive)]
    pub hashed_password: String,
    /// Whether the account may log in.
    #[db(default = true)]
    pub is_active: Option<bool>,
    /// Whether the account may do everything.
    #[db(default = false)]
    pub is_superuser: Option<bool>,
    /// When it was made.
    #[db(default = now)]
    pub created_at: Option<NaiveTimestamp>,
    /// When it last changed.
    #[db(default = now, on_update = now)]
    pub updated_at: Option<NaiveTimestamp>,
}

/// A journey that a user plans.
#[derive(Model)]
#[db(table = "trips")]
#[db(index(user_id, name = "idx_trips_user_id"))]
#[db(index(destination, name = "idx_trips_destination"))]
#[db(index(start_date, end_date, name = "idx_trips_dates"))]
#[db(index(user_id, status, start_date, name = "idx_trips_user_status_date"))]
#[db(check(chk_trip_dates = end_date > start_date))]
#[db(check(chk_trip_budget = budget.is_none() || budget >= 0))]
// The DDL refers to users twice: within CREATE TABLE (on the field below), and by name afterwards.
#[db(foreign_key(user_id -> User::id, on_delete = cascade, name = "fk_trips_user"))]
pub struct Trip {
    /// The key.
    #[db(id, default = uuid)]
    pub id: Uuid,
    /// The title.
    #[db(varchar = 255, input(min_len = 1))]
    pub title: String,
    /// Where it goes.
    #[db(varchar = 255, input(min_len = 1))]
    pub destination: String,
    /// The first day.
    pub start_date: Date,
    /// The last day.
    pub end_date: Date,
    /// How much it may cost.
    #[db(decimal(10, 2))]
    pub budget: Option<Decimal>,
    /// What it is about.
    #[db(input(len = 1000))]
    pub description: Option<String>,
    /// Where it stands.
    #[db(varchar = 20, default = Planned)]
    pub status: Option<TripStatus>,
    /// What it is for.
    #[db(varchar = 20, default = Leisure)]
    pub trip_type: Option<TripType>,
    /// Whose it is.
    #[db(references = User::id, on_delete = cascade)]
    pub user_id: Option<Uuid>,
    /// When it was made.
    #[db(default = now)]
    pub created_at: Option<NaiveTimestamp>,
    /// When it last changed.
    #[db(default = now, on_update = now)]
    pub updated_at: Option<NaiveTimestamp>,
}

/// One day of a trip.
#[derive(Model)]
#[db(table = "itineraries")]
pub struct Itinerary {
    /// The key.
    #[db(id, default = uuid)]
    pub id: Uuid,
    /// The trip.
    #[db(references = Trip::id, on_delete = cascade)]
    pub trip_id: Option<Uuid>,
    /// The day's number.
    pub day: i32,
    /// The title.
    #[db(varchar = 255)]
    pub title: String,
    /// What happens.
    pub description: Option<String>,
    /// What is done, in order.
    pub activities: Option<Vec<String>>,
    /// When it begins.
    pub start_time: Option<Time>,
    /// When it ends.
    pub end_time: Option<Time>,
    /// Where it is.
    #[db(varchar = 255)]
    pub location: Option<String>,
    /// When it was made.
    #[db(default = now)]
    pub created_at: Option<NaiveTimestamp>,
    /// When it last changed.
    #[db(default = now, on_update = now)]
    pub updated_at: Option<NaiveTimestamp>,
}

/// Something reserved for a trip.
#[derive(Model)]
#[db(table = "bookings")]
#[db(index(trip_id, name = "idx_bookings_trip_id"))]
#[db(index(booking_type, travel_date, name = "idx_bookings_type_date"))]
pub struct Booking {
    /// The key.
    #[db(id, default = uuid)]
    pub id: Uuid,
    /// The trip.
    #[db(references = Trip::id, on_delete = cascade)]
    pub trip_id: Option<Uuid>,
    /// Flight, hotel, and so on.
    #[db(varchar = 50)]
    pub booking_type: String,
    /// Who provides it.
    #[db(varchar = 255)]
    pub provider: String,
    /// The provider's number.
    #[db(varchar = 100)]
    pub confirmation_number: String,
    /// What it costs.
    #[db(decimal(10, 2))]
    pub amount: Decimal,
    /// In which currency, ISO 4217.
    #[db(varchar = 3, default = "USD")]
    pub currency: Option<String>,
    /// When it was booked.
    pub booking_date: Date,
    /// When it is used.
    pub travel_date: Date,
    /// Where it stands.
    #[db(varchar = 20, default = Confirmed)]
    pub status: Option<BookingStatus>,
    /// When it was made.
    #[db(default = now)]
    pub created_at: Option<NaiveTimestamp>,
    /// When it last changed.
    #[db(default = now, on_update = now)]
    pub updated_at: Option<NaiveTimestamp>,
}

/// Someone invited to a trip.
#[derive(Model)]
#[db(table = "trip_collaborators")]
pub struct TripCollaborator {
    /// The key.
    #[db(id, default = uuid)]
    pub id: Uuid,
    /// The trip.
    #[db(references = Trip::id, on_delete = cascade)]
    pub trip_id: Option<Uuid>,
    /// Who is invited.
    #[db(references = User::id, on_delete = cascade)]
    pub user_id: Option<Uuid>,
    /// Who invites.
    #[db(references = User::id, on_delete = cascade)]
    pub inviter_id: Option<Uuid>,
    /// What the guest may do.
    #[db(varchar = 20, default = "viewer")]
    pub role: Option<String>,
    /// Whether the guest accepted.
    #[db(varchar = 20, default = "pending")]
    pub status: Option<String>,
    /// When the invitation went out.
    #[db(default = now)]
    pub invited_at: Option<NaiveTimestamp>,
    /// When it was accepted.
    pub accepted_at: Option<NaiveTimestamp>,
}

/// A talk with the assistant about a trip.
#[derive(Model)]
#[db(table = "conversations")]
#[db(index(trip_id, name = "idx_conversations_trip_id"))]
pub struct Conversation {
    /// The key.
    #[db(id, default = uuid)]
    pub id: Uuid,
    /// The trip.
    #[db(references = Trip::id, on_delete = cascade)]
    pub trip_id: Option<Uuid>,
    /// The title.
    #[db(varchar = 255)]
    pub title: String,
    /// Whether it goes on.
    #[db(default = true)]
    pub is_active: Option<bool>,
    /// When it was made.
    #[db(default = now)]
    pub created_at: Option<NaiveTimestamp>,
    /// When it last changed.
    #[db(default = now, on_update = now)]
    pub updated_at: Option<NaiveTimestamp>,
}

/// One message of a conversation.
#[derive(Model)]
#[db(table = "conversation_messages")]
pub struct ConversationMessage {
    /// The key.
    #[db(id, default = uuid)]
    pub id: Uuid,
    /// The conversation.
    #[db(references = Conversation::id, on_delete = cascade)]
    pub conversation_id: Option<Uuid>,
    /// What was said.
    pub content: String,
    /// Text, image, and so on.
    #[db(varchar = 20, default = "text")]
    pub message_type: Option<String>,
    /// Who said it.
    #[db(varchar = 20, default = "user")]
    pub sender_type: Option<String>,
    /// When.
    #[db(default = now)]
    pub created_at: Option<NaiveTimestamp>,
}
