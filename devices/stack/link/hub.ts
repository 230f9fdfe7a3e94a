/** A hub: what comes in at one port goes out at all others, whatever it is. It knows no addresses. */
import type { Port } from './port.js';

export class Hub {
  private readonly ports: Port[] = [];

  /** Takes the ports over: their `deliver` is the hub's. */
  constructor(ports: readonly Port[]) {
    for (const port of ports) this.addPort(port);
  }

  addPort(port: Port): void {
    this.ports.push(port);
    port.deliver = (packet) => this.repeat(port, packet);
  }

  /** What comes in by it from now on goes nowhere. */
  removePort(port: Port): void {
    const index = this.ports.indexOf(port);
    if (index >= 0) this.ports.splice(index, 1);
    port.deliver = () => {};
  }

  private repeat(from: Port, packet: Uint8Array): void {
    for (const port of this.ports) if (port !== from && port.carrier) port.send(packet);
  }
}
