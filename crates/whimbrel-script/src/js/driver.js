// `mongodb` as one value, for `require`.
export * as mongodb from 'mongodb';
