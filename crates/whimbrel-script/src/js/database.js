// A database, with the methods of the driver's `Db` and of mongosh's `db`.
import native from 'whimbrel:native';
import { Collection, unlessMissing } from 'whimbrel:collection';
import { SHARED, pick, send, surface } from 'whimbrel:command';
import { part } from 'whimbrel:lazy';

/** Asks a database. */
function run(db, method, command, options) {
  return send(db._target, `db.${method}`, command, options);
}

function runOnAdmin(db, method, command, options) {
  return send({ database: 'admin', session: db._target.session }, `db.${method}`, command, options);
}

/** A command as it is given: a document, or its name alone. */
function commandOf(command) {
  if (typeof command === 'string') return { [command]: 1 };
  if (typeof command !== 'object' || command === null) throw new (part('errors').MongoInvalidArgumentError)('a command is a document');
  return { ...command };
}

const CREATE_OPTIONS = [
  ...SHARED, 'capped', 'size', 'max', 'validator', 'validationLevel', 'validationAction', 'collation', 'viewOn', 'pipeline',
  'timeseries', 'expireAfterSeconds', 'clusteredIndex', 'storageEngine', 'indexOptionDefaults', 'changeStreamPreAndPostImages',
];

function create(db, method, name, options) {
  run(db, method, { create: name, ...pick(options, CREATE_OPTIONS) }, options);
  return db.collection(name);
}

function listed(db, method, filter, nameOnly, options) {
  const command = () => ({ listCollections: 1, filter: filter ?? {}, nameOnly, cursor: {} });
  const { Cursor, all } = part('cursor');
  return all(new Cursor(db._target, `db.${method}`, command, options));
}

class DatabaseMethods {
  constructor(name, session, client) {
    const own = name === undefined || name === native.database;
    Object.defineProperty(this, '_target', { value: { database: own ? null : String(name), session } });
    Object.defineProperty(this, 'databaseName', { value: name ?? native.database, enumerable: true });
    Object.defineProperty(this, '_client', { value: client, writable: true });
  }

  collection(name) {
    return collectionOf(this, name);
  }

  getCollection(name) {
    return collectionOf(this, name);
  }

  getName() {
    return this.databaseName;
  }

  getSiblingDB(name) {
    return database(name, this._target.session, this._client);
  }

  getMongo() {
    return this._client;
  }

  admin() {
    const ask = (method) => (command, options) => runOnAdmin(this, method, commandOf(command), options);
    const { AdminMethods } = part('admin');
    const admin = new AdminMethods();
    admin.ask = ask('admin.command');
    return admin;
  }

  command(command, options) {
    return run(this, 'command', commandOf(command), options);
  }

  runCommand(command, options) {
    return run(this, 'runCommand', commandOf(command), options);
  }

  adminCommand(command, options) {
    return runOnAdmin(this, 'adminCommand', commandOf(command), options);
  }

  createCollection(name, options) {
    return create(this, 'createCollection', name, options);
  }

  createView(name, viewOn, pipeline, options) {
    create(this, 'createView', name, { ...options, viewOn, pipeline: [pipeline].flat() });
    return { ok: 1 };
  }

  listCollections(filter, options) {
    const command = () => ({ listCollections: 1, filter: filter ?? {}, nameOnly: options?.nameOnly ?? false, cursor: pick(options, ['batchSize']) });
    const { Cursor } = part('cursor');
    return new Cursor(this._target, 'db.listCollections', command, options);
  }

  collections(options) {
    return listed(this, 'collections', {}, true, options).map(({ name }) => collectionOf(this, name));
  }

  getCollectionNames() {
    return listed(this, 'getCollectionNames', {}, true).map(({ name }) => name).sort();
  }

  getCollectionInfos(filter) {
    return listed(this, 'getCollectionInfos', typeof filter === 'string' ? { name: filter } : filter, false);
  }

  dropCollection(name, options) {
    return unlessMissing(false, () => Boolean(run(this, 'dropCollection', { drop: name, ...pick(options, SHARED) }, options)));
  }

  renameCollection(from, to, options) {
    const command = { renameCollection: `${this.databaseName}.${from}`, to: `${this.databaseName}.${to}`, dropTarget: options?.dropTarget ?? false };
    runOnAdmin(this, 'renameCollection', command, options);
    return collectionOf(this, to);
  }

  createIndex(name, spec, options) {
    return collectionOf(this, name).createIndex(spec, options);
  }

  aggregate(pipeline = [], options) {
    const { AggregationCursor } = part('cursor');
    return new AggregationCursor(this._target, 1, pipeline, options);
  }

  stats(options) {
    return run(this, 'stats', { dbStats: 1, ...pick(options, ['scale']) }, options);
  }

  version() {
    return run(this, 'version', { buildInfo: 1 }).version;
  }

  serverStatus() {
    return run(this, 'serverStatus', { serverStatus: 1 });
  }

  hello() {
    return run(this, 'hello', { hello: 1 });
  }

  dropDatabase() {
    return native.forbid('dropDatabase(): a script may not drop the database that its own history is in; drop its collections, or run `whimbrel reset`');
  }
}

const PROMISED = [
  'command', 'runCommand', 'adminCommand', 'createCollection', 'createView', 'collections', 'getCollectionNames',
  'getCollectionInfos', 'dropCollection', 'renameCollection', 'stats', 'version', 'serverStatus', 'hello', 'dropDatabase',
];
surface(DatabaseMethods, PROMISED);

/** What asks an object whether it is a promise, or how it is shown, is no collection's name. */
const NO_NAMES = new Set(['then', 'catch', 'finally', 'toJSON', 'toBSON', 'inspect', '_bsontype', 'constructor', 'valueOf', 'toString']);

/** In mongosh, a property that is no method names a collection: `db.users`, `db.fs.files`. */
function naming(object, collectionNamed) {
  return new Proxy(object, {
    get(target, name) {
      if (typeof name === 'symbol' || name in target || NO_NAMES.has(name)) return Reflect.get(target, name, target);
      return collectionNamed(name);
    },
  });
}

function collectionOf(db, name) {
  const collection = new Collection(db, name);
  if (!native.mongosh) return collection;
  return naming(collection, (part) => collectionOf(db, `${name}.${part}`));
}

/** A database by its name, the project's where it is not given. */
export function database(name, session, client) {
  const db = new DatabaseMethods(name, session, client);
  return naming(db, (collection) => collectionOf(db, collection));
}

export { DatabaseMethods as Db };
