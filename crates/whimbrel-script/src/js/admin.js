// `db.admin()`.
import { pick, surface } from 'whimbrel:command';

/** Commands of the whole server; whoever makes it gives it `ask`. */
export class AdminMethods {
  command(command, options) {
    return this.ask(command, options);
  }

  ping(options) {
    return this.ask({ ping: 1 }, options);
  }

  serverStatus(options) {
    return this.ask({ serverStatus: 1 }, options);
  }

  buildInfo(options) {
    return this.ask({ buildInfo: 1 }, options);
  }

  serverInfo(options) {
    return this.ask({ buildInfo: 1 }, options);
  }

  listDatabases(options) {
    return this.ask({ listDatabases: 1, ...pick(options, ['filter', 'nameOnly']) }, options);
  }
}
surface(AdminMethods, ['command', 'ping', 'serverStatus', 'buildInfo', 'serverInfo', 'listDatabases']);
