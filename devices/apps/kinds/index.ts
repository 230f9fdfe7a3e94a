/** All kinds in one place, for those who drive machines of any kind. A device's own process imports its kind alone. */
import type { DeviceConfig, DeviceKind } from '../../control/config.js';
import type { Environment, Machine, MachineFactory } from '../machine.js';
import { createDnsServer } from './dns-server.js';
import { createHost } from './host.js';
import { createHub } from './hub.js';
import { createRouter } from './router.js';
import { createSwitch } from './switch.js';

const FACTORIES: Readonly<Record<DeviceKind, MachineFactory>> = {
  host: createHost,
  switch: createSwitch,
  hub: createHub,
  router: createRouter,
  'dns-server': createDnsServer,
};

/** Throws RangeError for a config that does not fit. */
export function createMachine(config: DeviceConfig, env: Environment): Machine {
  return FACTORIES[config.kind](config, env);
}
