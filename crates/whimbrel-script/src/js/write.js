// One write: what it sends, and how it is refused.
import { SHARED, documentArgument, isDocument, pick, send, sortOf } from 'whimbrel:command';
import { part } from 'whimbrel:lazy';

/** What a command calls the writes that it carries. */
export const FIELDS = { insert: 'documents', update: 'updates', delete: 'deletes' };

/** Gives a document an `_id` where it has none, as the driver does: in the caller's own object. */
export function identified(document, options) {
  documentArgument(document, 'document');
  if (document._id !== undefined || options?.forceServerObjectId) return document;
  if (Object.isExtensible(document)) {
    document._id = new (part('bson').ObjectId)();
    return document;
  }
  return { ...document, _id: new (part('bson').ObjectId)() };
}

/** Refuses an update without operators, which would replace the document. */
export function updateArgument(update) {
  if (Array.isArray(update)) {
    if (update.length > 0) return update;
  } else if (isDocument(update)) {
    const keys = update instanceof Map ? [...update.keys()] : Object.keys(update);
    if (keys.length > 0 && keys.every((key) => key.startsWith('$'))) return update;
  }
  throw new (part('errors').MongoInvalidArgumentError)('Update document requires atomic operators');
}

/** Refuses a replacement with operators. */
export function replacementArgument(replacement) {
  documentArgument(replacement, 'replacement');
  if (Object.keys(replacement).some((key) => key.startsWith('$'))) {
    throw new (part('errors').MongoInvalidArgumentError)('Replacement document must not contain atomic operators');
  }
  return replacement;
}

/** One write of an update command. */
export function updateSpec(filter, update, options, multi) {
  const spec = { q: filter ?? {}, u: update };
  if (multi) spec.multi = true;
  if (options?.upsert) spec.upsert = true;
  Object.assign(spec, pick(options, ['arrayFilters', 'collation', 'hint']));
  if (options?.sort !== undefined) spec.sort = sortOf(options.sort);
  return { kind: 'update', spec };
}

/** One write of a delete command. */
export function deleteSpec(filter, options, limit) {
  return { kind: 'delete', spec: { q: filter ?? {}, limit, ...pick(options, ['collation', 'hint']) } };
}

/** One write of an insert command. */
export function insertSpec(document, options) {
  return { kind: 'insert', spec: identified(document, options) };
}

/** Runs one write, and throws a plain error where it was refused. */
export function runWrite(collection, method, { kind, spec }, options) {
  const command = {
    [kind]: collection.collectionName,
    [FIELDS[kind]]: [spec],
    ordered: true,
    ...pick(options, ['bypassDocumentValidation', 'let', ...SHARED]),
  };
  const reply = send(collection._target, method, command, options);
  const [error] = reply.writeErrors ?? [];
  if (error) throw new (part('errors').MongoServerError)({ ...error, message: error.errmsg, index: undefined });
  if (reply.writeConcernError) throw new (part('errors').MongoWriteConcernError)(reply.writeConcernError);
  return reply;
}
