// create challenges and forum

async function up(db, client) {
  await step('creates collection challenge_progress', async () => {
    const standing = await db.listCollections({ name: 'challenge_progress' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('challenge_progress', {
        validator: {
          $jsonSchema: {
            bsonType: 'object',
            required: ['challenge_id', 'started_at', 'status', 'user_id', 'visited_ids'],
            properties: {
              _id: { bsonType: 'objectId' },
              user_id: { bsonType: 'objectId' },
              challenge_id: { bsonType: 'objectId' },
              status: { bsonType: 'string', enum: ['started', 'completed', 'abandoned'] },
              visited_ids: { bsonType: 'array', items: { bsonType: 'objectId' } },
              started_at: { bsonType: 'date' },
              completed_at: { bsonType: ['date', 'null'] },
            },
          },
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
    await db.collection('challenge_progress').createIndex({ challenge_id: 1, completed_at: 1 }, {
      name: 'challenge_id_1_completed_at_1',
      partialFilterExpression: { status: 'completed' },
    });
    await db.collection('challenge_progress').createIndex({ user_id: 1, challenge_id: 1 }, {
      name: 'user_id_1_challenge_id_1',
      unique: true,
    });
  });

  await step('creates collection challenges', async () => {
    const standing = await db.listCollections({ name: 'challenges' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('challenges', {
        validator: {
          $and: [
            {
              $jsonSchema: {
                bsonType: 'object',
                required: [
                  'attraction_ids',
                  'description',
                  'ends_at',
                  'is_active',
                  'name',
                  'points',
                  'slug',
                  'starts_at',
                ],
                properties: {
                  _id: { bsonType: 'objectId' },
                  slug: { bsonType: 'string', pattern: '^[a-z0-9]+(-[a-z0-9]+)*$' },
                  name: { bsonType: 'string', minLength: 1, maxLength: 200 },
                  description: { bsonType: 'string' },
                  attraction_ids: { bsonType: 'array', items: { bsonType: 'objectId' } },
                  points: {
                    bsonType: ['int', 'long', 'double'],
                    multipleOf: 1,
                    minimum: 1,
                    maximum: 2147483647,
                  },
                  starts_at: { bsonType: 'date' },
                  ends_at: { bsonType: 'date' },
                  is_active: { bsonType: 'bool' },
                },
              },
            },
            { $expr: { $lt: ['$starts_at', '$ends_at'] } },
          ],
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
    await db.collection('challenges').createIndex({ is_active: 1, ends_at: 1 }, {
      name: 'is_active_1_ends_at_1',
    });
    await db.collection('challenges').createIndex({ slug: 1 }, { name: 'slug_1', unique: true });
  });

  await step('creates collection forum_comments', async () => {
    const standing = await db.listCollections({ name: 'forum_comments' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('forum_comments', {
        validator: {
          $jsonSchema: {
            bsonType: 'object',
            required: ['author_id', 'body', 'created_at', 'post_id'],
            properties: {
              _id: { bsonType: 'objectId' },
              post_id: { bsonType: 'objectId' },
              parent_id: { bsonType: ['objectId', 'null'] },
              author_id: { bsonType: 'objectId' },
              body: { bsonType: 'string', minLength: 1, maxLength: 5000 },
              created_at: { bsonType: 'date' },
            },
          },
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
    await db.collection('forum_comments').createIndex({ parent_id: 1 }, {
      name: 'parent_id_1',
      sparse: true,
    });
    await db.collection('forum_comments').createIndex({ post_id: 1, created_at: 1 }, {
      name: 'post_id_1_created_at_1',
    });
  });

  await step('creates collection forum_posts', async () => {
    const standing = await db.listCollections({ name: 'forum_posts' }).toArray();
    if (standing.length === 0) {
      await db.createCollection('forum_posts', {
        validator: {
          $jsonSchema: {
            bsonType: 'object',
            required: [
              'author_id',
              'body',
              'category',
              'created_at',
              'like_count',
              'title',
              'updated_at',
            ],
            properties: {
              _id: { bsonType: 'objectId' },
              author_id: { bsonType: 'objectId' },
              category: { bsonType: 'string', enum: ['general', 'tips', 'questions', 'stories'] },
              title: { bsonType: 'string', minLength: 1, maxLength: 200 },
              body: { bsonType: 'string', minLength: 1 },
              tags: { bsonType: ['array', 'null'], items: { bsonType: 'string' } },
              like_count: {
                bsonType: ['int', 'long', 'double'],
                multipleOf: 1,
                minimum: 0,
                maximum: 2147483647,
              },
              created_at: { bsonType: 'date' },
              updated_at: { bsonType: 'date' },
            },
          },
        },
        validationLevel: 'strict',
        validationAction: 'error',
      });
    }
    await db.collection('forum_posts').createIndex({ author_id: 1, created_at: -1 }, {
      name: 'author_id_1_created_at_-1',
    });
    await db.collection('forum_posts').createIndex({ category: 1, created_at: -1 }, {
      name: 'category_1_created_at_-1',
    });
    await db.collection('forum_posts').createIndex({ like_count: -1 }, { name: 'like_count_-1' });
    await db.collection('forum_posts').createIndex({ tags: 1 }, { name: 'tags_1' });
  });
}

async function down(db, client) {
  await step('drops collection forum_posts', async () => {
    const standing = await db.listCollections({ name: 'forum_posts' }).toArray();
    if (standing.length > 0) await db.collection('forum_posts').drop();
  });

  await step('drops collection forum_comments', async () => {
    const standing = await db.listCollections({ name: 'forum_comments' }).toArray();
    if (standing.length > 0) await db.collection('forum_comments').drop();
  });

  await step('drops collection challenges', async () => {
    const standing = await db.listCollections({ name: 'challenges' }).toArray();
    if (standing.length > 0) await db.collection('challenges').drop();
  });

  await step('drops collection challenge_progress', async () => {
    const standing = await db.listCollections({ name: 'challenge_progress' }).toArray();
    if (standing.length > 0) await db.collection('challenge_progress').drop();
  });
}

module.exports = { up, down };
