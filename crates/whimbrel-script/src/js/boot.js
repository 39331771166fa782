// Puts the shim together: modules, entries, globals.
import native from 'whimbrel:native';
import 'whimbrel:types';
import { client, db } from 'whimbrel:client';
import { install } from 'whimbrel:globals';
import { part } from 'whimbrel:lazy';

Error.stackTraceLimit = 40;

/** The files that were loaded by `require`, by their names. */
const loaded = new Map();
/** The built-in modules, which are put together when they are first asked for. */
const BUILT_IN = new Map([['mongodb', undefined], ['bson', undefined]]);

function builtIn(specifier) {
  if (BUILT_IN.get(specifier) === undefined) {
    const { mongodb } = part('driver');
    BUILT_IN.set(specifier, { ...mongodb, default: mongodb });
  }
  return BUILT_IN.get(specifier);
}

function folderOf(name) {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')));
}

function requireFrom(base) {
  return (specifier) => {
    if (BUILT_IN.has(specifier)) return builtIn(specifier);
    const [name, text] = native.load(base, String(specifier));
    return runFile(name, text);
  };
}

function runFile(name, text) {
  const known = loaded.get(name);
  if (known) return known.exports;
  if (name.endsWith('.json')) {
    const module = { exports: JSON.parse(text) };
    loaded.set(name, module);
    return module.exports;
  }
  return runCompiled(name, native.compile(name, text));
}

function runCompiled(name, compiled) {
  const module = { exports: {}, id: name, filename: name };
  loaded.set(name, module);
  const require = requireFrom(name);
  require.main = undefined;
  compiled.call(module.exports, module.exports, require, module, name, folderOf(name));
  return module.exports;
}

/** The exports of a file; those of an ES module's default where they are in that. */
function exported(exports, name) {
  if (exports === null || exports === undefined) return undefined;
  return exports[name] ?? exports.default?.[name];
}

const CALLBACK_NAMES = new Set(['callback', 'callback_', 'cb', 'cb_', 'next', 'next_', 'done', 'done_']);

/** The names of a function's parameters, as far as they are plain names. */
function parameters(work) {
  const text = Function.prototype.toString.call(work).replace(/\/\*[^]*?\*\/|\/\/[^\n]*/g, '');
  const list = /^(?:async\s*)?(?:function\b[^(]*|[\w$]+\s*)?\(([^()]*)\)/.exec(text)?.[1] ?? /^(?:async\s+)?([\w$]+)\s*=>/.exec(text)?.[1] ?? '';
  return list.split(',').map((name) => name.trim()).filter(Boolean);
}

/** Calls an entry: with a callback where its last parameter is named like one, as old migrate-mongo files are. */
function call(exports, work) {
  const names = parameters(work);
  if (!CALLBACK_NAMES.has(names.at(-1))) return work.call(exports, db, client);
  return new Promise((resolve, reject) => {
    const back = (error, value) => (error ? reject(error) : resolve(value));
    const given = names.length > 2 ? [db, client, back] : [db, back];
    const result = work.apply(exports, given);
    // An `async up(db, next)` that fails never calls back.
    if (typeof result?.then === 'function') result.then(undefined, reject);
  });
}

const texts = (value) => (Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined);
const only = (value, type) => (typeof value === type ? value : undefined);

export const inner = {
  inspect: (value) => part('inspect').inspect(value),

  /** Runs the CommonJS file that is the script itself, and gives its exports. */
  commonjs: (name, compiled) => runCompiled(name, compiled),

  /** Loads a file for `import`, and gives the names of its exports. */
  file(name, text) {
    const exports = runFile(name, text);
    if (typeof exports !== 'object' && typeof exports !== 'function') return [];
    return Object.keys(exports ?? {}).filter((key) => /^[A-Za-z_$][\w$]*$/.test(key) && key !== 'default');
  },

  loaded: (name) => loaded.get(name).exports,

  facts(exports) {
    const has = (name) => typeof exported(exports, name) === 'function';
    return {
      up: has('up'),
      down: has('down'),
      seed: has('seed'),
      environments: texts(exported(exports, 'environments')),
      required: only(exported(exports, 'required'), 'boolean'),
      description: only(exported(exports, 'description'), 'string'),
    };
  },

  /** Calls an exported function; null where there is none. */
  entry(exports, name) {
    const work = exported(exports, name);
    return typeof work === 'function' ? [call(exports, work)] : null;
  },

  /** Runs a mongosh script. */
  script(name, compiled) {
    const module = { exports: {}, id: name, filename: name };
    return compiled.call(undefined, module.exports, requireFrom(name), module, name, folderOf(name));
  },
};

install(native.mongosh ? { db, client } : {});
