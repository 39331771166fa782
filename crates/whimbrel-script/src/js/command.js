// Sending a command, and the two surfaces: a driver's promises, or mongosh's plain values.
import native from 'whimbrel:native';
import { defineProperty, part } from 'whimbrel:lazy';

/** Gives an answer's value, or throws what the database said. */
export function answered([ok, value]) {
  if (ok) return value;
  throw new (part('errors').MongoServerError)(value);
}

/** The session that a call belongs to. */
export function sessionOf(target, options) {
  const session = options?.session ?? target.session;
  if (session === undefined || session === null) return undefined;
  if (session.hasEnded) throw new (part('errors').MongoAPIError)('Cannot use a session that has ended');
  return session;
}

/** Sends a command to a target (`{ database, session }`), and gives the reply. */
export function send(target, method, command, options) {
  const session = sessionOf(target, options);
  if (session?.inTransaction()) {
    // The transaction has its own concerns.
    delete command.writeConcern;
    delete command.readConcern;
  }
  const answer = native.command(target.database, command, session ? session.number : null, method, new Error().stack);
  if (answer === null) throw new (part('errors').TooLarge)('the command is larger than a message of the database may be (48 MB)');
  return answered(answer);
}

/** The named options that are given. */
export function pick(options, names) {
  const picked = {};
  for (const name of names) {
    if (options?.[name] !== undefined) picked[name] = options[name];
  }
  return picked;
}

/** Options that most commands share. */
export const SHARED = ['comment', 'maxTimeMS', 'writeConcern'];

export function isDocument(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && value._bsontype === undefined;
}

/** Refuses what is no document, by the argument's name. */
export function documentArgument(value, name) {
  if (isDocument(value)) return value;
  throw new (part('errors').MongoInvalidArgumentError)(`Argument "${name}" must be a document`);
}

const DIRECTIONS = { asc: 1, ascending: 1, 1: 1, desc: -1, descending: -1, '-1': -1 };

function direction(value) {
  if (typeof value === 'object' && value !== null) return value;
  const known = DIRECTIONS[String(value).toLowerCase()];
  if (known === undefined) throw new (part('errors').MongoInvalidArgumentError)(`Invalid sort direction: ${JSON.stringify(value)}`);
  return known;
}

/** A sort as the driver takes it, as a map that keeps its order. */
export function sortOf(sort, given) {
  if (sort === undefined || sort === null) return undefined;
  if (typeof sort === 'string') return new Map([[sort, direction(given ?? 1)]]);
  if (sort instanceof Map) return new Map([...sort].map(([key, value]) => [key, direction(value)]));
  if (!Array.isArray(sort)) return new Map(Object.entries(sort).map(([key, value]) => [key, direction(value)]));
  if (sort.length === 2 && typeof sort[0] === 'string' && DIRECTIONS[String(sort[1]).toLowerCase()] !== undefined) {
    return new Map([[sort[0], direction(sort[1])]]);
  }
  return new Map(sort.map((part) => (Array.isArray(part) ? [part[0], direction(part[1])] : [part, 1])));
}

const TAKE_FUNCTIONS = ['forEach', 'withTransaction'];

/**
 * Makes the named methods answer with promises, as the driver's do; a function given last is called back instead, as
 * old drivers did. In a mongosh script they answer with their values.
 */
export function surface(Class, names) {
  if (native.mongosh) return;
  for (const name of names) {
    const plain = Class.prototype[name];
    const method = function (...given) {
      const callsBack = typeof given.at(-1) === 'function' && !TAKE_FUNCTIONS.includes(name);
      const callback = callsBack ? given.pop() : undefined;
      const promise = new Promise((resolve) => resolve(plain.apply(this, given)));
      if (callback === undefined) return promise;
      promise.then((value) => callback(null, value), (error) => callback(error));
      return undefined;
    };
    defineProperty(Class.prototype, name, { value: method, writable: true, configurable: true });
  }
}

/** In a mongosh script, waits for what a function of the script gave; elsewhere gives it on. */
export function waited(value) {
  return native.mongosh ? native.settle(value) : value;
}
