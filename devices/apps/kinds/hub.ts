/** A hub: it has nothing but its ports. */
import type { DeviceConfig } from '../../control/config.js';
import { Timers } from '../../stack/clock.js';
import { Counters } from '../../stack/counters.js';
import { Hub } from '../../stack/link/hub.js';
import type { Environment, Machine } from '../machine.js';
import { LinkMachine } from './link-machine.js';
import { createPorts } from './ports.js';

export function createHub(config: DeviceConfig, env: Environment): Machine {
  const timers = new Timers();
  const ports = createPorts(config, env, timers);
  const device = new Hub(ports);
  return new LinkMachine({ config, env, ports, timers, device, counters: new Counters(), tables: {} });
}
