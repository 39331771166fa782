//! Wayra's schema: travellers, and the trips that they plan together.
//!
//! The names are those of the documents. Wayra's `Number` is an `f64`, and its counts are whole; what it calls an
//! `Object` has no fixed fields, and is `Json`. Only what Wayra cannot do without is required.

use whimbrel::prelude::*;

/// Where a traveller is at home.
#[derive(Embedded)]
pub struct HomeLocation {
    /// The country's name.
    pub country: Option<String>,
    /// The city's name.
    pub city: Option<String>,
    /// A name of the time zone database, such as `America/Lima`.
    pub timezone: Option<String>,
}

/// What others see of a traveller.
#[derive(Embedded)]
pub struct UserProfile {
    /// The name that others see.
    #[db(name = "displayName")]
    pub display_name: Option<String>,
    /// The given name.
    #[db(name = "firstName")]
    pub first_name: Option<String>,
    /// The family name.
    #[db(name = "lastName")]
    pub last_name: Option<String>,
    /// The address of a picture.
    #[db(name = "photoURL")]
    pub photo_url: Option<String>,
    /// Where they are at home.
    pub location: Option<HomeLocation>,
}

/// What a trip may cost.
#[derive(Embedded)]
pub struct BudgetRange {
    /// At least.
    #[db(min = 0)]
    pub min: Option<f64>,
    /// At most.
    #[db(min = 0)]
    pub max: Option<f64>,
    /// ISO 4217, such as `USD`.
    #[db(pattern = "^[A-Z]{3}$")]
    pub currency: Option<String>,
}

/// What a traveller likes.
#[derive(Embedded)]
pub struct UserPreferences {
    /// What a trip may cost.
    #[db(name = "budgetRange")]
    pub budget_range: Option<BudgetRange>,
    /// Such as `adventure` or `luxury`.
    #[db(name = "travelStyle")]
    pub travel_style: Option<Vec<String>>,
    /// Such as `hiking` or `food`.
    pub interests: Option<Vec<String>>,
}

/// How the application behaves for a traveller.
#[derive(Embedded)]
pub struct UserSettings {
    /// What they are told of, and how.
    pub notifications: Option<Json>,
    /// What others may see.
    pub privacy: Option<Json>,
    /// What the assistant may do.
    pub ai: Option<Json>,
}

/// What a traveller has done so far.
#[derive(Embedded)]
pub struct UserStats {
    /// Trips that were planned.
    #[db(name = "tripsPlanned", min = 0)]
    pub trips_planned: Option<i32>,
    /// Trips that were made.
    #[db(name = "tripsCompleted", min = 0)]
    pub trips_completed: Option<i32>,
    /// What was saved against the budgets.
    #[db(name = "totalBudgetSaved")]
    pub total_budget_saved: Option<f64>,
}

/// Someone with an account.
#[derive(Model)]
#[db(collection = "users")]
#[db(index(preferences.budget_range.currency))]
#[db(check(budget_range_order = preferences.budget_range.min <= preferences.budget_range.max))]
pub struct User {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// Firebase's id of the account; the index, which is not sparse, lets only one account be without.
    #[db(name = "firebaseUid", unique, min_len = 1)]
    pub firebase_uid: Option<String>,
    /// The address to sign in with.
    #[db(unique, email)]
    pub email: String,
    /// What others see.
    pub profile: Option<UserProfile>,
    /// What they like.
    pub preferences: Option<UserPreferences>,
    /// How the application behaves for them.
    pub settings: Option<UserSettings>,
    /// What they have done so far.
    pub stats: Option<UserStats>,
    /// What they may do; version 3 gives everyone one.
    #[db(default = "user", min_len = 1)]
    pub role: Option<String>,
    /// When the account was made.
    #[db(name = "createdAt", default = now, index(desc))]
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    #[db(name = "updatedAt", default = now, on_update = now)]
    pub updated_at: Option<Timestamp>,
    /// When they were last here.
    #[db(name = "lastLoginAt", index(desc))]
    pub last_login_at: Option<Timestamp>,
    /// Whether the account may sign in.
    #[db(name = "isActive", default = true)]
    pub is_active: Option<bool>,
}

