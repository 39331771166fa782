// Many writes in few commands.
import { MongoBulkWriteError, MongoInvalidArgumentError, MongoWriteConcernError, TooLarge, WriteError } from 'whimbrel:errors';
import { SHARED, pick, send, surface } from 'whimbrel:command';
import { FIELDS, deleteSpec, insertSpec, replacementArgument, updateArgument, updateSpec } from 'whimbrel:write';

/** How many writes one command carries. */
const MAX_WRITES = 1000;

/** What became of many writes. */
export class BulkWriteResult {
  constructor() {
    Object.assign(this, {
      acknowledged: true, ok: 1, insertedCount: 0, matchedCount: 0, modifiedCount: 0, deletedCount: 0, upsertedCount: 0,
      upsertedIds: {}, insertedIds: {},
    });
    Object.defineProperty(this, 'writeErrors', { value: [] });
  }

  get nInserted() {
    return this.insertedCount;
  }

  get nMatched() {
    return this.matchedCount;
  }

  get nModified() {
    return this.modifiedCount;
  }

  get nRemoved() {
    return this.deletedCount;
  }

  get nUpserted() {
    return this.upsertedCount;
  }

  getInsertedIds() {
    return Object.entries(this.insertedIds).map(([index, _id]) => ({ index: Number(index), _id }));
  }

  getUpsertedIds() {
    return Object.entries(this.upsertedIds).map(([index, _id]) => ({ index: Number(index), _id }));
  }

  hasWriteErrors() {
    return this.writeErrors.length > 0;
  }

  getWriteErrorCount() {
    return this.writeErrors.length;
  }

  getWriteErrors() {
    return this.writeErrors;
  }

  isOk() {
    return this.ok === 1;
  }
}

/** Puts writes of one kind together: neighbours where the order counts, all where it does not. */
function grouped(writes, ordered) {
  const groups = [];
  writes.forEach((write, index) => {
    const fits = ordered ? groups.at(-1)?.kind === write.kind : groups.some((group) => group.kind === write.kind);
    if (!fits) groups.push({ kind: write.kind, writes: [] });
    const group = ordered ? groups.at(-1) : groups.find(({ kind }) => kind === write.kind);
    group.writes.push({ spec: write.spec, index });
  });
  return groups;
}

/** Sends writes, cutting them where they are too many or too large. */
function sendWrites(job, kind, writes) {
  if (writes.length > MAX_WRITES) {
    for (let at = 0; at < writes.length && !job.ended; at += MAX_WRITES) {
      sendWrites(job, kind, writes.slice(at, at + MAX_WRITES));
    }
    return;
  }
  const { collection, options } = job;
  const command = {
    [kind]: collection.collectionName,
    [FIELDS[kind]]: writes.map(({ spec }) => spec),
    ordered: job.ordered,
    ...pick(options, ['bypassDocumentValidation', 'let', ...SHARED]),
  };
  let reply;
  try {
    reply = send(collection._target, job.method, command, options);
  } catch (error) {
    if (!(error instanceof TooLarge) || writes.length === 1) throw error;
    const half = Math.ceil(writes.length / 2);
    sendWrites(job, kind, writes.slice(0, half));
    if (!job.ended) sendWrites(job, kind, writes.slice(half));
    return;
  }
  count(job, kind, writes, reply);
}

function count(job, kind, writes, reply) {
  const { result } = job;
  const failed = new Set((reply.writeErrors ?? []).map(({ index }) => index));
  if (kind === 'insert') {
    result.insertedCount += reply.n;
    const tried = job.ordered && failed.size > 0 ? Math.min(...failed) : writes.length;
    writes.slice(0, tried).forEach(({ spec, index }, at) => {
      if (!failed.has(at)) result.insertedIds[index] = spec._id;
    });
  } else if (kind === 'delete') {
    result.deletedCount += reply.n;
  } else {
    const upserted = reply.upserted ?? [];
    result.matchedCount += reply.n - upserted.length;
    result.modifiedCount += reply.nModified ?? 0;
    result.upsertedCount += upserted.length;
    for (const { index, _id } of upserted) result.upsertedIds[writes[index].index] = _id;
  }
  for (const error of reply.writeErrors ?? []) {
    const write = writes[error.index];
    result.writeErrors.push(new WriteError({ ...error, index: write.index }, write.spec));
  }
  if (failed.size > 0 && job.ordered) job.ended = true;
  if (reply.writeConcernError) job.concern = reply.writeConcernError;
}

