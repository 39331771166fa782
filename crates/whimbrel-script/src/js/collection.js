// A collection, with the Node driver's methods.
import native from 'whimbrel:native';
import { SHARED, documentArgument, pick, send, sessionOf, sortOf, surface } from 'whimbrel:command';
import { lazily, part } from 'whimbrel:lazy';
import { deleteSpec, insertSpec, replacementArgument, runWrite, updateArgument, updateSpec } from 'whimbrel:write';

const NAMESPACE_NOT_FOUND = 26;

/** Runs a command of a collection. */
export function run(collection, method, command, options) {
  return send(collection._target, `${collection.collectionName}.${method}`, command, options);
}

/** Sends one write. */
function write(collection, method, spec, options) {
  return runWrite(collection, `${collection.collectionName}.${method}`, spec, options);
}

function updated(reply) {
  const upserted = reply.upserted ?? [];
  const upsertedId = upserted.length > 0 ? upserted[0]._id : null;
  const result = {
    acknowledged: true,
    modifiedCount: reply.nModified ?? 0,
    upsertedId,
    upsertedCount: upserted.length,
    matchedCount: reply.n - upserted.length,
  };
  // mongosh calls it so.
  return native.mongosh ? { ...result, insertedId: upsertedId } : result;
}

/** Runs findAndModify, and gives the document as the caller wants it. */
function findAndModify(collection, method, filter, change, options = {}) {
  const command = {
    findAndModify: collection.collectionName,
    query: filter ?? {},
    ...change,
    ...pick(options, ['upsert', 'arrayFilters', 'bypassDocumentValidation', 'collation', 'hint', 'let', ...SHARED]),
  };
  const fields = options.projection ?? options.fields;
  if (fields !== undefined) command.fields = fields;
  if (options.sort !== undefined) command.sort = sortOf(options.sort);
  const after = options.returnDocument === 'after' || options.returnNewDocument === true || options.returnOriginal === false || options.new === true;
  if (after && !change.remove) command.new = true;
  const reply = run(collection, method, command, options);
  return options.includeResultMetadata || options.rawResult ? reply : reply.value ?? null;
}

/** The key of an index as the driver takes it. */
function indexKey(spec) {
  const parts = typeof spec === 'string' ? [spec] : spec;
  if (parts instanceof Map) return parts;
  if (!Array.isArray(parts)) return new Map(Object.entries(documentArgument(parts, 'indexSpec')));
  const key = new Map();
  for (const part of parts.length === 2 && typeof parts[0] === 'string' && typeof parts[1] === 'number' ? [parts] : parts) {
    if (typeof part === 'string') key.set(part, 1);
    else if (Array.isArray(part)) key.set(part[0], part[1] ?? 1);
    else for (const [field, direction] of Object.entries(part)) key.set(field, direction);
  }
  return key;
}

const NOT_OF_AN_INDEX = new Set(['session', 'commitQuorum', ...SHARED]);

function indexOf(spec, options = {}) {
  const key = indexKey(spec);
  const name = options.name ?? [...key].map(([field, direction]) => `${field}_${direction}`).join('_');
  const index = { key, name };
  for (const [option, value] of Object.entries(options)) {
    if (!NOT_OF_AN_INDEX.has(option) && option !== 'name' && value !== undefined) index[option] = value;
  }
  return index;
}

/** Creates indexes, and gives their names. */
export function createIndexes(collection, method, indexes, options) {
  const command = { createIndexes: collection.collectionName, indexes, ...pick(options, ['commitQuorum', ...SHARED]) };
  run(collection, method, command, options);
  return indexes.map(({ name }) => name);
}

/** Gives what a function gives, or `instead` where the collection is not there. */
export function unlessMissing(instead, ask) {
  try {
    return ask();
  } catch (error) {
    if (error instanceof part('errors').MongoServerError && error.code === NAMESPACE_NOT_FOUND) return instead;
    throw error;
  }
}

function indexesCursor(collection, options) {
  const command = () => ({ listIndexes: collection.collectionName, cursor: {}, ...pick(options, ['comment', 'maxTimeMS']) });
  const { Cursor } = part('cursor');
  return new Cursor(collection._target, `${collection.collectionName}.listIndexes`, command, options);
}

export function listedIndexes(collection, method, options) {
  const command = { listIndexes: collection.collectionName, cursor: {} };
  // A collection has 64 indexes at most: the first batch holds them.
  return run(collection, method, command, options).cursor.firstBatch;
}

/** What listCollections says of a collection. */
export function described(collection, method, options) {
  const command = { listCollections: 1, filter: { name: collection.collectionName }, cursor: {} };
  return run(collection, method, command, options).cursor.firstBatch[0];
}

