// The BSON types of the Node driver's `bson` package, as far as scripts use them.
import native from 'whimbrel:native';
import { Proxy, defineProperty } from 'whimbrel:lazy';
import { byteString } from 'whimbrel:types';

const HEX24 = /^[0-9a-f]{24}$/i;
const UUID_TEXT = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

/** Names a class for the codec. */
function tagged(Class, name) {
  defineProperty(Class.prototype, '_bsontype', { value: name });
  defineProperty(Class, 'name', { value: name });
  return Class;
}

/** Lets a class be called without `new`, as mongosh and old drivers do. */
function callable(Class) {
  return new Proxy(Class, { apply: (Target, _this, given) => new Target(...given) });
}

function hexOf(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function bytesOf(hex) {
  if (hex.length % 2 !== 0 || /[^0-9a-f]/i.test(hex)) throw new TypeError(`'${hex}' is not hexadecimal`);
  return Uint8Array.from({ length: hex.length / 2 }, (_, at) => parseInt(hex.slice(2 * at, 2 * at + 2), 16));
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function toBase64(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const three = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const left = bytes.length - at;
    text += BASE64[three >> 18] + BASE64[(three >> 12) & 63];
    text += left > 1 ? BASE64[(three >> 6) & 63] : '=';
    text += left > 2 ? BASE64[three & 63] : '=';
  }
  return text;
}

function fromBase64(text) {
  const digits = text.replace(/[\s=]/g, '').replace(/-/g, '+').replace(/_/g, '/');
  const bytes = [];
  let bits = 0;
  let held = 0;
  for (const digit of digits) {
    const value = BASE64.indexOf(digit);
    if (value < 0) throw new TypeError('this is not base64');
    held = (held << 6) | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 255);
    }
  }
  return Uint8Array.from(bytes);
}

class ObjectIdClass {
  #hex;

  constructor(input) {
    if (input === undefined || input === null) this.#hex = native.objectId();
    else if (typeof input === 'number') this.#hex = seconds(input) + native.objectId().slice(8);
    else if (typeof input === 'string' && HEX24.test(input)) this.#hex = input.toLowerCase();
    else if (input instanceof Uint8Array && input.length === 12) this.#hex = hexOf(input);
    else if (typeof input?.toHexString === 'function') this.#hex = input.toHexString();
    else {
      throw new TypeError('input must be a 24 character hex string, 12 byte Uint8Array, or an integer');
    }
  }

  static isValid(input) {
    try {
      return input !== undefined && input !== null && Boolean(new ObjectIdClass(input));
    } catch {
      return false;
    }
  }

  static createFromHexString(hex) {
    if (!HEX24.test(hex)) throw new TypeError('hex string must be 24 characters');
    return new ObjectIdClass(hex);
  }

  static createFromTime(time) {
    return new ObjectIdClass(seconds(time) + '0000000000000000');
  }

  get hex() {
    return this.#hex;
  }