/** Runs writes, and throws where one was refused. */
export function runBulk(collection, method, writes, options) {
  if (writes.length === 0) throw new MongoInvalidArgumentError('Invalid BulkOperation, Batch cannot be empty');
  const ordered = options?.ordered ?? true;
  const job = { collection, options, ordered, method, result: new BulkWriteResult(), ended: false };
  for (const group of grouped(writes, ordered)) {
    if (job.ended) break;
    sendWrites(job, group.kind, group.writes);
  }
  const [first] = job.result.writeErrors;
  if (first) throw new MongoBulkWriteError(first.err, job.result.writeErrors, job.result);
  if (job.concern) throw new MongoWriteConcernError(job.concern);
  return job.result;
}

/** The writes of `bulkWrite([{ updateOne: { … } }, …])`. */
export function writesOf(operations, options) {
  if (!Array.isArray(operations)) throw new MongoInvalidArgumentError('Argument "operations" must be an array of documents');
  return operations.flatMap((operation) => {
    const [name] = Object.keys(operation);
    const given = operation[name];
    switch (name) {
      case 'insertOne': return [insertSpec(given.document ?? given, options)];
      case 'insertMany': return given.map((document) => insertSpec(document, options));
      case 'updateOne': return [updateSpec(given.filter ?? given.q, updateArgument(given.update ?? given.u), given, false)];
      case 'updateMany': return [updateSpec(given.filter ?? given.q, updateArgument(given.update ?? given.u), given, true)];
      case 'replaceOne': return [updateSpec(given.filter ?? given.q, replacementArgument(given.replacement), given, false)];
      case 'deleteOne': return [deleteSpec(given.filter ?? given.q, given, 1)];
      case 'deleteMany': return [deleteSpec(given.filter ?? given.q, given, 0)];
      default:
        throw new MongoInvalidArgumentError(
          `bulkWrite only supports insertOne, updateOne, updateMany, deleteOne, deleteMany, replaceOne; not ${name}`,
        );
    }
  });
}

/** `initializeOrderedBulkOp()`: writes that are collected and then executed. */
export class BulkOperation {
  constructor(collection, ordered, options) {
    Object.defineProperty(this, 'collection', { value: collection });
    this.options = { ...options, ordered };
    this.writes = [];
  }

  get length() {
    return this.writes.length;
  }

  insert(document) {
    this.writes.push(insertSpec(document, this.options));
    return this;
  }

  find(filter) {
    const options = {};
    const add = (write) => {
      this.writes.push(write);
      return this;
    };
    const chain = {
      upsert: () => Object.assign(options, { upsert: true }) && chain,
      collation: (collation) => Object.assign(options, { collation }) && chain,
      arrayFilters: (arrayFilters) => Object.assign(options, { arrayFilters }) && chain,
      hint: (hint) => Object.assign(options, { hint }) && chain,
      update: (update) => add(updateSpec(filter, updateArgument(update), options, true)),
      updateOne: (update) => add(updateSpec(filter, updateArgument(update), options, false)),
      replaceOne: (replacement) => add(updateSpec(filter, replacementArgument(replacement), options, false)),
      delete: () => add(deleteSpec(filter, options, 0)),
      deleteOne: () => add(deleteSpec(filter, options, 1)),
      remove: () => add(deleteSpec(filter, options, 0)),
      removeOne: () => add(deleteSpec(filter, options, 1)),
    };
    return chain;
  }

  raw(operation) {
    this.writes.push(...writesOf([operation], this.options));
    return this;
  }

  execute(options) {
    return runBulk(this.collection, `${this.collection.collectionName}.bulkWrite`, this.writes, { ...this.options, ...pick(options, ['session', 'writeConcern']) });
  }
}
surface(BulkOperation, ['execute']);
