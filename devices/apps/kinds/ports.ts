/** The ports of a machine as its config describes them, and what they tell about themselves. */
import type { DeviceConfig, PortConfig } from '../../control/config.js';
import type { CounterRow, InterfaceRow } from '../../control/tables.js';
import type { Timers } from '../../stack/clock.js';
import type { Counters } from '../../stack/counters.js';
import { Port } from '../../stack/link/port.js';
import type { Environment } from '../machine.js';

/** In the order of the config. */
export function createPorts(config: DeviceConfig, env: Environment, timers: Timers): Port[] {
  return config.ports.map((port) => createPort(port, env, timers));
}

/** Each draws from a stream of its own: one port more does not shift another's losses. */
export function createPort(config: PortConfig, env: Environment, timers: Timers): Port {
  const { name, link, mtu, impairment, impairmentIn } = config;
  const random = env.random.fork(`port ${name}`);
  return new Port({ name, link, mtu, impairment, impairmentIn, random, timers, crc32: env.crc32 });
}

/** Takes a port out of a machine's list. What is still on its way out finds no carrier. */
export function unlist(ports: Port[], port: Port): void {
  const index = ports.indexOf(port);
  if (index < 0) throw new RangeError(`the machine has no port ${port.name}`);
  ports.splice(index, 1);
  port.setCarrier(false);
}

/** `mac` and `addresses` are for ports that are network interfaces. */
export function interfaceRow(port: Port, mac?: string, addresses: readonly string[] = []): InterfaceRow {
  const { counters } = port;
  return {
    name: port.name,
    ...(port.link === '' ? {} : { link: port.link }),
    ...(mac === undefined ? {} : { mac }),
    addresses,
    mtu: port.mtu,
    carrier: port.carrier,
    framesIn: counters.framesIn,
    framesOut: counters.framesOut,
    bytesIn: counters.bytesIn,
    bytesOut: counters.bytesOut,
    datagramsIn: 0,
    datagramsOut: 0,
    droppedIn: counters.droppedIn,
    droppedOut: counters.droppedOut,
    drops: counters.drops(),
  };
}

export function counterRows(counters: Counters): CounterRow[] {
  return counters.entries().map(([name, value]) => ({ name, value }));
}
