/** A host that runs every small service, and a client one cable of 1 ms and 100 Mbit/s away. */

import { NO_LOG } from '../../../devices/apps/machine.js';
import { createService } from '../../../devices/apps/services/index.js';
import { SERVICE_NAMES, type ServiceName } from '../../../devices/control/config.js';
import { Random } from '../../../devices/stack/random.js';
import { NetworkNode } from '../../support/network-node.js';
import { Wiring } from '../../support/wiring.js';

export const SERVER = '10.0.0.2';
/** Without a rate, a service that never ends would send without end in no time. */
const CABLE = { rateBps: 100e6 };
/** What the clock of the day shows at instant 0. */
const EPOCH_MS = Date.UTC(2026, 10, 1, 9, 5);

export function serviceLab(names: readonly ServiceName[] = SERVICE_NAMES, addresses = `${SERVER}/24`) {
  const wiring = new Wiring();
  const client = new NetworkNode(wiring, { name: 'client', addresses: ['10.0.0.1/24'], impairment: CABLE });
  const server = new NetworkNode(wiring, { name: 'server', addresses: [addresses], impairment: CABLE });
  wiring.link('client:eth0', 'server:eth0', { delayMs: 1 });
  const env = { random: new Random('services'), log: NO_LOG, wallClock: () => EPOCH_MS + wiring.now };
  const services = names.map((name) => createService(name, server.network, env));
  for (const service of services) service.start();
  return { wiring, client: client.network, server: server.network, stop: () => services.map((each) => each.stop()) };
}
