// The Node driver's errors.

export class MongoError extends Error {
  constructor(message) {
    super(message);
    this.errorLabels = [];
  }

  get name() {
    return 'MongoError';
  }

  get errmsg() {
    return this.message;
  }

  hasErrorLabel(label) {
    return this.errorLabels.includes(label);
  }

  addErrorLabel(label) {
    if (!this.hasErrorLabel(label)) this.errorLabels.push(label);
  }
}

/** What the database refused. */
export class MongoServerError extends MongoError {
  constructor({ message, errmsg, code, codeName, errorLabels, reply, ...rest }) {
    super(message ?? errmsg ?? 'the database refused the command');
    const { ok: _ok, errmsg: _errmsg, ...fields } = reply ?? rest;
    Object.assign(this, fields, { code, codeName, errorLabels: errorLabels ?? [] });
    this.errorResponse = reply ?? { errmsg, code, codeName, ...rest };
  }

  get name() {
    return 'MongoServerError';
  }
}

/** One write of several that was refused. */
export class WriteError {
  constructor(error, op) {
    this.err = { ...error, op };
    this.op = op;
  }

  get index() {
    return this.err.index;
  }

  get code() {
    return this.err.code;
  }

  get errmsg() {
    return this.err.errmsg;
  }

  get errInfo() {
    return this.err.errInfo;
  }

  getOperation() {
    return this.op;
  }

  toJSON() {
    return { code: this.code, index: this.index, errmsg: this.errmsg, op: this.op };
  }
}

/** Several writes of which some were refused; `result` says what became of the others. */
export class MongoBulkWriteError extends MongoServerError {
  constructor(first, writeErrors, result) {
    super({ ...first, message: first.errmsg });
    this.writeErrors = writeErrors;
    this.result = result;
  }

  get name() {
    return 'MongoBulkWriteError';
  }

  get insertedCount() {
    return this.result.insertedCount;
  }

  get matchedCount() {
    return this.result.matchedCount;
  }

  get modifiedCount() {
    return this.result.modifiedCount;
  }

  get deletedCount() {
    return this.result.deletedCount;
  }

  get upsertedCount() {
    return this.result.upsertedCount;
  }

  get insertedIds() {
    return this.result.insertedIds;
  }

  get upsertedIds() {
    return this.result.upsertedIds;
  }
}

function named(name, Base = MongoError) {
  return class extends Base {
    get name() {
      return name;
    }
  };
}

export const MongoDriverError = named('MongoDriverError');
export const MongoAPIError = named('MongoAPIError', MongoDriverError);
export const MongoInvalidArgumentError = named('MongoInvalidArgumentError', MongoAPIError);
export const MongoCursorExhaustedError = named('MongoCursorExhaustedError', MongoAPIError);
export const MongoTransactionError = named('MongoTransactionError', MongoAPIError);
export const MongoWriteConcernError = named('MongoWriteConcernError', MongoServerError);
export const MongoNetworkError = named('MongoNetworkError');

/** Thrown where a command is larger than a message may be. */
export class TooLarge extends MongoInvalidArgumentError {}
