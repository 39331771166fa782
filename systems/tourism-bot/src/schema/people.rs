//! Travellers, their conversations with the bot, and what they think of things.

use whimbrel::prelude::*;

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
