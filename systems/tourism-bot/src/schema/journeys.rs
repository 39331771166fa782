//! Plans of journeys, challenges on the way, and what to see next.

use whimbrel::prelude::*;

use super::people::User;
use super::places::Attraction;

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
