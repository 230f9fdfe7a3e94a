/** A host: a browser, a web server when the config has sites, the small services that it names, and all commands. */
import type { DeviceConfig } from '../../control/config.js';
import type { FetchRequest, FetchResult } from '../../control/rpc.js';
import type { Environment, Machine } from '../machine.js';
import { createService } from '../services/index.js';
import { Browser } from '../web/browser/browser.js';
import { LoadError } from '../web/browser/load-error.js';
import { WebServer } from '../web/server/web-server.js';
import { StackMachine } from './stack-machine.js';

/** How long a page load waits for the host's address. RFC 2131's first retransmission comes after about 4 s. */
const ADDRESS_TIMEOUT_MS = 15_000;

class Host extends StackMachine {
  private readonly browser: Browser;

  constructor(config: DeviceConfig, env: Environment) {
    // The commands are told of the tables before there is a browser; rows are asked for later.
    const current = (): Browser => this.browser;
    const tables = { 'http-cache': () => current().cacheRows(), cookies: () => current().cookieRows() };
    super(config, env, { forwarding: false, tables });
    const { authorities } = config;
    this.browser = new Browser(this.network, this.resolver, env, {
      authorities,
      ready: (signal) => this.ready(signal),
    });
    this.addDnsRows(() => this.browser.dnsRows());
    if (config.web !== undefined) {
      const { network, resolver } = this;
      this.addProgram(new WebServer(config.web, { network, resolver, env, authorities: authorities ?? [] }));
    }
    for (const name of new Set(config.services)) this.addProgram(createService(name, this.network, env));
  }

  fetch(request: FetchRequest): Promise<FetchResult> {
    return this.browser.fetch(request);
  }

  private async ready(signal: AbortSignal): Promise<void> {
    const limit = new AbortController();
    const abort = () => limit.abort(new LoadError('ETIMEDOUT', 'dhcp', `${this.name} has no address yet by DHCP`));
    const timer = this.network.after(ADDRESS_TIMEOUT_MS, abort);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await this.whenConfigured(limit.signal);
    } finally {
      timer.clear();
      signal.removeEventListener('abort', abort);
    }
  }
}

/** Throws RangeError for a config that does not fit. */
export function createHost(config: DeviceConfig, env: Environment): Machine {
  return new Host(config, env);
}
