//! Every collection of the document systems with its indexes, written by hand from the teams' pages.
//!
//! An index is written as its keys and then its options: `user_id:1 created_at:-1 unique sparse ttl=60 where={…}`.

use bson::{Bson, Document};

/// A collection, and its indexes beside that of `_id`.
pub(super) type Declared = (&'static str, &'static [&'static str]);

/// The page's list.
pub(super) const WAYRA: &[Declared] = &[
    (
        "trips",
        &[
            "owner:1 createdAt:1",
            "collaborators.userId:1",
            "destination.name:1",
            "dates.start:1 dates.end:1",
            "status:1",
            "tags:1",
        ],
    ),
    (
        "users",
        &[
            "firebaseUid:1 unique",
            "email:1 unique",
            "createdAt:-1",
            "lastLoginAt:-1",
            "preferences.budgetRange.currency:1",
        ],
    ),
];

/// The page's lists.
pub(super) const TRAVEL_AGENT: &[Declared] = &[
    (
        "bookings",
        &[
            "booking_id:1 unique",
            "session_id:1",
            "user_id:1",
            "status:1",
            "created_at:-1",
            "user_id:1 created_at:1",
        ],
    ),
    ("conversations", &["session_id:1", "user_id:1", "updated_at:-1", "session_id:1 updated_at:1"]),
    ("sessions", &["session_id:1 unique", "user_id:1", "last_updated:-1", "user_id:1 last_updated:1"]),
    ("users", &["user_id:1 unique", "email:1 unique sparse", "last_active:-1"]),
];

/// The page names some; the others answer what a guide is asked.
pub(super) const TOURISM_BOT: &[Declared] = &[
    ("analytics", &["event_name:1 created_at:-1", "user_id:1 sparse", "created_at:1 ttl=7776000"]),
    (
        "attractions",
        &[
            "category:1",
            "city:1 category:1",
            "location.coordinates:2dsphere",
            "rating:-1",
            "tags:1",
            "description:text name:text",
        ],
    ),
    (
        "challenge_progress",
        &[
            "user_id:1 challenge_id:1 unique",
            "challenge_id:1 completed_at:1 where={ \"status\": \"completed\" }",
        ],
    ),
    ("challenges", &["slug:1 unique", "is_active:1 ends_at:1"]),
    ("conversations", &["user_id:1 created_at:-1"]),
    ("emergency_services", &["kind:1", "city:1 kind:1", "location.coordinates:2dsphere"]),
    ("events", &["starts_at:1", "city:1 starts_at:1", "location.coordinates:2dsphere"]),
    ("feedback", &["target_kind:1 target_id:1 created_at:-1", "user_id:1 target_kind:1 target_id:1 unique"]),
    ("forum_comments", &["post_id:1 created_at:1", "parent_id:1 sparse"]),
    ("forum_posts", &["category:1 created_at:-1", "author_id:1 created_at:-1", "like_count:-1", "tags:1"]),
    ("hotels", &["city:1 price_per_night:1", "rating:-1", "amenities:1", "location.coordinates:2dsphere"]),
    ("itineraries", &["user_id:1 start_date:-1", "days.stops.attraction_id:1"]),
    ("notifications", &["user_id:1 created_at:-1 where={ \"is_read\": false }", "expires_at:1 ttl=0"]),
    ("recommendations", &["user_id:1 score:-1", "user_id:1 attraction_id:1 unique"]),
    ("restaurants", &["city:1 rating:-1", "cuisines:1", "location.coordinates:2dsphere"]),
    (
        "safety_alerts",
        &["severity:1 created_at:-1 where={ \"is_active\": true }", "location.coordinates:2dsphere"],
    ),
    ("transport", &["kind:1", "origin:1 destination:1 fare:1"]),
    ("users", &["email:1 unique", "role:1", "phone:1 unique sparse", "role:1 points:-1", "created_at:-1"]),
];

/// An index of `listIndexes` in the words of the tables.
pub(super) fn written(index: &Document) -> String {
    let key = index.get_document("key").unwrap();
    let mut words: Vec<String> = match index.get_document("weights") {
        // A text index keeps the names of its fields here.
        Ok(weights) => weights.keys().map(|field| format!("{field}:text")).collect(),
        Err(_) => key.iter().map(|(field, kind)| format!("{field}:{}", plain(kind))).collect(),
    };
    for option in ["unique", "sparse"] {
        if index.get_bool(option).is_ok_and(|is_set| is_set) {
            words.push(option.to_owned());
        }
    }
    if let Some(seconds) = index.get("expireAfterSeconds") {
        words.push(format!("ttl={}", plain(seconds)));
    }
    if let Ok(filter) = index.get_document("partialFilterExpression") {
        words.push(format!("where={filter}"));
    }
    words.join(" ")
}

/// A number of any type, or a string, without quotes.
fn plain(value: &Bson) -> String {
    match value {
        Bson::String(text) => text.clone(),
        Bson::Double(number) => format!("{number:.0}"),
        other => other.to_string(),
    }
}
