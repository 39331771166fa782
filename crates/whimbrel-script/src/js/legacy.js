// The methods that mongosh and old drivers have besides.
import { runBulk } from 'whimbrel:bulk';
import { described, listedIndexes, run, unlessMissing } from 'whimbrel:collection';
import { isDocument, pick, send, surface } from 'whimbrel:command';
import { explain } from 'whimbrel:cursor';
import { deleteSpec, insertSpec, runWrite, updateSpec } from 'whimbrel:write';

class Legacy {}

/** The methods, by their names. */
export const methods = Legacy.prototype;

function replaces(update) {
  return isDocument(update) && !Object.keys(update).some((key) => key.startsWith('$'));
}

Object.assign(methods, {
  insert(documents, options) {
    const method = `${this.collectionName}.insert`;
    const all = [documents].flat();
    const result = runBulk(this, method, all.map((document) => insertSpec(document, options)), options);
    return { acknowledged: true, insertedCount: result.insertedCount, insertedIds: result.insertedIds, nInserted: result.insertedCount };
  },

  update(filter, update, options, multi) {
    // The shell's old form: update(filter, update, upsert, multi).
    const given = typeof options === 'boolean' ? { upsert: options, multi } : options ?? {};
    const many = Boolean(given.multi) && !replaces(update);
    const reply = runWrite(this, `${this.collectionName}.update`, updateSpec(filter, update, given, many), given);
    const upserted = reply.upserted ?? [];
    return {
      acknowledged: true,
      matchedCount: reply.n - upserted.length,
      modifiedCount: reply.nModified ?? 0,
      upsertedCount: upserted.length,
      upsertedId: upserted[0]?._id ?? null,
      insertedId: upserted[0]?._id ?? null,
      nModified: reply.nModified ?? 0,
      result: { ok: 1, n: reply.n, nModified: reply.nModified ?? 0 },
    };
  },

  remove(filter, options) {
    const one = options === true || options?.justOne === true || options?.single === true;
    const given = typeof options === 'boolean' ? {} : options;
    const reply = runWrite(this, `${this.collectionName}.remove`, deleteSpec(filter, given, one ? 1 : 0), given);
    return { acknowledged: true, deletedCount: reply.n, nRemoved: reply.n, result: { ok: 1, n: reply.n } };
  },

  save(document, options) {
    const method = `${this.collectionName}.save`;
    if (document._id === undefined) {
      const write = insertSpec(document, options);
      runWrite(this, method, write, options);
      return { acknowledged: true, insertedId: document._id, nInserted: 1 };
    }
    const reply = runWrite(this, method, updateSpec({ _id: document._id }, document, { upsert: true }, false), options);
    return { acknowledged: true, matchedCount: reply.n, modifiedCount: reply.nModified ?? 0, upsertedCount: (reply.upserted ?? []).length };
  },

  count(filter, options) {
    const command = { count: this.collectionName, query: filter ?? {}, ...pick(options, ['limit', 'skip', 'hint', 'collation']) };
    return run(this, 'count', command, options).n;
  },

  getIndexes(options) {
    return unlessMissing([], () => listedIndexes(this, 'getIndexes', options));
  },

  getIndices(options) {
    return unlessMissing([], () => listedIndexes(this, 'getIndices', options));
  },

  getIndexKeys(options) {
    return unlessMissing([], () => listedIndexes(this, 'getIndexKeys', options)).map(({ key }) => key);
  },

  renameCollection(newName, dropTarget) {
    const command = { renameCollection: this.namespace, to: `${this.db.databaseName}.${newName}`, dropTarget: Boolean(dropTarget) };
    return send({ database: 'admin', session: this._target.session }, `${this.collectionName}.renameCollection`, command, undefined);
  },

  findAndRemove(filter, sort, options) {
    const command = { findAndModify: this.collectionName, query: filter ?? {}, remove: true, ...pick({ sort }, ['sort']) };
    return run(this, 'findAndRemove', command, options).value ?? null;
  },

  exists(options) {
    return described(this, 'exists', options) ?? null;
  },

  getName() {
    return this.collectionName;
  },

  getFullName() {
    return this.namespace;
  },

  getDB() {
    return this.db;
  },

  totalIndexSize() {
    return run(this, 'totalIndexSize', { collStats: this.collectionName }).totalIndexSize;
  },

  storageSize() {
    return run(this, 'storageSize', { collStats: this.collectionName }).storageSize;
  },

  dataSize() {
    return run(this, 'dataSize', { collStats: this.collectionName }).size;
  },

  validate(options) {
    return run(this, 'validate', { validate: this.collectionName, ...pick(options === true ? { full: true } : options, ['full']) });
  },

  hideIndex(index) {
    return run(this, 'hideIndex', { collMod: this.collectionName, index: { ...indexNamed(index), hidden: true } });
  },

  unhideIndex(index) {
    return run(this, 'unhideIndex', { collMod: this.collectionName, index: { ...indexNamed(index), hidden: false } });
  },

  runCommand(command, options) {
    const full = typeof command === 'string' ? { [command]: this.collectionName, ...options } : command;
    return run(this, 'runCommand', full);
  },

  explain(verbosity) {
    const { _target: target, collectionName } = this;
    const ask = (command) => explain({ target, method: `${collectionName}.explain`, options: {} }, command, verbosity);
    return {
      find: (filter = {}) => ask({ find: collectionName, filter }),
      aggregate: (pipeline) => ask({ aggregate: collectionName, pipeline, cursor: {} }),
      count: (query = {}) => ask({ count: collectionName, query }),
    };
  },
});

function indexNamed(index) {
  return typeof index === 'string' ? { name: index } : { keyPattern: index };
}

surface(Legacy, [
  'insert', 'update', 'remove', 'save', 'count', 'getIndexes', 'getIndices', 'getIndexKeys', 'renameCollection',
  'findAndRemove', 'exists', 'totalIndexSize', 'storageSize', 'dataSize', 'validate', 'hideIndex', 'unhideIndex', 'runCommand',
]);
