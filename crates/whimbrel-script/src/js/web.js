// What browsers and Node have in common: copies of values, and text as bytes.
import native from 'whimbrel:native';

export function structuredClone(value) {
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

export class TextEncoder {
  encode(text = '') {
    return native.utf8Encode(String(text));
  }
}

export class TextDecoder {
  decode(bytes = new Uint8Array(0)) {
    return native.utf8Decode(native.types.byteString(new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength)));
  }
}
