//! What travellers write, what they are told, and what the bot remembers of its use.

use whimbrel::prelude::*;

use super::people::User;

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
