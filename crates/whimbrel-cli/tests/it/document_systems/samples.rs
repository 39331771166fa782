//! A document of each collection of the document systems, what may become of it, and what may not.

use bson::oid::ObjectId;
use bson::{Bson, DateTime, Decimal128, Document, doc};

/// A document that its collection takes, and updates of it.
pub(super) struct Sample {
    pub(super) collection: &'static str,
    pub(super) document: Document,
    pub(super) allowed: Vec<Document>,
    pub(super) refused: Vec<Document>,
}

/// A key; equal numbers give equal keys.
pub(super) fn id(number: u8) -> ObjectId {
    let mut bytes = [0; 12];
    bytes[11] = number;
    ObjectId::from_bytes(bytes)
}

/// The time of every sample. It lies ahead, so that no server takes a document away for its age.
pub(super) fn time() -> DateTime {
    DateTime::from_millis(4_102_444_800_000)
}

/// That many hours after the time of every sample.
fn later(hours: i64) -> DateTime {
    DateTime::from_millis(time().timestamp_millis() + hours * 3_600_000)
}

/// A GeoJSON point.
pub(super) fn point(longitude: f64, latitude: f64) -> Document {
    doc! { "type": "Point", "coordinates": [longitude, latitude] }
}

fn sample(
    collection: &'static str,
    document: Document,
    allowed: impl IntoIterator<Item = Document>,
    refused: impl IntoIterator<Item = Document>,
) -> Sample {
    Sample {
        collection,
        document,
        allowed: allowed.into_iter().collect(),
        refused: refused.into_iter().collect(),
    }
}

/// Sets a field.
fn set(path: &str, value: impl Into<Bson>) -> Document {
    doc! { "$set": { path: value.into() } }
}

/// Takes a field away.
fn unset(path: &str) -> Document {
    doc! { "$unset": { path: "" } }
}

/// What Wayra's page shows of users and trips.
pub(super) fn wayra() -> Vec<Sample> {
    vec![
        sample(
            "users",
            doc! {
                "_id": id(1), "firebaseUid": "uid-1", "email": "john@example.com",
                "profile": {
                    "displayName": "John", "firstName": "John", "lastName": "Doe", "photoURL": "https://example.com/j.png",
                    "location": { "country": "Peru", "city": "Cusco", "timezone": "America/Lima" },
                },
                "preferences": {
                    "budgetRange": { "min": 500, "max": 2500.5, "currency": "USD" },
                    "travelStyle": ["adventure"], "interests": ["hiking", "food"],
                },
                "settings": { "notifications": { "email": true }, "privacy": {}, "ai": { "suggestions": "few" } },
                "stats": { "tripsPlanned": 3, "tripsCompleted": 1, "totalBudgetSaved": 120.75 },
                "role": "user", "createdAt": time(), "updatedAt": time(), "lastLoginAt": time(), "isActive": true,
            },
            [
                unset("preferences"),
                unset("firebaseUid"),
                set("profile.location", Bson::Null),
                set("stats.tripsPlanned", 4.0),
                // The page's own seed writes a name that the schema does not know.
                set("name", "John Doe"),
            ],
            [
                unset("email"),
                set("email", "nobody"),
                set("profile", "John"),
                set("profile", doc! { "location": { "city": 7 } }),
                set("preferences", doc! { "budgetRange": { "min": 9, "max": 1 } }),
                set("preferences", doc! { "budgetRange": { "currency": "dollars" } }),
                set("preferences", doc! { "travelStyle": "adventure" }),
                set("stats.tripsPlanned", 1.5),
                set("stats.tripsCompleted", -1),
                set("lastLoginAt", "yesterday"),
                set("isActive", "yes"),
            ],
        ),
        sample(
            "trips",
            doc! {
                "_id": id(1), "title": "Salkantay", "description": "Five days on foot",
                "destination": { "name": "Machu Picchu", "country": "Peru", "coordinates": { "lat": -13.1631, "lng": -72.545 } },
                "dates": { "start": time(), "end": later(120), "flexible": false },
                "budget": {
                    "total": 1800, "currency": "USD", "breakdown": { "food": 300 }, "spent": 2000.5, "remaining": -200.5,
                },
                "travelers": { "adults": 2, "children": 0, "infants": 0 },
                "owner": id(1),
                "collaborators": [{ "userId": id(2), "role": "editor", "permissions": ["edit_budget"] }],
                "status": "planning", "visibility": "private",
                "aiGenerated": { "days": [{ "day": 1 }] }, "customizations": [{ "day": 1, "pace": "slow" }],
                "activityLog": [{ "by": id(2), "did": "joined", "at": time() }],
                "bookings": [{ "kind": "bus", "price": 12.5 }], "tags": ["trek"],
                "createdAt": time(), "updatedAt": time(),
            },
            [
                set("status", "booked"),
                set("visibility", "public"),
                set("dates.end", Bson::Null),
                unset("dates.start"),
                set("collaborators", Bson::Array(Vec::new())),
                unset("bookings"),
            ],
            [
                unset("title"),
                set("title", ""),
                unset("owner"),
                set("owner", "john@example.com"),
                set("status", "dreaming"),
                set("visibility", "secret"),
                unset("destination.name"),
                set("destination.coordinates.lat", 91),
                unset("destination.coordinates.lng"),
                set("dates", doc! { "start": later(1), "end": time() }),
                set("budget.total", -1),
                set("travelers.adults", "two"),
                set("collaborators", vec![doc! { "role": "editor" }]),
                set("tags", "trek"),
                set("bookings", doc! {}),
                set("activityLog", "joined"),
            ],
        ),
    ]
}

