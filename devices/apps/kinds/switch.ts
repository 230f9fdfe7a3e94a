/** A switch: a device without addresses, without programs, without a protocol above Ethernet. */
import type { DeviceConfig } from '../../control/config.js';
import type { TableRow } from '../../control/tables.js';
import { Timers } from '../../stack/clock.js';
import { Counters } from '../../stack/counters.js';
import { Switch } from '../../stack/link/switch.js';
import { formatMac } from '../../stack/wire/address.js';
import type { Environment, Machine } from '../machine.js';
import { LinkMachine } from './link-machine.js';
import { createPorts } from './ports.js';

export function createSwitch(config: DeviceConfig, env: Environment): Machine {
  const timers = new Timers();
  const counters = new Counters();
  const ports = createPorts(config, env, timers);
  const macAgeMs = config.macAgeSeconds === undefined ? undefined : config.macAgeSeconds * 1000;
  const device = new Switch({ ports, timers, counters, tracer: env.tracer, macAgeMs });
  const macRows = (): TableRow[] =>
    device
      .macTable()
      .map(({ mac, port, ageMs }) => ({ mac: formatMac(mac), port, ageMs: Math.round(ageMs) }))
      .sort((a, b) => Number(a.port) - Number(b.port) || (a.mac < b.mac ? -1 : 1));
  return new LinkMachine({ config, env, ports, timers, device, counters, tables: { 'mac-table': macRows } });
}
