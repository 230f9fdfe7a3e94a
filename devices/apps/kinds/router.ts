/** A router: forwards between its ports; DHCP servers and a caching DNS forwarder when the config has them. */
import type { DeviceConfig } from '../../control/config.js';
import { DhcpServer } from '../dhcp/server.js';
import { DnsForwarder } from '../dns/forwarder.js';
import type { Environment, Machine } from '../machine.js';
import { StackMachine } from './stack-machine.js';

class Router extends StackMachine {
  constructor(config: DeviceConfig, env: Environment) {
    super(config, env, { forwarding: true });
    for (const dhcpServer of config.dhcpServers ?? []) {
      const server = new DhcpServer(this.network, dhcpServer, env.log);
      this.addProgram(server);
      this.addDhcpRows(() => server.rows());
    }
    if (config.dnsForwarder !== undefined) {
      const forwarder = new DnsForwarder(this.network, config.dnsForwarder, env);
      this.addProgram(forwarder);
      this.addDnsRows(() => forwarder.rows());
    }
  }
}

/** Throws RangeError for a config that does not fit. */
export function createRouter(config: DeviceConfig, env: Environment): Machine {
  return new Router(config, env);
}
