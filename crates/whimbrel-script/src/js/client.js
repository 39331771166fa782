// `client` and `db`.
import native from 'whimbrel:native';
import { waited } from 'whimbrel:command';
import { database } from 'whimbrel:database';
import { part } from 'whimbrel:lazy';

class Client {
  db(name) {
    return database(name, undefined, this);
  }

  getDB(name) {
    return database(name, undefined, this);
  }

  startSession() {
    const { ClientSession } = part('session');
    return new ClientSession(this);
  }

  withSession(options, work) {
    return waited(part('session').withSession(this, options, work));
  }

  connect() {
    return native.mongosh ? this : Promise.resolve(this);
  }

  close() {
    return native.mongosh ? undefined : Promise.resolve();
  }
}

export const client = new Client();
export const db = database(undefined, undefined, client);
