/** The machines and cables of a planned world, and the count of all frames on them. */
import { Counters } from '../../devices/stack/counters.js';
import { Hub } from '../../devices/stack/link/hub.js';
import type { Port } from '../../devices/stack/link/port.js';
import { Switch } from '../../devices/stack/link/switch.js';
import { NO_TRACE } from '../../devices/stack/trace.js';
import { PortNode } from '../support/port-node.js';
import { StackNode } from '../support/stack-node.js';
import { type Cable, type WiredNode, Wiring } from '../support/wiring.js';
import type { NetworkPlan, WorldPlan } from './plan.js';

/** What a port refuses before it counts a frame as come in. */
const PHYSICAL_FAULTS = ['badPreamble', 'badFcs', 'runt', 'giant'] as const;

export class Building {
  readonly wiring = new Wiring();
  readonly hosts = new Map<string, StackNode>();
  readonly routers: StackNode[] = [];
  readonly switches: Switch[] = [];
  readonly cables: Cable[] = [];
  /** Of each network, the ports of all its members. */
  readonly portsOf: Port[][] = [];
  /** For pings. */
  nextIdentifier = 1;
  private readonly arrived = new Map<Port, number>();
  private readonly hasBeenCut = new Set<Cable>();

  constructor(plan: WorldPlan) {
    this.wiring.keepFrames = false;
    const { networks, seed } = plan;
    for (const [index, network] of networks.entries()) {
      for (const { name, address, tcp } of network.hosts) {
        const routes = [
          ...(index > 0 ? [`10.0.0.0/16 via 10.0.${index}.1`] : []),
          // Before the wider one: what is behind the next router.
          ...networks.slice(index + 1).map((_, n) => `10.0.${index + 1 + n}.0/24 via 10.0.${index}.254`),
        ];
        const node = new StackNode({ name, addresses: [`${address}/24`], routes, tcp, seed });
        this.hosts.set(name, this.add(node));
      }
      if (index > 0) this.routers.push(this.addRouter(index, networks.length, seed));
    }
    for (const [index, network] of networks.entries()) this.lay(network, index, plan);
  }

  /** Router n joins networks n - 1 and n. */
  private addRouter(index: number, networks: number, seed: string): StackNode {
    const below = Array.from({ length: index - 1 }, (_, n) => `10.0.${n}.0/24 via 10.0.${index - 1}.1`);
    const above = Array.from(
      { length: networks - index - 1 },
      (_, n) => `10.0.${index + 1 + n}.0/24 via 10.0.${index}.254`,
    );
    const addresses = [`10.0.${index - 1}.254/24`, `10.0.${index}.1/24`];
    return this.add(
      new StackNode({ name: `r${index}`, addresses, routes: [...below, ...above], forwarding: true, seed }),
    );
  }

  /** Attaches a node and counts what reaches its ports. */
  private add<T extends WiredNode>(node: T): T {
    const receive = node.receive.bind(node);
    node.receive = (port, packet, now) => {
      this.arrived.set(port, (this.arrived.get(port) ?? 0) + 1);
      receive(port, packet, now);
    };
    return this.wiring.attach(node);
  }

  private lay(network: NetworkPlan, index: number, { impairments, networks }: WorldPlan): void {
    const members = network.hosts.map(({ name }) => `${name}:eth0`);
    if (index > 0) members.push(`r${index}:eth1`);
    if (index < networks.length - 1) members.push(`r${index + 1}:eth0`);
    const ports: Port[] = [];
    const link = (a: string, b: string) => {
      const cable = this.wiring.link(a, b, { delayMs: 0, impairment: impairments[this.cables.length] });
      this.cables.push(cable);
      ports.push(...cable.ends);
    };
    if (network.medium === 'cable') link(members[0], members[1]);
    else {
      const name = `${network.medium}${index}`;
      const body = this.add(
        new PortNode(
          name,
          members.map((_, n) => String(n + 1)),
        ),
      );
      const { timers } = body;
      if (network.medium === 'hub') new Hub(body.ports);
      else this.switches.push(new Switch({ ports: body.ports, timers, tracer: NO_TRACE, counters: new Counters() }));
      members.forEach((member, n) => {
        link(member, `${name}:${n + 1}`);
      });
    }
    for (const port of ports) port.mtu = network.mtu;
    this.portsOf.push(ports);
  }

  host(name: string): StackNode {
    const host = this.hosts.get(name);
    if (host === undefined) throw new Error(`no host ${name}`);
    return host;
  }

  /** What is on the way is lost. */
  cut(index: number): void {
    this.cables[index].cut();
    this.hasBeenCut.add(this.cables[index]);
  }

  restore(index: number): void {
    this.cables[index].restore();
  }

  /** Every frame that was sent has arrived, unless its cable was cut, and every one that arrived was counted. */
  checkFrames(): void {
    for (const cable of this.cables) {
      const [a, b] = cable.ends;
      for (const [from, to] of [
        [a, b],
        [b, a],
      ]) {
        const came = this.arrived.get(to) ?? 0;
        const refused = PHYSICAL_FAULTS.reduce((sum, reason) => sum + (to.counters.dropsIn.get(reason) ?? 0), 0);
        if (to.counters.framesIn + refused !== came) {
          throw new Error(`${to.name}: ${came} frames came, ${to.counters.framesIn} + ${refused} were counted`);
        }
        const { framesOut } = from.counters;
        if (framesOut !== came && !(framesOut > came && this.hasBeenCut.has(cable))) {
          throw new Error(`${framesOut} frames were sent, ${came} came`);
        }
      }
    }
  }
}
