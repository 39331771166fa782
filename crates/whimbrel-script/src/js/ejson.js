// Extended JSON, as the `bson` package has it.
import native from 'whimbrel:native';

export const EJSON = {
  stringify(value, replacer, space, options) {
    if (replacer !== null && typeof replacer === 'object' && !Array.isArray(replacer)) {
      options = replacer;
      replacer = undefined;
    }
    if (space !== null && typeof space === 'object') {
      options = space;
      space = undefined;
    }
    const text = native.ejsonStringify(value, options?.relaxed ?? true);
    return replacer || space ? JSON.stringify(JSON.parse(text), replacer, space) : text;
  },

  parse(text) {
    return native.ejsonParse(String(text));
  },

  serialize(value, options) {
    return JSON.parse(native.ejsonStringify(value, options?.relaxed ?? true));
  },

  deserialize(value) {
    return native.ejsonParse(JSON.stringify(value));
  },
};
