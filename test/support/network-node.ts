import { Network } from '../../devices/net/network.js';
import { StackNode, type StackNodeOptions } from './stack-node.js';
import type { Wiring } from './wiring.js';

/**
 * A stack with sockets as a node of the wiring, for programs on a manual clock:
 *
 *     const a = new NetworkNode(wiring, { name: 'a', addresses: ['10.0.0.1/24'] });
 *     const socket = a.network.connect({ host: '10.0.0.2', port: 80 });
 *     await wiring.until(once(socket, 'connect'));
 */
export class NetworkNode extends StackNode {
  readonly network: Network;
  override readonly hasPrograms = true;

  /** Attaches itself. */
  constructor(wiring: Wiring, options: StackNodeOptions) {
    super(options);
    this.network = new Network(this.stack, { now: () => wiring.now, wallClock: () => wiring.now, wake: () => {} });
    wiring.attach(this);
  }
}
