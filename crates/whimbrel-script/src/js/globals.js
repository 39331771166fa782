// The globals of a script: console, timers, and what mongosh has.
import native from 'whimbrel:native';
import * as bson from 'whimbrel:bson';
import { EJSON } from 'whimbrel:ejson';
import { format, inspect } from 'whimbrel:inspect';

/** Timers that are not due yet, soonest first. */
const timers = [];
let lastTimer = 0;

function startTimer(work, milliseconds, given, every) {
  if (typeof work !== 'function') throw new TypeError('a timer runs a function');
  lastTimer += 1;
  const wait = Math.max(0, Number(milliseconds) || 0);
  place({ id: lastTimer, due: Date.now() + wait, work, given, every: every ? Math.max(1, wait) : undefined });
  return lastTimer;
}

function place(timer) {
  const after = timers.findIndex(({ due }) => due > timer.due);
  timers.splice(after < 0 ? timers.length : after, 0, timer);
}

function stopTimer(id) {
  const at = timers.findIndex((timer) => timer.id === id);
  if (at >= 0) timers.splice(at, 1);
}

native.timers = {
  /** How long until the next timer is due; undefined where there is none. */
  wait: () => (timers.length === 0 ? undefined : Math.max(0, timers[0].due - Date.now())),
  fire() {
    const timer = timers.shift();
    if (timer.every !== undefined) place({ ...timer, due: Date.now() + timer.every });
    timer.work(...timer.given);
  },
};

const printer = (level) => (...values) => native.print(level, indent + format(...values));
let indent = '';
const counts = new Map();
const started = new Map();

const console = {
  log: printer('info'),
  info: printer('info'),
  debug: printer('debug'),
  trace: printer('debug'),
  warn: printer('warn'),
  error: printer('error'),
  dir: (value) => native.print('info', indent + inspect(value)),
  assert(holds, ...values) {
    if (!holds) native.print('error', `${indent}Assertion failed${values.length > 0 ? `: ${format(...values)}` : ''}`);
  },
  group(...values) {
    if (values.length > 0) console.log(...values);
    indent += '  ';
  },
  groupEnd() {
    indent = indent.slice(2);
  },
  count(label = 'default') {
    counts.set(label, (counts.get(label) ?? 0) + 1);
    console.log(`${label}: ${counts.get(label)}`);
  },
  time(label = 'default') {
    started.set(label, Date.now());
  },
  timeEnd(label = 'default') {
    if (started.has(label)) console.log(`${label}: ${Date.now() - started.get(label)}ms`);
    started.delete(label);
  },
  table(rows) {
    for (const line of table(rows)) console.log(line);
  },
};
console.groupCollapsed = console.group;
console.timeLog = console.timeEnd;

function table(rows) {
  if (typeof rows !== 'object' || rows === null) return [inspect(rows)];
  const lines = Object.entries(rows).map(([index, row]) => [index, typeof row === 'object' && row !== null ? row : { Values: row }]);
  const columns = [...new Set(lines.flatMap(([, row]) => Object.keys(row)))];
  const cells = [['(index)', ...columns], ...lines.map(([index, row]) => [index, ...columns.map((column) => (column in row ? inspect(row[column], 1) : ''))])];
  const widths = cells[0].map((_, at) => Math.max(...cells.map((line) => line[at].length)));
  return cells.map((line) => line.map((cell, at) => cell.padEnd(widths[at])).join('  ').trimEnd());
}

function structuredClone(value) {
  return clone(value, new Map());
}

function clone(value, seen) {
  if (typeof value === 'function' || typeof value === 'symbol') throw new TypeError('a function cannot be cloned');
  if (typeof value !== 'object' || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  if (value._bsontype !== undefined || value instanceof RegExp) return value;
  if (value instanceof Date) return new Date(value.getTime());
  if (value instanceof Uint8Array) return value.slice();
  const kept = (copy) => seen.set(value, copy) && copy;
  if (value instanceof Map) {
    const copy = kept(new Map());
    for (const [key, item] of value) copy.set(clone(key, seen), clone(item, seen));
    return copy;
  }
  if (value instanceof Set) {
    const copy = kept(new Set());
    for (const item of value) copy.add(clone(item, seen));
    return copy;
  }
  const copy = kept(Array.isArray(value) ? [] : {});
  for (const key of Object.keys(value)) copy[key] = clone(value[key], seen);
  return copy;
}

class TextEncoder {
  encode(text = '') {
    return native.utf8Encode(String(text));
  }
}

class TextDecoder {
  decode(bytes = new Uint8Array(0)) {
    return native.utf8Decode(native.types.byteString(new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength)));
  }
}

const process = {
  env: { ...native.environment },
  argv: [],
  platform: 'whimbrel',
  version: '',
  versions: {},
  cwd: () => '.',
  nextTick: (work, ...given) => queueMicrotask(() => work(...given)),
  exit: () => native.forbid('process.exit(): return from the function, or throw an error, instead'),
  on: () => process,
};

/** `sleep(milliseconds)`: in mongosh it blocks, elsewhere it is awaited. */
function sleep(milliseconds) {
  native.sleep(Number(milliseconds) || 0);
  return native.mongosh ? undefined : Promise.resolve();
}

const shell = native.mongosh
  ? {
      load: () => native.forbid("load(): write require('./other') for a file of the script's folder"),
      quit: () => native.forbid('quit(): return, or throw an error, instead'),
      exit: () => native.forbid('exit(): return, or throw an error, instead'),
    }
  : {};

/** Puts a script's globals in place. */
export function install(more) {
  const globals = {
    ...more,
    ...shell,
    console,
    process,
    print: printer('info'),
    printjson: (...values) => native.print('info', values.map((value) => inspect(value)).join(' ')),
    tojson: (value) => inspect(value),
    sleep,
    setTimeout: (work, milliseconds, ...given) => startTimer(work, milliseconds, given, false),
    setInterval: (work, milliseconds, ...given) => startTimer(work, milliseconds, given, true),
    setImmediate: (work, ...given) => startTimer(work, 0, given, false),
    clearTimeout: stopTimer,
    clearInterval: stopTimer,
    clearImmediate: stopTimer,
    structuredClone,
    TextEncoder,
    TextDecoder,
    EJSON,
    ObjectId: bson.ObjectId,
    ObjectID: bson.ObjectId,
    ISODate: bson.ISODate,
    NumberLong: bson.Long,
    NumberInt: bson.Int32,
    NumberDecimal: bson.Decimal128,
    Long: bson.Long,
    Int32: bson.Int32,
    Double: bson.Double,
    Decimal128: bson.Decimal128,
    Timestamp: bson.Timestamp,
    UUID: bson.UUID,
    Binary: bson.Binary,
    BinData: bson.BinData,
    HexData: bson.HexData,
    MinKey: bson.MinKey,
    MaxKey: bson.MaxKey,
    DBRef: bson.DBRef,
    Code: bson.Code,
    BSONRegExp: bson.BSONRegExp,
  };
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  }
}
