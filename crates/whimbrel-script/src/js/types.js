// What the codec uses; taken before the script can change anything.
import native from 'whimbrel:native';
import { part } from 'whimbrel:lazy';

/** A Uint8Array as a string of one character per byte. */
export function byteString(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + 8192));
  }
  return text;
}

const dateValue = Date.prototype.getTime;
const DateClass = Date;

native.types = {
  Date,
  RegExp,
  Map,
  dateValue,
  byteString,
  fitsInt64: (value) => BigInt.asIntN(64, value) === value,
  mapToObject: (map) => Object.fromEntries(map),
  construct: (name, first, second) => (name === 'Date' ? new DateClass(first) : part('bson').construct(name, first, second)),
};
