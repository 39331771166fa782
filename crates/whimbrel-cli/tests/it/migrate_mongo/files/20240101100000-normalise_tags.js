import { ObjectId } from 'mongodb';

export const up = async (db, client) => {
  const orders = await db.collection('orders').find({ tags: { $exists: true } }).toArray();
  const names = [...new Set(orders.flatMap((order) => order.tags))].sort();
  const ids = new Map();
  let number = 16;
  for (const name of names) {
    const _id = new ObjectId(`64b7f00000000000000000${(number++).toString(16)}`);
    await db.collection('tags').updateOne({ name }, { $setOnInsert: { _id, name } }, { upsert: true });
    ids.set(name, _id);
  }
  for (const order of orders) {
    const tagIds = order.tags.map((name) => ids.get(name));
    await db.collection('orders').findOneAndUpdate({ _id: order._id }, { $set: { tagIds }, $push: { log: { $each: ['tags'], $slice: -3 } }, $unset: { tags: '' } });
  }
  const found = await db.collection('tags').findOne({ name: names[0] });
  if (!found._id.equals(ids.get(names[0]))) throw new Error('a tag has another id');
};

export const down = async (db, client) => {
  const bulk = [];
  await db.collection('orders').find({ tagIds: { $exists: true } }).forEach((order) => {
    bulk.push(order);
  });
  for (const order of bulk) {
    const tags = await db.collection('tags').find({ _id: { $in: order.tagIds } }).sort({ name: 1 }).map((tag) => tag.name).toArray();
    await db.collection('orders').updateOne({ _id: order._id }, { $set: { tags }, $pull: { log: 'tags' }, $unset: { tagIds: '' } });
  }
  await db.collection('tags').drop();
};
