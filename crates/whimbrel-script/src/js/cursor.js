// Cursors: the first command is sent when the first document is asked for.
import native from 'whimbrel:native';
import { Long } from 'whimbrel:bson';
import { MongoAPIError } from 'whimbrel:errors';
import { SHARED, pick, send, sortOf, surface, waited } from 'whimbrel:command';
import { WeakMap } from 'whimbrel:lazy';

/** What a cursor holds: how to open it, and how far it has come. */
const states = new WeakMap();

const FIND_OPTIONS = [
  ...SHARED, 'hint', 'skip', 'limit', 'batchSize', 'collation', 'allowDiskUse', 'let', 'min', 'max', 'returnKey',
  'showRecordId', 'noCursorTimeout', 'allowPartialResults', 'readConcern', 'singleBatch',
];

function open(state) {
  const { cursor } = send(state.target, state.method, state.command(), state.options);
  take(state, cursor, cursor.firstBatch);
  state.opened = true;
  // The namespace of a view's or of listCollections' cursor is not the collection's own.
  state.collection = cursor.ns.slice(cursor.ns.indexOf('.') + 1);
}

function take(state, cursor, batch) {
  state.id = cursor.id;
  state.batch = batch;
  state.at = 0;
}

function isOpen(state) {
  return state.id !== undefined && String(state.id) !== '0';
}

/** Whether another document is there, fetching what is needed. */
function ready(state) {
  if (state.closed) return false;
  if (!state.opened) open(state);
  while (state.at >= state.batch.length) {
    if (!isOpen(state)) return false;
    const more = { getMore: new Long(BigInt(String(state.id))), collection: state.collection };
    const size = state.options.batchSize;
    if (size > 0) more.batchSize = size;
    const { cursor } = send(state.target, state.method, more, state.options);
    take(state, cursor, cursor.nextBatch);
  }
  return true;
}

function advance(state) {
  if (!ready(state)) return null;
  const document = state.batch[state.at];
  state.batch[state.at] = undefined;
  state.at += 1;
  state.given += 1;
  return state.maps.reduce((value, map) => map(value), document);
}

function drain(state) {
  const documents = [];
  while (ready(state)) documents.push(advance(state));
  return documents;
}

function close(state) {
  if (state.closed) return;
  state.closed = true;
  if (isOpen(state)) {
    const kill = { killCursors: state.collection, cursors: [new Long(BigInt(String(state.id)))] };
    send(state.target, state.method, kill, state.options);
  }
}

/** What every cursor has. */
export class Cursor {
  constructor(target, method, command, options = {}) {
    states.set(this, { target, method, command, options: { ...options }, maps: [], given: 0, opened: false, closed: false, batch: [], at: 0 });
  }

  next() {
    return advance(states.get(this));
  }

  tryNext() {
    return advance(states.get(this));
  }

  hasNext() {
    return ready(states.get(this));
  }

  toArray() {
    return drain(states.get(this));
  }

  forEach(each) {
    const state = states.get(this);
    while (ready(state)) {
      if (waited(each(advance(state))) === false) break;
    }
  }

  close() {
    close(states.get(this));
  }

  map(transform) {
    states.get(this).maps.push(transform);
    return this;
  }

  batchSize(size) {
    states.get(this).options.batchSize = size;
    return this;
  }

  maxTimeMS(milliseconds) {
    return this.addOption('maxTimeMS', milliseconds);
  }

  comment(comment) {
    return this.addOption('comment', comment);
  }

  addOption(name, value) {
    const state = states.get(this);
    if (state.opened) throw new MongoAPIError('Cursor is already initialized');
    state.options[name] = value;
    return this;
  }

  rewind() {
    const state = states.get(this);
    close(state);
    Object.assign(state, { opened: false, closed: false, batch: [], at: 0, given: 0, id: undefined });
    return this;
  }

  clone() {
    const state = states.get(this);
    const copy = Object.create(Object.getPrototypeOf(this));
    states.set(copy, { ...state, options: { ...state.options }, maps: [...state.maps], opened: false, closed: false, batch: [], at: 0, given: 0, id: undefined });
    return copy;
  }

  get closed() {
    return states.get(this).closed;
  }

  isClosed() {
    return states.get(this).closed;
  }

  isExhausted() {
    const state = states.get(this);
    return state.closed || (state.opened && state.at >= state.batch.length && !isOpen(state));
  }

  bufferedCount() {
    const state = states.get(this);
    return state.batch.length - state.at;
  }

  objsLeftInBatch() {
    const state = states.get(this);
    return state.batch.length - state.at;
  }

  itcount() {
    return drain(states.get(this)).length;
  }

  pretty() {
    return this;
  }

  async *[Symbol.asyncIterator]() {
    const state = states.get(this);
    try {
      while (ready(state)) yield advance(state);
    } finally {
      close(state);
    }
  }
}

if (native.mongosh) {
  Cursor.prototype[Symbol.iterator] = function* () {
    const state = states.get(this);
    while (ready(state)) yield advance(state);
  };
}

