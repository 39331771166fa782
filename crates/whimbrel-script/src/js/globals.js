// The globals of a script: console, timers, and what mongosh has.
import native from 'whimbrel:native';
import { lazily, part } from 'whimbrel:lazy';

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

/** The globals that are found in a part of the shim when they are first read: their names, and its name. */
const LAZY = {
  console: ['console', 'print', 'printjson', 'tojson'],
  web: ['structuredClone', 'TextEncoder', 'TextDecoder'],
  ejson: ['EJSON'],
  progress: ['step', 'batch'],
  bson: [
    'ObjectId', 'ObjectID', 'ISODate', 'NumberLong', 'NumberInt', 'NumberDecimal', 'Long', 'Int32', 'Double', 'Decimal128', 'Timestamp',
    'UUID', 'Binary', 'BinData', 'HexData', 'MinKey', 'MaxKey', 'DBRef', 'Code', 'BSONRegExp',
  ],
};

/** Puts a script's globals in place. */
export function install(more) {
  const globals = {
    ...more,
    ...shell,
    process,
    sleep,
    setTimeout: (work, milliseconds, ...given) => startTimer(work, milliseconds, given, false),
    setInterval: (work, milliseconds, ...given) => startTimer(work, milliseconds, given, true),
    setImmediate: (work, ...given) => startTimer(work, 0, given, false),
    clearTimeout: stopTimer,
    clearInterval: stopTimer,
    clearImmediate: stopTimer,
  };
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  }
  for (const [from, names] of Object.entries(LAZY)) {
    const find = (name) => part(from)[name];
    for (const name of names) lazily(globalThis, name, false, find);
  }
}