  get id() {
    return bytesOf(this.#hex);
  }

  get str() {
    return this.#hex;
  }

  getTimestamp() {
    return new Date(parseInt(this.#hex.slice(0, 8), 16) * 1000);
  }

  equals(other) {
    if (other === undefined || other === null) return false;
    const hex = typeof other === 'string' ? other : typeof other.toHexString === 'function' ? other.toHexString() : '';
    return hex.toLowerCase() === this.#hex;
  }

  toHexString() {
    return this.#hex;
  }

  toString() {
    return this.#hex;
  }

  toJSON() {
    return this.#hex;
  }

  inspect() {
    return `new ObjectId('${this.#hex}')`;
  }
}

function seconds(time) {
  return (Math.floor(time) >>> 0).toString(16).padStart(8, '0');
}

class LongClass {
  constructor(low = 0, high = undefined) {
    let value;
    if (typeof low === 'bigint') value = low;
    else if (typeof low === 'string') value = BigInt(low);
    else if (low instanceof LongClass) value = low.value;
    else if (typeof high === 'number') value = (BigInt(high) << 32n) | BigInt(low >>> 0);
    else value = BigInt(Math.trunc(Number(low)));
    this.value = BigInt.asIntN(64, value);
  }

  static fromNumber(value) {
    return new LongClass(value);
  }

  static fromInt(value) {
    return new LongClass(value | 0);
  }

  static fromBigInt(value) {
    return new LongClass(value);
  }

  static fromString(text) {
    return new LongClass(String(text));
  }

  static fromBits(low, high) {
    return new LongClass(low, high);
  }

  static fromValue(value) {
    return new LongClass(value);
  }

  static isLong(value) {
    return value instanceof LongClass;
  }

  get low() {
    return Number(BigInt.asIntN(32, this.value));
  }

  get high() {
    return Number(this.value >> 32n);
  }

  add(other) {
    return new LongClass(this.value + new LongClass(other).value);
  }

  subtract(other) {
    return new LongClass(this.value - new LongClass(other).value);
  }

  multiply(other) {
    return new LongClass(this.value * new LongClass(other).value);
  }

  divide(other) {
    return new LongClass(this.value / new LongClass(other).value);
  }

  modulo(other) {
    return new LongClass(this.value % new LongClass(other).value);
  }

  negate() {
    return new LongClass(-this.value);
  }

  compare(other) {
    const { value } = new LongClass(other);
    return this.value < value ? -1 : this.value > value ? 1 : 0;
  }

  equals(other) {
    return this.compare(other) === 0;
  }

  lessThan(other) {
    return this.compare(other) < 0;
  }

  lessThanOrEqual(other) {
    return this.compare(other) <= 0;
  }

  greaterThan(other) {
    return this.compare(other) > 0;
  }

  greaterThanOrEqual(other) {
    return this.compare(other) >= 0;
  }

  isZero() {
    return this.value === 0n;
  }

  isNegative() {
    return this.value < 0n;
  }

  toNumber() {
    return Number(this.value);
  }

  toInt() {
    return this.low;
  }

  toBigInt() {
    return this.value;
  }

  toString(radix) {
    return this.value.toString(radix);
  }

  toJSON() {
    return this.toNumber();
  }

  inspect() {
    return `new Long('${this.value}')`;
  }
}
for (const [short, long] of Object.entries({
  sub: 'subtract', mul: 'multiply', div: 'divide', mod: 'modulo', neg: 'negate', eq: 'equals', lt: 'lessThan',
  lte: 'lessThanOrEqual', gt: 'greaterThan', gte: 'greaterThanOrEqual', comp: 'compare',
})) {
  LongClass.prototype[short] = LongClass.prototype[long];
}
LongClass.ZERO = new LongClass(0n);
LongClass.ONE = new LongClass(1n);
LongClass.MAX_VALUE = new LongClass(2n ** 63n - 1n);
LongClass.MIN_VALUE = new LongClass(-(2n ** 63n));

class Int32Class {
  constructor(value) {
    this.value = Number(value) | 0;
  }

  valueOf() {
    return this.value;
  }

  toString(radix) {
    return this.value.toString(radix);
  }

  toJSON() {
    return this.value;
  }

  inspect() {
    return `new Int32(${this.value})`;
  }
}

class DoubleClass {
  constructor(value) {
    this.value = Number(value);
  }

  valueOf() {
    return this.value;
  }

  toString(radix) {
    return this.value.toString(radix);
  }

  toJSON() {
    return this.value;
  }

  inspect() {
    return `new Double(${this.value})`;
  }
}

class Decimal128Class {
  #text;

  constructor(text) {
    this.#text = native.decimal(String(text));
  }

  static fromString(text) {
    return new Decimal128Class(text);
  }

  get text() {
    return this.#text;
  }

  toString() {
    return this.#text;
  }

  toJSON() {
    return { $numberDecimal: this.#text };
  }

  inspect() {
    return `new Decimal128('${this.#text}')`;
  }
}

class BinaryClass {
  constructor(data, subtype = 0) {
    if (data === undefined) this.buffer = new Uint8Array(0);
    else if (data instanceof BinaryClass) this.buffer = data.buffer;
    else if (data instanceof Uint8Array) this.buffer = data;
    else if (data instanceof ArrayBuffer) this.buffer = new Uint8Array(data);
    else if (typeof data === 'string') this.buffer = native.utf8Encode(data);
    else this.buffer = Uint8Array.from(data);
    this.sub_type = subtype;
  }

  static createFromBase64(text, subtype = 0) {
    return new BinaryClass(fromBase64(text), subtype);
  }

  static createFromHexString(hex, subtype = 0) {
    return new BinaryClass(bytesOf(hex), subtype);
  }

  get position() {
    return this.buffer.length;
  }

  length() {
    return this.buffer.length;
  }

  value() {
    return this.buffer;
  }

  toUUID() {
    return new UUIDClass(this.buffer);
  }

  toString(encoding) {
    if (encoding === 'hex') return hexOf(this.buffer);
    if (encoding === 'base64') return toBase64(this.buffer);
    return native.utf8Decode(byteString(this.buffer));
  }

  toJSON() {
    return toBase64(this.buffer);
  }

  inspect() {
    return `Binary.createFromBase64('${toBase64(this.buffer)}', ${this.sub_type})`;
  }
}
BinaryClass.SUBTYPE_DEFAULT = 0;
BinaryClass.SUBTYPE_UUID = 4;
BinaryClass.SUBTYPE_MD5 = 5;
BinaryClass.SUBTYPE_USER_DEFINED = 128;

class UUIDClass extends BinaryClass {
  constructor(input) {
    let bytes;
    if (input === undefined || input === null) bytes = native.uuid();
    else if (typeof input === 'string' && UUID_TEXT.test(input)) bytes = bytesOf(input.replaceAll('-', ''));
    else if (input instanceof BinaryClass) bytes = input.buffer;
    else bytes = input;
    if (!(bytes instanceof Uint8Array) || bytes.length !== 16) {
      throw new TypeError('a UUID is 16 bytes, or text of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx');
    }
    super(bytes, 4);
  }

  static generate() {
    return native.uuid();
  }

  static createFromHexString(hex) {
    return new UUIDClass(hex);
  }

  static isValid(input) {
    return input instanceof UUIDClass || (typeof input === 'string' && UUID_TEXT.test(input));
  }

  toHexString(dashes = true) {
    const hex = hexOf(this.buffer);
    return dashes ? hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') : hex;
  }

  toString(encoding) {
    if (encoding === 'hex') return hexOf(this.buffer);
    if (encoding === 'base64') return toBase64(this.buffer);
    return this.toHexString();
  }

  toBinary() {
    return new BinaryClass(this.buffer, 4);
  }

  equals(other) {
    try {
      return new UUIDClass(other).toHexString() === this.toHexString();
    } catch {
      return false;
    }
  }

  toJSON() {
    return this.toHexString();
  }

  inspect() {
    return `new UUID('${this.toHexString()}')`;
  }
}

class TimestampClass {
  constructor(first = 0, increment = undefined) {
    if (typeof first === 'object' && first !== null && 't' in first) {
      this.t = Number(first.t);
      this.i = Number(first.i);
    } else if (increment !== undefined) {
      this.t = Number(first);
      this.i = Number(increment);
    } else {
      const { value } = new LongClass(first);
      this.t = Number(BigInt.asUintN(64, value) >> 32n);
      this.i = Number(BigInt.asUintN(32, value));
    }
  }

  getHighBits() {
    return this.t;
  }

  getLowBits() {
    return this.i;
  }

  toString() {
    return ((BigInt(this.t) << 32n) | BigInt(this.i)).toString();
  }

  toJSON() {
    return { $timestamp: { t: this.t, i: this.i } };
  }

  inspect() {
    return `new Timestamp({ t: ${this.t}, i: ${this.i} })`;
  }
}

class MinKeyClass {
  inspect() {
    return 'new MinKey()';
  }
}

class MaxKeyClass {
  inspect() {
    return 'new MaxKey()';
  }
}

class BSONRegExpClass {
  constructor(pattern, options = '') {
    this.pattern = String(pattern);
    this.options = [...String(options)].sort().join('');
  }

  inspect() {
    return `new BSONRegExp(${JSON.stringify(this.pattern)}, '${this.options}')`;
  }
}

class BSONSymbolClass {
  constructor(value) {
    this.value = String(value);
  }

  toString() {
    return this.value;
  }
}

class CodeClass {
  constructor(code, scope = null) {
    this.code = String(code);
    this.scope = scope;
  }

  inspect() {
    return `new Code(${JSON.stringify(this.code)})`;
  }
}

class DBRefClass {
  constructor(collection, oid, db) {
    this.collection = collection;
    this.oid = oid;
    this.db = db;
  }

  toDocument() {
    const document = { $ref: this.collection, $id: this.oid };
    if (this.db) document.$db = this.db;
    return document;
  }
}

const REGEXP_FLAGS = /^[ims]*$/;

function regexp(pattern, options) {
  if (REGEXP_FLAGS.test(options)) {
    try {
      return new RegExp(pattern, options);
    } catch {
      // The database knows patterns that JavaScript does not.
    }
  }
  return new BSONRegExpClass(pattern, options);
}

const classes = { Long: LongClass, Code: CodeClass, BSONSymbol: BSONSymbolClass, MinKey: MinKeyClass, MaxKey: MaxKeyClass };

/** Builds what the database sent, by the codec's name for it. */
export function construct(name, first, second) {
  switch (name) {
    case 'ObjectId': return new ObjectIdClass(first);
    case 'Decimal128': return new Decimal128Class(first);
    case 'Binary': return second === 4 && first.length === 16 ? new UUIDClass(first) : new BinaryClass(first, second);
    case 'RegExp': return regexp(first, second);
    case 'Timestamp': return new TimestampClass({ t: first, i: second });
    default: return new classes[name](first, second);
  }
}

export const ObjectId = callable(tagged(ObjectIdClass, 'ObjectId'));
export const ObjectID = ObjectId;
export const Long = callable(tagged(LongClass, 'Long'));
export const Int32 = callable(tagged(Int32Class, 'Int32'));
export const Double = callable(tagged(DoubleClass, 'Double'));
export const Decimal128 = callable(tagged(Decimal128Class, 'Decimal128'));
export const Binary = callable(tagged(BinaryClass, 'Binary'));
export const UUID = callable(UUIDClass);
export const Timestamp = callable(tagged(TimestampClass, 'Timestamp'));
export const MinKey = callable(tagged(MinKeyClass, 'MinKey'));
export const MaxKey = callable(tagged(MaxKeyClass, 'MaxKey'));
export const BSONRegExp = callable(tagged(BSONRegExpClass, 'BSONRegExp'));
export const BSONSymbol = callable(tagged(BSONSymbolClass, 'BSONSymbol'));
export const Code = callable(tagged(CodeClass, 'Code'));
export const DBRef = callable(tagged(DBRefClass, 'DBRef'));

/** mongosh's `ISODate('…')`; a text that is no date is refused. */
export function ISODate(text) {
  const date = text === undefined ? new Date() : new Date(text);
  if (Number.isNaN(date.getTime())) throw new TypeError(`'${text}' is not a valid ISODate`);
  return date;
}

/** mongosh's `BinData(subtype, base64)`. */
export function BinData(subtype, base64) {
  return construct('Binary', fromBase64(base64), subtype);
}

/** mongosh's `HexData(subtype, hex)`. */
export function HexData(subtype, hex) {
  return construct('Binary', bytesOf(hex), subtype);
}

// mongosh's other names.
export { Decimal128 as NumberDecimal, Int32 as NumberInt, Long as NumberLong };