fn trip_plan() -> Document {
    let flight =
        doc! { "status": "pending", "requirements": {}, "options_pool": [], "selected_option": null };
    doc! { "flights": [flight], "accommodations": [], "ground_transport": [] }
}

/// What the travel agent's page shows of its four collections.
pub(super) fn travel_agent() -> Vec<Sample> {
    let segment = |field: &str| format!("trip_plan.flights.0.{field}");
    let plan_refused = || {
        [
            unset("trip_plan"),
            unset("trip_plan.ground_transport"),
            unset(&segment("selected_option")),
            set(&segment("status"), "lost"),
            set(&segment("options_pool"), doc! {}),
            set("trip_plan.accommodations", vec![doc! { "status": "pending" }]),
        ]
    };
    vec![
        sample(
            "sessions",
            doc! {
                "_id": id(1), "session_id": "user123::chat1", "user_id": "user123", "trip_plan": trip_plan(),
                "title": "การเดินทางไป Tokyo", "created_at": time(), "last_updated": time(), "metadata": {},
            },
            [
                set(&segment("status"), "confirmed"),
                set(&segment("selected_option"), doc! { "carrier": "TG" }),
                set(&segment("selected_option"), Bson::Null),
                unset("title"),
                unset("metadata"),
            ],
            plan_refused().into_iter().chain([
                set("session_id", ""),
                unset("user_id"),
                set("title", 1),
                unset("last_updated"),
            ]),
        ),
        sample(
            "users",
            doc! {
                "_id": id(1), "user_id": "user123", "email": "user@example.com", "name": "John Doe",
                "created_at": time(), "last_active": time(),
                "metadata": { "preferences": {}, "booking_history": [] },
            },
            [
                unset("email"),
                unset("name"),
                set("metadata.booking_history", vec![doc! { "booking_id": "BOOK-2024-001" }]),
            ],
            [
                unset("user_id"),
                set("email", "user"),
                set("last_active", "now"),
                set("metadata", "none"),
                set("metadata.booking_history", doc! {}),
            ],
        ),
        sample(
            "conversations",
            doc! {
                "_id": id(1), "session_id": "user123::chat1", "user_id": "user123",
                "messages": [{ "role": "user", "content": "ไป Tokyo", "timestamp": time(), "metadata": {} }],
                "created_at": time(), "updated_at": time(),
            },
            [doc! { "$push": { "messages": { "role": "assistant", "content": "", "timestamp": time() } } }],
            [
                unset("session_id"),
                unset("messages"),
                set("messages.0.role", "system"),
                unset("messages.0.content"),
                set("messages.0.timestamp", 1),
                set("updated_at", Bson::Null),
            ],
        ),
        sample(
            "bookings",
            doc! {
                "_id": id(1), "booking_id": "BOOK-2024-001", "session_id": "user123::chat1", "user_id": "user123",
                "trip_plan": trip_plan(), "status": "confirmed", "total_price": 50_000.0,
                "created_at": time(), "confirmed_at": time(),
                "metadata": { "payment_status": "paid", "confirmation_codes": {} },
            },
            [set("status", "cancelled"), unset("confirmed_at"), set("total_price", 0)],
            plan_refused().into_iter().chain([
                unset("booking_id"),
                set("status", "lost"),
                set("total_price", -1),
                set("total_price", "50000"),
                set("metadata.payment_status", true),
            ]),
        ),
    ]
}

fn location() -> Document {
    doc! { "coordinates": point(79.8612, 6.9271), "address": "1 Galle Road", "district": "Colombo" }
}

/// A price in rupees.
fn rupees(amount: &str) -> Decimal128 {
    amount.parse().unwrap()
}

