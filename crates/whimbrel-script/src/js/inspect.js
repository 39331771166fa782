// Values as text, for `console.log`.

const MAX_DEPTH = 4;
const MAX_ITEMS = 100;
const MAX_STRING = 10_000;
const LINE = 76;
const PLAIN_KEY = /^[A-Za-z_$][\w$]*$/;

const quote = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
const bounded = (text) => (text.length > MAX_STRING ? `${text.slice(0, MAX_STRING)}… (${text.length} characters)` : text);

/** A value as Node's console shows it. */
export function inspect(value, depth = MAX_DEPTH) {
  return show(value, depth, []);
}

function show(value, depth, above) {
  switch (typeof value) {
    case 'string': return quote(bounded(value));
    case 'bigint': return `${value}n`;
    case 'symbol': return String(value);
    case 'number': return Object.is(value, -0) ? '-0' : String(value);
    case 'function': return `[Function${value.name ? `: ${value.name}` : ''}]`;
    case 'object': return value === null ? 'null' : object(value, depth, above);
    default: return String(value);
  }
}

function object(value, depth, above) {
  if (above.includes(value)) return '[Circular]';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof RegExp) return String(value);
  if (value instanceof Error) return error(value, depth, above);
  if (value instanceof Promise) return 'Promise {}';
  if (typeof value.inspect === 'function') return String(value.inspect());
  const nested = [...above, value];
  if (Array.isArray(value) || value instanceof Uint8Array) {
    if (depth < 0) return '[Array]';
    const items = Array.from(value.slice(0, MAX_ITEMS), (item) => show(item, depth - 1, nested));
    if (value.length > MAX_ITEMS) items.push(`… ${value.length - MAX_ITEMS} more items`);
    return lay(items, '[', ']', value instanceof Uint8Array ? 'Uint8Array ' : '');
  }
  if (value instanceof Map) {
    const items = [...value].slice(0, MAX_ITEMS).map(([key, item]) => `${show(key, depth - 1, nested)} => ${show(item, depth - 1, nested)}`);
    return lay(items, '{', '}', `Map(${value.size}) `);
  }
  if (value instanceof Set) {
    return lay([...value].slice(0, MAX_ITEMS).map((item) => show(item, depth - 1, nested)), '{', '}', `Set(${value.size}) `);
  }
  const name = value.constructor?.name;
  const prefix = name && name !== 'Object' ? `${name} ` : '';
  if (depth < 0) return `[${prefix.trim() || 'Object'}]`;
  const keys = Object.keys(value);
  const items = keys.slice(0, MAX_ITEMS).map((key) => `${PLAIN_KEY.test(key) ? key : quote(key)}: ${show(value[key], depth - 1, nested)}`);
  if (keys.length > MAX_ITEMS) items.push(`… ${keys.length - MAX_ITEMS} more keys`);
  return lay(items, '{', '}', prefix);
}

function lay(items, open, close, prefix) {
  if (items.length === 0) return `${prefix}${open}${close}`;
  const line = `${prefix}${open} ${items.join(', ')} ${close}`;
  if (line.length <= LINE && !line.includes('\n')) return line;
  const indented = items.map((item) => `  ${item.replaceAll('\n', '\n  ')}`);
  return `${prefix}${open}\n${indented.join(',\n')}\n${close}`;
}

function error(value, depth, above) {
  const stack = String(value.stack ?? '')
    .split('\n')
    .filter((line) => line.trim() && !line.includes('whimbrel:') && !line.includes('native'));
  const head = `${value.name}: ${value.message}`;
  const fields = Object.keys(value).filter((key) => !['stack', 'message', 'name', 'errorResponse', 'errorLabels'].includes(key));
  const shown = fields.map((key) => `${key}: ${show(value[key], depth - 1, [...above, value])}`);
  return [head, ...stack].join('\n') + (shown.length > 0 ? ` ${lay(shown, '{', '}', '')}` : '');
}

/** Several values as one line, with the first one's `%s` and its kin filled in. */
export function format(...values) {
  let head = '';
  if (typeof values[0] === 'string' && values.length > 1) {
    head = values.shift().replace(/%[sdifjoO%]/g, (sign) => {
      if (sign === '%%') return '%';
      if (values.length === 0) return sign;
      const value = values.shift();
      switch (sign) {
        case '%s': return typeof value === 'string' ? value : inspect(value, 1);
        case '%d': return typeof value === 'bigint' ? `${value}n` : String(Number(value));
        case '%i': return String(Math.trunc(Number(value)));
        case '%f': return String(Number(value));
        case '%j': return JSON.stringify(value);
        default: return inspect(value);
      }
    });
    values.unshift(head);
  }
  return values.map((value) => (typeof value === 'string' ? value : inspect(value))).join(' ');
}
