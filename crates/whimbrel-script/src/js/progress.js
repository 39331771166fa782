// `step` and `batch`: work that is not done again after an interruption.
import native from 'whimbrel:native';
import { answered, waited } from 'whimbrel:command';
import { FindCursor, all } from 'whimbrel:cursor';
import { MongoError, MongoInvalidArgumentError } from 'whimbrel:errors';
import { db } from 'whimbrel:client';

const MAX_SIZE = 100_000;
const MAX_PAUSE_MS = 600_000;
const DEFAULT_SIZE = 1000;
/** How often a step or chunk is run whose transaction met another one. */
const MAX_TRIES = 5;
const PAUSE_MS = 20;

const names = new Set();
let batches = 0;

/** Runs what may be one transaction, and again where it met another one: nothing of it stands then. */
async function again(work) {
  for (let tried = 1; ; tried += 1) {
    try {
      return await work();
    } catch (error) {
      const transient = error instanceof MongoError && error.hasErrorLabel('TransientTransactionError');
      if (!transient || tried >= MAX_TRIES) throw error;
      native.sleep(PAUSE_MS * tried);
    }
  }
}

async function runStep(name, work) {
  const begun = answered(native.step('begin', name));
  if (begun.skip) return begun.result;
  try {
    const result = await work();
    answered(native.step('done', name, result));
    return result;
  } catch (error) {
    answered(native.step('failed', name));
    throw error;
  }
}

/** Runs `work` once: a later run of the same script skips it and gives what it gave. */
export function step(name, work) {
  if (typeof name !== 'string' || name === '') throw new MongoInvalidArgumentError('step(name, fn): the name is a text');
  if (typeof work !== 'function') throw new MongoInvalidArgumentError(`step('${name}', fn): fn is a function`);
  if (names.has(name)) throw new MongoInvalidArgumentError(`step('${name}', …) stands twice in the script; each step has a name of its own`);
  names.add(name);
  return waited(again(() => runStep(name, work)));
}

function whole(value, name, least, most) {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new MongoInvalidArgumentError(`batch({ ${name} }): a whole number from ${least} to ${most} is expected, not ${String(value)}`);
}

function milliseconds(pause) {
  if (typeof pause !== 'string') return pause;
  const [, number, unit] = /^(\d+)\s*(ms|s)$/.exec(pause) ?? [];
  if (unit === undefined) throw new MongoInvalidArgumentError(`batch({ pause: '${pause}' }): write milliseconds, '50ms' or '2s'`);
  return Number(number) * (unit === 's' ? 1000 : 1);
}

function specOf({ collection, filter, size, key, pause, name }) {
  const collectionName = typeof collection === 'string' ? collection : collection?.collectionName;
  if (!collectionName) throw new MongoInvalidArgumentError('batch({ collection }): name the collection');
  batches += 1;
  const spec = {
    name: name ?? `${collectionName} ${batches}`,
    collection: collectionName,
    filter: filter ?? {},
    key: key ?? '_id',
    size: whole(size ?? DEFAULT_SIZE, 'size', 1, MAX_SIZE),
    pause: whole(milliseconds(pause ?? 0), 'pause', 0, MAX_PAUSE_MS),
  };
  const database = collection?._target?.database;
  if (database) spec.database = database;
  return spec;
}

function valueAt(document, path) {
  return path.split('.').reduce((value, part) => value?.[part], document);
}

/** The documents of the next chunk. */
function read(spec, after) {
  const target = { database: spec.database ?? null };
  const { key } = spec;
  const filter = after === undefined ? spec.filter : { $and: [{ [key]: { $gt: after } }, spec.filter] };
  const options = { sort: { [key]: 1 }, limit: spec.size, hint: key === '_id' ? { _id: 1 } : undefined };
  return all(new FindCursor(target, spec.collection, filter, options));
}

/** Runs one chunk, and gives how far it came. */
async function runChunk(spec, progress, work) {
  answered(native.batch('chunk', spec));
  try {
    const documents = read(spec, progress.lastKey);
    if (documents.length > 0) await work(documents, db);
    const last = documents.at(-1);
    const done = { documents: progress.documents + documents.length, finished: documents.length < spec.size };
    const lastKey = last === undefined ? progress.lastKey : valueAt(last, spec.key);
    if (last !== undefined && lastKey === undefined) {
      throw new MongoInvalidArgumentError(`batch({ key: '${spec.key}' }): a document has no ${spec.key}; the key is a field that every document has`);
    }
    if (lastKey !== undefined) done.lastKey = lastKey;
    answered(native.batch('done', spec, done));
    return done;
  } catch (error) {
    answered(native.batch('failed', spec));
    throw error;
  }
}


async function runBatch(spec, work) {
  const start = answered(native.batch('begin', spec));
  let progress = { lastKey: start.after, documents: start.documents, finished: Boolean(start.finished) };
  while (!progress.finished) progress = await again(() => runChunk(spec, progress, work));
  return { documents: progress.documents };
}

/** Calls `work(documents, db)` for chunk after chunk of a collection, in the order of a key; a later run goes on after the last chunk. */
export function batch(options, work) {
  if (typeof options !== 'object' || options === null || typeof work !== 'function') {
    throw new MongoInvalidArgumentError('batch({ collection, filter, size, key, pause }, async (documents, db) => { … })');
  }
  const spec = specOf(options);
  return waited(runBatch(spec, work));
}