/// Something to see.
pub(super) fn attraction(number: u8) -> Document {
    doc! {
        "_id": id(number), "name": "Galle Face Green", "description": "A lawn beside the sea", "category": "beach",
        "city": "Colombo", "location": location(), "rating": 4.5, "review_count": 12, "entry_fee": rupees("1500.00"),
        "tags": ["sunset"], "created_at": time(), "updated_at": time(),
    }
}

/// Points that are none.
fn wrong_places() -> [Document; 5] {
    [
        set("location.coordinates", doc! { "lat": 6.9, "lng": 79.8 }),
        set("location.coordinates.type", "LineString"),
        set("location.coordinates.coordinates", vec![6.9271]),
        // The latitude first.
        set("location.coordinates.coordinates", vec![6.9271, 179.8612]),
        unset("location.coordinates"),
    ]
}

/// What the tourism bot keeps in its eighteen collections.
pub(super) fn tourism_bot() -> Vec<Sample> {
    [people(), places(), journeys(), safety(), challenges(), forum(), told()].into_iter().flatten().collect()
}

fn people() -> Vec<Sample> {
    vec![
        sample(
            "users",
            doc! {
                "_id": id(1), "email": "ana@example.com", "hashed_password": "argon2", "name": "Ana",
                "phone": "+94771234567", "country": "LK", "language": "si", "role": "tourist", "points": 10,
                "is_active": true, "created_at": time(), "updated_at": time(),
            },
            [doc! { "$inc": { "points": -10 } }, unset("phone"), set("role", "guide")],
            [
                // Nobody gives more points than they have.
                doc! { "$inc": { "points": -1 } },
                set("points", 0.5),
                set("email", "ana"),
                set("role", "owner"),
                set("phone", "0771234567"),
                set("country", "Sri Lanka"),
                set("language", "fr"),
                unset("hashed_password"),
            ],
        ),
        sample(
            "conversations",
            doc! {
                "_id": id(1), "user_id": id(1), "title": "Beaches", "language": "en",
                "messages": [{ "role": "user", "content": "Where can I surf?", "timestamp": time() }],
                "created_at": time(), "updated_at": time(),
            },
            [unset("title")],
            [set("messages.0.role", "bot"), unset("user_id"), set("title", "x".repeat(201))],
        ),
        sample(
            "feedback",
            doc! {
                "_id": id(1), "user_id": id(1), "target_kind": "hotel", "target_id": id(2), "rating": 5,
                "comment": "Quiet", "created_at": time(),
            },
            [unset("comment")],
            [set("rating", 0), set("rating", 6), set("target_kind", "beach"), unset("target_id")],
        ),
    ]
}

fn places() -> Vec<Sample> {
    vec![
        sample(
            "attractions",
            attraction(1),
            [unset("rating"), unset("entry_fee"), unset("location.address")],
            wrong_places().into_iter().chain([
                set("category", "casino"),
                set("rating", 5.1),
                set("review_count", -1),
                set("entry_fee", rupees("-1")),
                set("name", ""),
                set("tags", "sunset"),
            ]),
        ),
        sample(
            "hotels",
            doc! {
                "_id": id(1), "name": "Lake View", "description": "Beside the lake", "city": "Kandy",
                "location": location(), "stars": 4, "rating": 4.1, "price_per_night": rupees("18500.00"),
                "amenities": ["pool", "wifi"], "phone": "+94812345678",
            },
            [unset("stars"), unset("amenities")],
            wrong_places().into_iter().chain([set("stars", 6), unset("price_per_night")]),
        ),
        sample(
            "restaurants",
            doc! {
                "_id": id(1), "name": "Crab Hut", "description": "At the harbour", "cuisines": ["seafood"],
                "city": "Negombo", "location": location(), "price_level": 2, "rating": 4.7,
            },
            [doc! { "$push": { "cuisines": "vegetarian" } }, unset("rating")],
            wrong_places().into_iter().chain([
                set("cuisines", Bson::Array(Vec::new())),
                set("price_level", 5),
                set("price_level", 1.5),
            ]),
        ),
        sample(
            "transport",
            doc! {
                "_id": id(1), "kind": "train", "operator": "Railways", "origin": "Kandy", "destination": "Ella",
                "departs_at": "08:47:00", "duration_minutes": 400, "fare": rupees("1200.00"),
            },
            [set("kind", "tuk_tuk"), unset("departs_at")],
            [set("kind", "horse"), set("duration_minutes", 0), set("fare", "1200"), unset("origin")],
        ),
    ]
}