function countDocuments(collection, filter, options = {}) {
  const pipeline = [{ $match: filter ?? {} }];
  if (options.skip) pipeline.push({ $skip: options.skip });
  if (options.limit) pipeline.push({ $limit: options.limit });
  pipeline.push({ $group: { _id: 1, n: { $sum: 1 } } });
  const command = { aggregate: collection.collectionName, pipeline, cursor: {}, ...pick(options, ['hint', 'collation', 'maxTimeMS', 'comment']) };
  const [counted] = run(collection, 'countDocuments', command, options).cursor.firstBatch;
  return counted ? counted.n : 0;
}

export class Collection {
  constructor(db, name) {
    if (typeof name !== 'string' || name === '') throw new (part('errors').MongoInvalidArgumentError)('Collection name must be a String');
    if (name.includes('\0')) throw new (part('errors').MongoInvalidArgumentError)('Collection names cannot contain a null character');
    Object.defineProperty(this, 'db', { value: db });
    Object.defineProperty(this, '_target', { value: { database: db._target.database, session: db._target.session } });
    Object.defineProperty(this, 'collectionName', { value: name, enumerable: true });
  }

  get dbName() {
    return this.db.databaseName;
  }

  get namespace() {
    return `${this.db.databaseName}.${this.collectionName}`;
  }

  // Writing

  insertOne(document, options) {
    const spec = insertSpec(document, options);
    write(this, 'insertOne', spec, options);
    return { acknowledged: true, insertedId: spec.spec._id };
  }

  insertMany(documents, options) {
    if (!Array.isArray(documents)) throw new (part('errors').MongoInvalidArgumentError)('Argument "docs" must be an array of documents');
    const writes = documents.map((document) => insertSpec(document, options));
    const result = part('bulk').runBulk(this, `${this.collectionName}.insertMany`, writes, options);
    return { acknowledged: true, insertedCount: result.insertedCount, insertedIds: result.insertedIds };
  }

  updateOne(filter, update, options) {
    return updated(write(this, 'updateOne', updateSpec(filter, updateArgument(update), options, false), options));
  }

  updateMany(filter, update, options) {
    return updated(write(this, 'updateMany', updateSpec(filter, updateArgument(update), options, true), options));
  }

  replaceOne(filter, replacement, options) {
    return updated(write(this, 'replaceOne', updateSpec(filter, replacementArgument(replacement), options, false), options));
  }

  deleteOne(filter, options) {
    const reply = write(this, 'deleteOne', deleteSpec(filter, options, 1), options);
    return { acknowledged: true, deletedCount: reply.n };
  }

  deleteMany(filter, options) {
    const reply = write(this, 'deleteMany', deleteSpec(filter, options, 0), options);
    return { acknowledged: true, deletedCount: reply.n };
  }

  findOneAndUpdate(filter, update, options) {
    return findAndModify(this, 'findOneAndUpdate', filter, { update: updateArgument(update) }, options);
  }

  findOneAndReplace(filter, replacement, options) {
    return findAndModify(this, 'findOneAndReplace', filter, { update: replacementArgument(replacement) }, options);
  }

  findOneAndDelete(filter, options) {
    return findAndModify(this, 'findOneAndDelete', filter, { remove: true }, options);
  }

  findAndModify(query, sort, document, options) {
    // The shell gives one document, old drivers gave four arguments.
    const shell = sort === undefined && document === undefined;
    const spec = shell ? query : { query, sort, update: document, ...options };
    const change = spec.remove ? { remove: true } : { update: spec.update };
    return findAndModify(this, 'findAndModify', spec.query, change, spec);
  }

  bulkWrite(operations, options) {
    const { runBulk, writesOf } = part('bulk');
    return runBulk(this, `${this.collectionName}.bulkWrite`, writesOf(operations, options), options);
  }

  initializeOrderedBulkOp(options) {
    const { BulkOperation } = part('bulk');
    return new BulkOperation(this, true, options);
  }

  initializeUnorderedBulkOp(options) {
    const { BulkOperation } = part('bulk');
    return new BulkOperation(this, false, options);
  }

  // Reading

  find(filter, options) {
    // The shell's second argument is the projection.
    const given = native.mongosh && options !== undefined ? { projection: options } : options;
    const { FindCursor } = part('cursor');
    return new FindCursor(this._target, this.collectionName, filter, given);
  }

  findOne(filter, options) {
    const given = native.mongosh && options !== undefined ? { projection: options } : options;
    const command = {
      find: this.collectionName,
      filter: filter ?? {},
      ...pick({ ...given, projection: given?.projection ?? given?.fields }, ['projection', 'skip', 'hint', 'collation', 'comment', 'maxTimeMS', 'let', 'readConcern']),
      limit: 1,
      singleBatch: true,
    };
    if (given?.sort !== undefined) command.sort = sortOf(given.sort);
    return run(this, 'findOne', command, given).cursor.firstBatch[0] ?? null;
  }