/** The cursor of `find`. */
export class FindCursor extends Cursor {
  constructor(target, name, filter, options = {}) {
    super(target, `${name}.find`, null, options);
    const state = states.get(this);
    const { projection, fields, sort } = state.options;
    state.filter = filter ?? {};
    state.options.projection = projection ?? fields;
    state.options.sort = sortOf(sort);
    state.name = name;
    state.command = () => findCommand(state);
  }

  filter(filter) {
    states.get(this).filter = filter;
    return this;
  }

  sort(sort, direction) {
    return this.addOption('sort', sortOf(sort, direction));
  }

  project(projection) {
    return this.addOption('projection', projection);
  }

  projection(projection) {
    return this.addOption('projection', projection);
  }

  skip(count) {
    return this.addOption('skip', count);
  }

  limit(count) {
    return this.addOption('limit', count);
  }

  hint(hint) {
    return this.addOption('hint', hint);
  }

  min(min) {
    return this.addOption('min', min);
  }

  max(max) {
    return this.addOption('max', max);
  }

  collation(collation) {
    return this.addOption('collation', collation);
  }

  allowDiskUse(allow = true) {
    return this.addOption('allowDiskUse', allow);
  }

  returnKey(value = true) {
    return this.addOption('returnKey', value);
  }

  showRecordId(value = true) {
    return this.addOption('showRecordId', value);
  }

  addCursorFlag(flag, value) {
    return this.addOption(flag, value);
  }

  count(options) {
    return count(states.get(this), options);
  }

  size(options) {
    return count(states.get(this), options);
  }

  length() {
    return drain(states.get(this)).length;
  }

  explain(verbosity) {
    const state = states.get(this);
    return explain(state, findCommand(state), verbosity);
  }
}

function findCommand(state) {
  const { options } = state;
  const command = { find: state.name, filter: state.filter, ...pick(options, ['sort', 'projection', ...FIND_OPTIONS]) };
  if (command.limit < 0) Object.assign(command, { limit: -command.limit, singleBatch: true });
  if (command.batchSize < 0) Object.assign(command, { limit: -command.batchSize, batchSize: undefined, singleBatch: true });
  if (command.batchSize === undefined) delete command.batchSize;
  delete command.writeConcern;
  return command;
}

function count(state, options = {}) {
  const all = { ...state.options, ...options };
  const command = { count: state.name, query: state.filter, ...pick(all, ['skip', 'limit', 'hint', 'collation', 'maxTimeMS', 'comment']) };
  return send(state.target, `${state.name}.count`, command, state.options).n;
}

export function explain(state, command, verbosity) {
  const level = typeof verbosity === 'string' ? verbosity : verbosity === true ? 'allPlansExecution' : verbosity?.verbosity ?? 'queryPlanner';
  return send(state.target, state.method, { explain: command, verbosity: level }, state.options);
}

/** The cursor of `aggregate`; the stages may be added one by one. */
export class AggregationCursor extends Cursor {
  constructor(target, name, pipeline, options = {}) {
    super(target, `${typeof name === 'string' ? name : 'db'}.aggregate`, null, options);
    const state = states.get(this);
    state.name = name;
    state.pipeline = [...pipeline];
    state.command = () => aggregateCommand(state);
  }

  explain(verbosity) {
    const state = states.get(this);
    return explain(state, { ...aggregateCommand(state), cursor: {} }, verbosity);
  }

  addStage(stage) {
    states.get(this).pipeline.push(stage);
    return this;
  }

  get pipeline() {
    return states.get(this).pipeline;
  }
}
for (const stage of ['match', 'group', 'project', 'sort', 'limit', 'skip', 'unwind', 'lookup', 'out', 'geoNear', 'redact']) {
  AggregationCursor.prototype[stage] = function (value) {
    return this.addStage({ [`$${stage}`]: value });
  };
}

const AGGREGATE_OPTIONS = [...SHARED, 'allowDiskUse', 'hint', 'let', 'collation', 'bypassDocumentValidation', 'readConcern'];

function aggregateCommand(state) {
  const { options, pipeline } = state;
  const writes = pipeline.some((stage) => '$out' in stage || '$merge' in stage);
  const cursor = options.batchSize > 0 && !writes ? { batchSize: options.batchSize } : {};
  const command = { aggregate: state.name, pipeline, cursor, ...pick(options, AGGREGATE_OPTIONS) };
  if (!writes) delete command.writeConcern;
  return command;
}

/** Every document of a cursor, at once. */
export function all(cursor) {
  return drain(states.get(cursor));
}

/** Runs an aggregation that writes, which happens whether or not its documents are asked for. */
export function start(cursor) {
  const state = states.get(cursor);
  if (!state.opened) open(state);
  return cursor;
}

const PROMISED = ['next', 'tryNext', 'hasNext', 'toArray', 'forEach', 'close', 'itcount'];
surface(Cursor, PROMISED);
surface(FindCursor, ['count', 'size', 'length', 'explain']);
surface(AggregationCursor, ['explain']);
