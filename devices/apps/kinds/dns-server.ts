/** A DNS server: zones that it is in charge of, or recursion from the root for others, or both. */
import type { DeviceConfig } from '../../control/config.js';
import { rndc } from '../commands/rndc.js';
import { NameServer } from '../dns/name-server.js';
import type { Environment, Machine } from '../machine.js';
import { StackMachine } from './stack-machine.js';

class DnsServer extends StackMachine {
  constructor(config: DeviceConfig, env: Environment) {
    // Tables and commands are those of a server that needs the machine's network first.
    let running: NameServer | undefined;
    const current = (): NameServer => {
      if (running === undefined) throw new Error('the name server is not there yet');
      return running;
    };
    super(config, env, { forwarding: false, tables: { zones: () => current().zoneRows() }, commands: [rndc(current)] });
    const server = new NameServer(this.network, config.dns ?? {}, env);
    running = server;
    this.addProgram(server);
    this.addDnsRows(() => server.rows());
  }
}

/** Throws RangeError for a config that does not fit, a zone with a wrong record for one. */
export function createDnsServer(config: DeviceConfig, env: Environment): Machine {
  return new DnsServer(config, env);
}
