// The console, and what prints besides.
import native from 'whimbrel:native';
import { format, inspect } from 'whimbrel:inspect';
import { Map } from 'whimbrel:lazy';

const printer = (level) => (...values) => native.print(level, indent + format(...values));
let indent = '';
const counts = new Map();
const started = new Map();

export const console = {
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

export const print = printer('info');
export const printjson = (...values) => native.print('info', values.map((value) => inspect(value)).join(' '));
export const tojson = (value) => inspect(value);
