// The parts of the shim that few scripts need: each is loaded when something of it is first asked for.
import native from 'whimbrel:native';

// What a part needs when it is loaded, taken before the script can change it.
export const { Map, Proxy, WeakMap } = globalThis;
export const { defineProperty } = Object;

const parts = { __proto__: null };

/** What a file of the shim exports, by its name without `whimbrel:`. */
export function part(name) {
  return (parts[name] ??= native.part(name));
}

/** Gives an object a property whose value is found when it is first read; it can be written to before, as any other. */
export function lazily(object, name, enumerable, find) {
  defineProperty(object, name, {
    get() {
      const value = find(name);
      defineProperty(object, name, { value, writable: true, enumerable, configurable: true });
      return value;
    },
    set(value) {
      // An object that inherits the property gets one of its own.
      defineProperty(this, name, { value, writable: true, enumerable: enumerable || this !== object, configurable: true });
    },
    enumerable,
    configurable: true,
  });
}
