/**
 * Two machines joined by one cable, in real time: for programs that bring timers and threads of their own, as
 * Node's http and tls do. Nothing is lost, a packet arrives in the next turn of the event loop.
 *
 *     const pair = new RealTimePair();
 *     const server = pair.b.createServer({});
 *     const socket = pair.a.connect({ host: B_ADDRESS, port: 80 });
 *     …
 *     pair.close();
 */
import { crc32 } from 'node:zlib';
import { Network } from '../../devices/net/network.js';
import { Timers } from '../../devices/stack/clock.js';
import { Port } from '../../devices/stack/link/port.js';
import { Random } from '../../devices/stack/random.js';
import { Stack } from '../../devices/stack/stack.js';
import { parseCidr } from '../../devices/stack/wire/address.js';

export const A_ADDRESS = '10.0.0.1';
export const B_ADDRESS = '10.0.0.2';

/** setTimeout takes no more. */
const MAX_TIMEOUT_MS = 0x7fffffff;

export class RealTimePair {
  readonly a: Network;
  readonly b: Network;
  private readonly machines: readonly [RealTimeMachine, RealTimeMachine];

  constructor() {
    const a = new RealTimeMachine('a', `${A_ADDRESS}/24`, 0x02000000000a);
    const b = new RealTimeMachine('b', `${B_ADDRESS}/24`, 0x02000000000b);
    a.sendTo(b);
    b.sendTo(a);
    this.machines = [a, b];
    this.a = a.network;
    this.b = b.network;
  }

  /** The cable is cut for good, and the timers stop: nothing of it keeps the process alive. */
  close(): void {
    for (const machine of this.machines) machine.close();
  }
}

class RealTimeMachine {
  readonly network: Network;
  private readonly stack: Stack;
  private readonly port: Port;
  private arrived: Uint8Array[] = [];
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(name: string, address: string, mac: number) {
    const timers = new Timers();
    timers.now = performance.now();
    const random = new Random(name);
    this.port = new Port({ name: 'eth0', timers, random, crc32 });
    const cidr = parseCidr(address);
    if (cidr === undefined) throw new RangeError(address);
    this.stack = new Stack({
      name,
      nics: [{ port: this.port, mac, addresses: [cidr] }],
      forwarding: false,
      random,
      timers,
      tcpMslMs: 50,
    });
    this.network = new Network(this.stack, {
      now: () => performance.now(),
      wallClock: () => Date.now(),
      wake: () => this.wake(),
    });
  }

  sendTo(peer: RealTimeMachine): void {
    this.port.transmit = (packet) => peer.arrive(packet);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private arrive(packet: Uint8Array): void {
    if (this.arrived.push(packet) === 1) setImmediate(() => this.receiveAll());
  }

  private receiveAll(): void {
    const packets = this.arrived;
    this.arrived = [];
    if (this.closed) return;
    for (const packet of packets) this.stack.receive(this.stack.nics[0], packet, performance.now());
    this.wake();
  }

  private wake(): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    const next = this.stack.nextTimeoutAt();
    if (next === Number.POSITIVE_INFINITY) return;
    const delay = Math.min(MAX_TIMEOUT_MS, Math.max(0, next - performance.now()));
    this.timer = setTimeout(() => {
      this.stack.advance(performance.now());
      this.wake();
    }, delay);
  }
}
