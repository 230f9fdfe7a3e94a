import { type Instant, Timers } from '../../devices/stack/clock.js';
import { Nic } from '../../devices/stack/link/nic.js';
import { Port } from '../../devices/stack/link/port.js';
import type { Impairment } from '../../devices/stack/link-settings.js';
import { Random } from '../../devices/stack/random.js';
import type { MacAddress } from '../../devices/stack/wire/address.js';
import type { WiredNode } from './wiring.js';

/** Ports with timers of their own and nothing behind them: the body of a switch or a hub, or a listening end. */
export class PortNode implements WiredNode {
  readonly name: string;
  readonly timers = new Timers();
  readonly ports: readonly Port[];
  readonly hasPrograms: boolean = false;

  constructor(name: string, portNames: readonly string[], impairment?: Impairment) {
    this.name = name;
    const { timers } = this;
    this.ports = portNames.map(
      (portName) => new Port({ name: portName, timers, random: new Random(`${name} ${portName}`), impairment }),
    );
  }

  receive(port: Port, packet: Uint8Array, now: Instant): void {
    this.timers.advance(now);
    port.receive(packet);
  }

  advance(now: Instant): void {
    this.timers.advance(now);
  }

  nextTimeoutAt(): Instant {
    return this.timers.nextAt();
  }
}

/** A station with one network interface that keeps what it hears, whatever its type. */
export class ListeningStation extends PortNode {
  readonly nic: Nic;
  /** Payloads of the frames that were for this station, as text. */
  readonly heard: string[] = [];
  /** The same of all sound packets that came by, whoever they were for. */
  readonly overheard: string[] = [];

  constructor(name: string, mac: MacAddress) {
    super(name, ['eth0']);
    this.nic = new Nic(this.ports[0], mac);
    this.nic.setHandler(TEST_ETHERTYPE, (frame) => this.heard.push(textOf(frame.payload)));
    this.ports[0].addTap((packet, direction, dropped) => {
      if (direction === 'in' && dropped === '') this.overheard.push(textOf(packet.subarray(22, -4)));
    });
  }

  say(to: MacAddress, text: string): void {
    this.nic.send(to, TEST_ETHERTYPE, new TextEncoder().encode(text));
  }
}

/** IEEE 802 local experimental EtherType 1. */
export const TEST_ETHERTYPE = 0x88b5;

/** Without the padding. */
function textOf(payload: Uint8Array): string {
  return new TextDecoder().decode(payload).replace(/\0+$/, '');
}
