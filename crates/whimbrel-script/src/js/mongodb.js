// The module that `require('mongodb')` and `require('bson')` give.
export {
  BSONRegExp, BSONSymbol, Binary, Code, DBRef, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectID, ObjectId, Timestamp, UUID,
} from 'whimbrel:bson';
export { EJSON } from 'whimbrel:ejson';
export {
  MongoAPIError, MongoBulkWriteError, MongoDriverError, MongoError, MongoInvalidArgumentError, MongoNetworkError,
  MongoServerError, MongoTransactionError, MongoWriteConcernError, WriteError,
} from 'whimbrel:errors';
export { AggregationCursor, FindCursor } from 'whimbrel:cursor';
export { BulkWriteResult } from 'whimbrel:bulk';
export { Collection } from 'whimbrel:collection';
export { AdminMethods as Admin } from 'whimbrel:admin';
export { Db } from 'whimbrel:database';
export { ClientSession } from 'whimbrel:session';

/** Scripts are given `db` and `client`; they do not connect by themselves. */
export class MongoClient {
  constructor() {
    throw new Error('a script does not connect by itself: use the `db` and `client` that it is given');
  }
}