fn journeys() -> Vec<Sample> {
    vec![
        sample(
            "itineraries",
            doc! {
                "_id": id(1), "user_id": id(1), "title": "South coast", "status": "draft",
                "start_date": time(), "end_date": later(48),
                "days": [{
                    "date": time(),
                    "stops": [{ "attraction_id": id(1), "arrives_at": "09:30:00", "note": "Bring water" }],
                }],
                "created_at": time(),
            },
            [set("status", "planned"), unset("days.0.stops.0.note"), set("end_date", time())],
            [
                set("status", "lost"),
                set("start_date", later(72)),
                unset("days.0.stops.0.attraction_id"),
                set("days.0.stops", Bson::Null),
                unset("title"),
            ],
        ),
        sample(
            "events",
            doc! {
                "_id": id(1), "name": "Esala Perahera", "description": "Dancers and elephants", "city": "Kandy",
                "location": location(), "starts_at": time(), "ends_at": later(6),
            },
            [unset("description"), set("ends_at", time())],
            wrong_places().into_iter().chain([set("starts_at", later(7)), unset("ends_at")]),
        ),
    ]
}

fn safety() -> Vec<Sample> {
    vec![
        sample(
            "emergency_services",
            doc! {
                "_id": id(1), "name": "Tourist police", "kind": "tourist_police", "phone": "1912", "city": "Colombo",
                "location": location(), "is_open_all_day": true,
            },
            [set("kind", "hospital")],
            wrong_places().into_iter().chain([set("phone", ""), set("kind", "plumber")]),
        ),
        sample(
            "safety_alerts",
            doc! {
                "_id": id(1), "title": "High waves", "message": "Do not swim", "severity": "high",
                "location": location(), "is_active": true, "created_at": time(),
            },
            [set("severity", "critical"), unset("location"), set("location", Bson::Null)],
            [set("severity", "severe"), set("location", point(1.0, 1.0)), unset("message")],
        ),
    ]
}

fn challenges() -> Vec<Sample> {
    vec![
        sample(
            "challenges",
            doc! {
                "_id": id(1), "slug": "eight-temples", "name": "Eight temples", "description": "See them all",
                "attraction_ids": [id(1)], "points": 50, "starts_at": time(), "ends_at": later(24), "is_active": true,
            },
            [set("attraction_ids", Bson::Array(Vec::new()))],
            [
                set("slug", "Eight temples"),
                set("points", 0),
                set("ends_at", time()),
                set("attraction_ids", vec!["temple"]),
            ],
        ),
        sample(
            "challenge_progress",
            doc! {
                "_id": id(1), "user_id": id(1), "challenge_id": id(1), "status": "started", "visited_ids": [],
                "started_at": time(),
            },
            [
                doc! { "$set": { "status": "completed", "completed_at": later(1) }, "$push": { "visited_ids": id(1) } },
            ],
            [set("status", "won"), unset("challenge_id"), set("completed_at", "today")],
        ),
    ]
}

fn forum() -> Vec<Sample> {
    vec![
        sample(
            "forum_posts",
            doc! {
                "_id": id(1), "author_id": id(1), "category": "tips", "title": "Train seats", "body": "Sit on the right",
                "tags": ["train"], "like_count": 0, "created_at": time(), "updated_at": time(),
            },
            [doc! { "$inc": { "like_count": 1 } }, unset("tags")],
            [set("category", "sale"), set("body", ""), set("like_count", -1), unset("author_id")],
        ),
        sample(
            "forum_comments",
            doc! { "_id": id(1), "post_id": id(1), "author_id": id(2), "body": "Thanks", "created_at": time() },
            [set("parent_id", id(2))],
            [set("parent_id", "first"), set("body", "x".repeat(5001)), unset("post_id")],
        ),
    ]
}

fn told() -> Vec<Sample> {
    vec![
        sample(
            "recommendations",
            doc! {
                "_id": id(1), "user_id": id(1), "attraction_id": id(1), "score": 0.8, "reason": "You like beaches",
                "created_at": time(),
            },
            [unset("reason"), set("score", 1)],
            [set("score", 1.1), unset("attraction_id")],
        ),
        sample(
            "analytics",
            doc! {
                "_id": id(1), "event_name": "search", "user_id": id(1), "properties": { "words": ["beach"] },
                "created_at": time(),
            },
            [unset("user_id"), unset("properties")],
            [set("event_name", ""), set("user_id", "ana"), unset("created_at")],
        ),
        sample(
            "notifications",
            doc! {
                "_id": id(1), "user_id": id(1), "kind": "safety_alert", "title": "High waves", "body": "Do not swim",
                "is_read": false, "created_at": time(), "expires_at": later(1),
            },
            [set("is_read", true), unset("expires_at")],
            [set("kind", "advertisement"), set("is_read", 0), unset("user_id")],
        ),
    ]
}
