/** One way through a port, as rules see it: what leaves by it, or what arrives by it. */
import type { PacketMeta } from '../../wire/filter/filter.js';
import type { Direction, Port } from '../port.js';
import { DelayLine } from './delay-line.js';

/** Counts frames that a rule has dropped, answered, or ended the connection of. */
export const CHAOS_DROP = 'chaosDrop';

export class Passage {
  readonly port: Port;
  readonly direction: Direction;
  /** What filters may ask of a packet besides its bytes. */
  readonly meta: PacketMeta;

  /** `name`: as captures name the port, `client:eth0`. */
  constructor(port: Port, direction: Direction, name: string) {
    this.port = port;
    this.direction = direction;
    this.meta = { direction, interface: name };
  }

  /** The packet goes where it was going. */
  onward(packet: Uint8Array, fault = ''): void {
    if (this.direction === 'out') this.port.launch(packet, fault);
    else this.port.accept(packet, fault);
  }

  drop(packet: Uint8Array, fault: string): void {
    this.port.discard(packet, this.direction, CHAOS_DROP, fault);
  }

  /**
   * A line for packets to where others come from. They arrive in a turn of their own: the sender may be in the midst of
   * sending.
   */
  backward(fault: string): DelayLine {
    const { port, direction } = this;
    return new DelayLine(port.lineClock, (packet) => {
      if (direction === 'out') port.accept(packet, fault);
      else port.launch(packet, fault);
    });
  }
}
