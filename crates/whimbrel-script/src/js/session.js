// Sessions and their transactions.
import native from 'whimbrel:native';
import { database } from 'whimbrel:database';
import { MongoError, MongoServerError, MongoTransactionError } from 'whimbrel:errors';
import { answered, surface, waited } from 'whimbrel:command';

/** How often a transaction is tried before its error stands. */
const MAX_TRIES = 10;
/** The first pause between two tries; each next one is longer. */
const PAUSE_MS = 5;

function call(session, action) {
  return answered(native.session(action, session.number));
}

function begin(session) {
  if (session.hasEnded) throw new MongoTransactionError('Cannot use a session that has ended');
  if (session.open) throw new MongoTransactionError('Transaction already in progress');
  call(session, 'startTransaction');
  session.open = true;
}

function commit(session) {
  if (!session.open) throw new MongoTransactionError('No transaction started');
  // A commit is final for the session also where it fails, except that it may be asked for again.
  call(session, 'commitTransaction');
  session.open = false;
}

function abort(session) {
  if (!session.open) throw new MongoTransactionError('No transaction started');
  session.open = false;
  call(session, 'abortTransaction');
}

function end(session) {
  if (session.hasEnded) return;
  session.hasEnded = true;
  session.open = false;
  call(session, 'end');
}

function labelled(error, label) {
  return error instanceof MongoError && error.hasErrorLabel(label);
}

/** Commits, again where nobody knows whether it came about. */
function commitSurely(session) {
  for (let tried = 1; ; tried += 1) {
    try {
      return commit(session);
    } catch (error) {
      if (tried >= MAX_TRIES || !labelled(error, 'UnknownTransactionCommitResult')) throw error;
      native.sleep(PAUSE_MS * tried);
    }
  }
}

function abandon(session) {
  if (!session.open) return;
  try {
    abort(session);
  } catch (error) {
    // The database has ended it already.
    if (!(error instanceof MongoServerError)) throw error;
  }
}

/** Runs a function in a transaction, again where the database asks for it. */
async function inTransaction(session, work) {
  for (let tried = 1; ; tried += 1) {
    begin(session);
    try {
      const result = await work(session);
      // The function may have ended the transaction itself.
      if (session.open) commitSurely(session);
      return result;
    } catch (error) {
      abandon(session);
      if (tried >= MAX_TRIES || !labelled(error, 'TransientTransactionError')) throw error;
      native.sleep(PAUSE_MS * tried);
    }
  }
}

export class ClientSession {
  constructor(client) {
    Object.defineProperty(this, 'client', { value: client });
    this.number = answered(native.session('start'));
    this.open = false;
    this.hasEnded = false;
  }

  get id() {
    return { id: this.number };
  }

  inTransaction() {
    return this.open;
  }

  startTransaction() {
    begin(this);
  }

  commitTransaction() {
    commitSurely(this);
  }

  abortTransaction() {
    abort(this);
  }

  endSession() {
    end(this);
  }

  withTransaction(work) {
    return waited(inTransaction(this, work));
  }

  /** In mongosh, a session has its own databases. */
  getDatabase(name) {
    return database(name, this, this.client);
  }
}
surface(ClientSession, ['commitTransaction', 'abortTransaction', 'endSession']);

/** Runs a function with a session of its own. */
export async function withSession(client, options, work) {
  const session = new ClientSession(client);
  try {
    return await (work ?? options)(session);
  } finally {
    abandon(session);
    end(session);
  }
}
