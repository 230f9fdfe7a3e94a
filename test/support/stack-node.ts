/**
 * A protocol stack as a node of the wiring: no programs, no promises, everything by `wiring.runSync()`.
 *
 *     const wiring = new Wiring();
 *     const a = wiring.attach(new StackNode({ name: 'a', addresses: ['10.0.0.1/24'] }));
 *     const b = wiring.attach(new StackNode({ name: 'b', addresses: ['10.0.0.2/24'] }));
 *     wiring.link('a:eth0', 'b:eth0');
 *     const connection = a.call(wiring.now, ({ tcp }) => tcp.connect({ remote: { address: b.address(), port: 80 } }));
 *     wiring.runSync(wiring.now + 100);
 */
import { crc32 } from 'node:zlib';
import { type Instant, Timers } from '../../devices/stack/clock.js';
import { Port } from '../../devices/stack/link/port.js';
import type { Impairment } from '../../devices/stack/link-settings.js';
import { Random } from '../../devices/stack/random.js';
import { Stack, type StackOptions } from '../../devices/stack/stack.js';
import type { TraceDetail, TraceEvent } from '../../devices/stack/trace.js';
import { type Cidr, type Ipv4Address, parseCidr, parseIpv4 } from '../../devices/stack/wire/address.js';
import type { WiredNode } from './wiring.js';

export interface StackNodeOptions
  extends Partial<Pick<StackOptions, 'forwarding' | 'tcpMslMs' | 'tcp' | 'arpReachableMs' | 'counters'>> {
  readonly name: string;
  /** One an interface, `eth0` first: `10.0.0.1/24`; empty for none; several apart by spaces. */
  readonly addresses: readonly string[];
  /** `10.0.0.0/8 via 10.0.0.254`; `default via 10.0.0.254`. */
  readonly routes?: readonly string[];
  /** Of all interfaces. */
  readonly mtu?: number;
  readonly impairment?: Impairment;
  readonly seed?: string | number;
}

export class StackNode implements WiredNode {
  readonly name: string;
  readonly ports: readonly Port[];
  readonly stack: Stack;
  readonly traced: TraceEvent[] = [];
  readonly hasPrograms: boolean = false;

  constructor(options: StackNodeOptions) {
    const { name, mtu, impairment, forwarding = false, tcpMslMs, tcp, arpReachableMs, counters } = options;
    this.name = name;
    const timers = new Timers();
    const random = new Random(options.seed ?? 'stack').fork(`device ${name}`);
    const nics = options.addresses.map((list, index) => ({
      port: new Port({ name: `eth${index}`, timers, random: random.fork(`port eth${index}`), mtu, impairment, crc32 }),
      mac: macOf(name, index),
      addresses: list === '' ? [] : list.split(' ').map(cidrOf),
    }));
    this.ports = nics.map(({ port }) => port);
    const tracer = {
      enabled: true,
      emit: (detail: TraceDetail) => this.traced.push({ ...detail, at: timers.now }),
    };
    const routes = (options.routes ?? []).map(routeOf);
    const settings = { forwarding, tcpMslMs, tcp, arpReachableMs, counters };
    this.stack = new Stack({ name, nics, routes, random, timers, tracer, ...settings });
  }

  /** The first address of the interface. */
  address(index = 0): Ipv4Address {
    return this.stack.ipv4.interfaces[index].addresses[0].address;
  }

  mac(index = 0): number {
    return this.stack.nics[index].mac;
  }

  /** What a program would do at that instant. */
  call<T>(now: Instant, action: (stack: Stack) => T): T {
    return this.stack.perform(now, () => action(this.stack));
  }

  receive(port: Port, packet: Uint8Array, now: Instant): void {
    this.stack.receive(this.stack.nics[this.ports.indexOf(port)], packet, now);
  }

  advance(now: Instant): void {
    this.stack.advance(now);
  }

  nextTimeoutAt(): Instant {
    return this.stack.nextTimeoutAt();
  }
}

/** Locally administered, the same for the same name: 02, four bytes of the name's end, the interface from 1. */
function macOf(name: string, index: number): number {
  let tail = 0;
  for (const character of name) tail = (tail * 31 + character.charCodeAt(0)) >>> 0;
  return 0x020000000000 + tail * 0x100 + index + 1;
}

function cidrOf(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new RangeError(`not an address with prefix length: ${text}`);
  return cidr;
}

function routeOf(text: string) {
  const [destination, , gateway] = text.split(' ');
  return {
    destination: cidrOf(destination === 'default' ? '0.0.0.0/0' : destination),
    gateway: parseIpv4(gateway),
  };
}
