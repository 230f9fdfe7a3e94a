/** A DNS server: zones that it is in charge of, or recursion from the root for others, or both. */
import type { DeviceConfig } from '../../control/config.js';
import type { ZoneRow } from '../../control/tables.js';
import { NameServer } from '../dns/name-server.js';
import type { Environment, Machine } from '../machine.js';
import { StackMachine } from './stack-machine.js';

class DnsServer extends StackMachine {
  constructor(config: DeviceConfig, env: Environment) {
    let zones = (): ZoneRow[] => [];
    super(config, env, { forwarding: false, zones: () => zones() });
    const server = new NameServer(this.network, config.dns ?? {}, env);
    zones = () => server.zoneRows();
    this.addProgram(server);
    this.addDnsRows(() => server.rows());
  }
}

/** Throws RangeError for a config that does not fit, a zone with a wrong record for one. */
export function createDnsServer(config: DeviceConfig, env: Environment): Machine {
  return new DnsServer(config, env);
}