/// Where a trip stands.
#[derive(Enum)]
pub enum TripStatus {
    /// An idea.
    Planning,
    /// Paid for.
    Booked,
    /// Made.
    Completed,
    /// Called off.
    Cancelled,
}

/// Who may see a trip.
#[derive(Enum)]
pub enum TripVisibility {
    /// Its owner.
    Private,
    /// Its owner and the collaborators.
    Shared,
    /// Everyone.
    Public,
}

/// A place on the globe, in degrees.
#[derive(Embedded)]
pub struct Coordinates {
    /// The latitude.
    #[db(min = -90, max = 90)]
    pub lat: f64,
    /// The longitude.
    #[db(min = -180, max = 180)]
    pub lng: f64,
}

/// Where a trip leads.
#[derive(Embedded)]
pub struct Destination {
    /// The place's name.
    #[db(min_len = 1)]
    pub name: String,
    /// The country's name.
    pub country: Option<String>,
    /// Where it lies.
    pub coordinates: Option<Coordinates>,
}

/// When a trip is made.
#[derive(Embedded)]
pub struct TripDates {
    /// The first day.
    pub start: Option<Timestamp>,
    /// The last day.
    pub end: Option<Timestamp>,
    /// Whether the days may move.
    pub flexible: Option<bool>,
}

/// What a trip costs.
#[derive(Embedded)]
pub struct TripBudget {
    /// In all.
    #[db(min = 0)]
    pub total: Option<f64>,
    /// ISO 4217, such as `USD`.
    #[db(pattern = "^[A-Z]{3}$")]
    pub currency: Option<String>,
    /// How it is divided.
    pub breakdown: Option<Json>,
    /// What was paid.
    #[db(min = 0)]
    pub spent: Option<f64>,
    /// What is left; below zero where more was spent.
    pub remaining: Option<f64>,
}

/// How many come along.
#[derive(Embedded)]
pub struct Travelers {
    /// Adults.
    #[db(min = 0)]
    pub adults: Option<i32>,
    /// Children.
    #[db(min = 0)]
    pub children: Option<i32>,
    /// Infants.
    #[db(min = 0)]
    pub infants: Option<i32>,
}

/// Someone who plans along.
#[derive(Embedded)]
pub struct Collaborator {
    /// The user.
    #[db(name = "userId", references = User::id)]
    pub user_id: ObjectId,
    /// Such as `editor`.
    pub role: Option<String>,
    /// Such as `edit_budget`.
    pub permissions: Option<Vec<String>>,
}

/// A journey, from the idea to the memory.
#[derive(Model)]
#[db(collection = "trips")]
#[db(index(owner, created_at))]
#[db(index(collaborators.user_id))]
#[db(index(destination.name))]
#[db(index(dates.start, dates.end))]
#[db(check(trip_dates_order = dates.start <= dates.end))]
pub struct Trip {
    /// The key.
    #[db(id)]
    pub id: ObjectId,
    /// The trip's name.
    #[db(min_len = 1)]
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// Where it leads.
    pub destination: Destination,
    /// When it is made.
    pub dates: TripDates,
    /// What it costs.
    pub budget: Option<TripBudget>,
    /// How many come along.
    pub travelers: Option<Travelers>,
    /// The user whose trip it is.
    #[db(references = User::id)]
    pub owner: ObjectId,
    /// Who plans along.
    pub collaborators: Option<Vec<Collaborator>>,
    /// Where it stands.
    #[db(default = Planning, index)]
    pub status: TripStatus,
    /// Who may see it.
    #[db(default = Private)]
    pub visibility: TripVisibility,
    /// What the assistant made of it.
    #[db(name = "aiGenerated")]
    pub ai_generated: Option<Json>,
    /// What travellers changed of that.
    pub customizations: Option<Vec<Json>>,
    /// Who did what.
    #[db(name = "activityLog")]
    pub activity_log: Option<Vec<Json>>,
    /// Flights, rooms and the like.
    pub bookings: Option<Vec<Json>>,
    /// Words to find it by.
    #[db(index)]
    pub tags: Option<Vec<String>>,
    /// When it was made.
    #[db(name = "createdAt", default = now)]
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    #[db(name = "updatedAt", default = now, on_update = now)]
    pub updated_at: Option<Timestamp>,
}