  aggregate(pipeline = [], options) {
    const stages = Array.isArray(pipeline) ? pipeline : [pipeline];
    const { AggregationCursor, start } = part('cursor');
    const cursor = new AggregationCursor(this._target, this.collectionName, stages, options);
    // In the shell, a pipeline that writes is done when it is called.
    const writes = native.mongosh && stages.some((stage) => '$out' in stage || '$merge' in stage);
    return writes ? start(cursor) : cursor;
  }

  countDocuments(filter, options) {
    return countDocuments(this, filter, options);
  }

  estimatedDocumentCount(options) {
    const command = { count: this.collectionName, ...pick(options, ['maxTimeMS', 'comment']) };
    return run(this, 'estimatedDocumentCount', command, options).n;
  }

  distinct(key, filter, options) {
    const command = { distinct: this.collectionName, key, query: filter ?? {}, ...pick(options, ['collation', 'hint', 'maxTimeMS', 'comment']) };
    return run(this, 'distinct', command, options).values;
  }

  // Indexes

  createIndex(spec, options) {
    return createIndexes(this, 'createIndex', [indexOf(spec, options)], options)[0];
  }

  createIndexes(specs, options) {
    const indexes = specs.map((spec) => {
      // The shell gives keys, and the options of all of them; the driver gives descriptions.
      const { key, ...rest } = typeof spec.key === 'object' && spec.key !== null ? spec : { key: spec, ...options };
      return indexOf(key, rest);
    });
    return createIndexes(this, 'createIndexes', indexes, options);
  }

  dropIndex(index, options) {
    return run(this, 'dropIndex', { dropIndexes: this.collectionName, index, ...pick(options, SHARED) }, options);
  }

  dropIndexes(indexes, options) {
    // The driver's only argument is the options.
    const named = typeof indexes === 'string' || Array.isArray(indexes);
    const command = { dropIndexes: this.collectionName, index: named ? indexes : '*', ...pick(options, SHARED) };
    unlessMissing(undefined, () => run(this, 'dropIndexes', command, named ? options : indexes));
    return true;
  }

  indexes(options) {
    return listedIndexes(this, 'indexes', options);
  }

  listIndexes(options) {
    return indexesCursor(this, options);
  }

  indexExists(names, options) {
    const known = unlessMissing([], () => listedIndexes(this, 'indexExists', options)).map(({ name }) => name);
    return [names].flat().every((name) => known.includes(name));
  }

  indexInformation(options) {
    const indexes = listedIndexes(this, 'indexInformation', options);
    if (options?.full) return indexes;
    return Object.fromEntries(indexes.map(({ name, key }) => [name, Object.entries(key)]));
  }

  // The collection itself

  rename(newName, options) {
    const to = `${this.db.databaseName}.${newName}`;
    const command = { renameCollection: this.namespace, to, dropTarget: options?.dropTarget ?? false };
    const target = { database: 'admin', session: this._target.session };
    send(target, `${this.collectionName}.rename`, command, options);
    return new Collection(this.db, newName);
  }

  drop(options) {
    const command = { drop: this.collectionName, ...pick(options, SHARED) };
    return unlessMissing(false, () => Boolean(run(this, 'drop', command, options)));
  }

  options(options) {
    return described(this, 'options', options)?.options ?? {};
  }

  isCapped(options) {
    return Boolean(described(this, 'isCapped', options)?.options?.capped);
  }

  stats(options) {
    const command = { collStats: this.collectionName, ...pick(options, ['scale']) };
    return run(this, 'stats', command, options);
  }

  watch() {
    return native.forbid('watch(): a script ends, and cannot follow changes');
  }
}

surface(Collection, [
  'insertOne', 'insertMany', 'updateOne', 'updateMany', 'replaceOne', 'deleteOne', 'deleteMany', 'findOneAndUpdate',
  'findOneAndReplace', 'findOneAndDelete', 'findAndModify', 'bulkWrite', 'findOne', 'countDocuments',
  'estimatedDocumentCount', 'distinct', 'createIndex', 'createIndexes', 'dropIndex', 'dropIndexes', 'indexes',
  'indexExists', 'indexInformation', 'rename', 'drop', 'options', 'isCapped', 'stats',
]);

// A session of `options` that has ended is refused also where nothing is sent yet.
const { find } = Collection.prototype;
Collection.prototype.find = function (filter, options) {
  sessionOf(this._target, options);
  return find.call(this, filter, options);
};

/** The methods that mongosh and old drivers have besides. */
const LEGACY = [
  'insert', 'update', 'remove', 'save', 'count', 'getIndexes', 'getIndices', 'getIndexKeys', 'renameCollection', 'findAndRemove',
  'exists', 'getName', 'getFullName', 'getDB', 'totalIndexSize', 'storageSize', 'dataSize', 'validate', 'hideIndex',
  'unhideIndex', 'runCommand', 'explain',
];
for (const name of LEGACY) lazily(Collection.prototype, name, true, legacyMethod);

function legacyMethod(name) {
  return part('legacy').methods[name];
}

Collection.prototype.ensureIndex = Collection.prototype.createIndex;
