/** A small internet for tests of names: one router in the middle, a machine with programs in each network around it. */

import { DnsForwarder, type ForwarderTiming } from '../../../devices/apps/dns/forwarder.js';
import { NameServer } from '../../../devices/apps/dns/name-server.js';
import type { RecursionTiming } from '../../../devices/apps/dns/recursion.js';
import { type Logger, NO_LOG } from '../../../devices/apps/machine.js';
import type { DnsServerConfig, ResolverConfig, ZoneConfig } from '../../../devices/control/config.js';
import { type DnsAsk, DnsExchange, type DnsReply } from '../../../devices/net/dns-exchange.js';
import { Network } from '../../../devices/net/network.js';
import { Resolver, type ResolverTiming } from '../../../devices/net/resolver.js';
import { Random } from '../../../devices/stack/random.js';
import type { TraceEvent } from '../../../devices/stack/trace.js';
import { formatRecordData } from '../../../devices/stack/wire/dns-record.js';
import { StackNode, type StackNodeOptions } from '../../support/stack-node.js';
import { type Cable, Wiring } from '../../support/wiring.js';

const NETWORKS = 16;
const DELAY_MS = 5;

/** A machine with programs; its own trace is in `traced`. */
export class DnsNode extends StackNode {
  override readonly hasPrograms: boolean = true;
  readonly network: Network;
  /** Its first address. */
  readonly ip: string;
  readonly log: Logger = NO_LOG;
  readonly random: Random;

  constructor(wiring: Wiring, options: StackNodeOptions) {
    super(options);
    this.ip = options.addresses[0].split('/')[0];
    this.random = new Random(`programs of ${options.name}`);
    this.network = new Network(this.stack, { now: () => wiring.now, wallClock: () => wiring.now, wake: () => {} });
  }

  get tracer() {
    return this.stack.tracer;
  }

  resolver(config: ResolverConfig, timing?: ResolverTiming): Resolver {
    return new Resolver(this.network, config, this, timing);
  }

  /** The DNS events of the trace, each as one line. */
  dnsLines(): string[] {
    return this.traced.flatMap((event) => dnsLine(event) ?? []);
  }
}

export class DnsNet extends Wiring {
  /** The router; in each network it is the gateway, 10.0.n.254. */
  readonly core: DnsNode;
  private readonly cables = new Map<DnsNode, Cable>();

  constructor() {
    super();
    const addresses = Array.from({ length: NETWORKS }, (_, index) => `10.0.${index}.254/24`);
    this.core = this.attach(new DnsNode(this, { name: 'core', addresses, forwarding: true }));
  }

  /** The first one is 10.0.0.1, the second 10.0.1.1, … */
  host(name: string): DnsNode {
    const index = this.cables.size;
    const options = { name, addresses: [`10.0.${index}.1/24`], routes: [`default via 10.0.${index}.254`] };
    const node = this.attach(new DnsNode(this, options));
    this.cables.set(node, this.link(`${name}:eth0`, `core:eth${index}`, { delayMs: DELAY_MS }));
    return node;
  }

  /** One of those made by {@link host}. Throws Error when there is none of that name. */
  nodeNamed(name: string): DnsNode {
    const node = [...this.cables.keys()].find((one) => one.name === name);
    if (node === undefined) throw new Error(`no machine ${name}`);
    return node;
  }

  /** Nothing reaches the machine any more, and nothing comes from it; the router does not notice. */
  kill(node: DnsNode): void {
    const index = [...this.cables.keys()].indexOf(node);
    this.core.call(this.now, ({ neighbors, nics }) => neighbors.setPermanent(nics[index], node.address(), node.mac()));
    const cable = this.cables.get(node);
    if (cable !== undefined) cable.fault = () => 'drop';
  }

  revive(node: DnsNode): void {
    const cable = this.cables.get(node);
    if (cable !== undefined) cable.fault = undefined;
  }

  /** Everything to and from the machine takes so many milliseconds longer. */
  slowDown(node: DnsNode, ms: number): void {
    const cable = this.cables.get(node);
    if (cable !== undefined) cable.delayMs += ms / 2;
  }

  nameServer(name: string, config: DnsServerConfig, timing?: RecursionTiming): DnsNode & { server: NameServer } {
    const node = this.host(name);
    const server = new NameServer(node.network, config, node, timing);
    server.start();
    return Object.assign(node, { server });
  }

  forwarder(name: string, servers: readonly string[], timing?: ForwarderTiming): DnsNode & { server: DnsForwarder } {
    const node = this.host(name);
    const server = new DnsForwarder(node.network, { servers }, node, timing);
    server.start();
    return Object.assign(node, { server });
  }

  /** One question from one machine to another. */
  ask(from: DnsNode, to: DnsNode, ask: Partial<DnsAsk> & { name: string }): Promise<DnsReply> {
    const exchange = new DnsExchange(from.network, { random: from.random, tracer: from.tracer, program: 'test' });
    return this.until(exchange.ask(to.ip, { type: 'A', recursionDesired: true, timeoutMs: 20_000, ...ask }));
  }
}

/** `www A 192.0.2.1`, one record a line, the TTL in front of the type if there is one. */
export function zone(name: string, ...lines: string[]): ZoneConfig {
  const records = lines.map((line) => {
    const match = /^(\S+) (?:(\d+) )?([A-Z]+\d*) (.*)$/.exec(line);
    if (match === null) throw new Error(`not a record: ${line}`);
    const [, owner, ttl, type, data] = match;
    return { name: owner, type, data, ...(ttl === undefined ? {} : { ttlSeconds: Number(ttl) }) };
  });
  return { name, records };
}

/** The answer section as text: `www.server.com A 192.0.2.1`. */
export function answersOf({ message }: DnsReply): string[] {
  return message.answers.map((record) => `${record.name} ${record.type} ${formatRecordData(record)}`);
}

function dnsLine(event: TraceEvent): string | undefined {
  switch (event.event) {
    case 'dns-cache':
      return `${event.cache} ${event.hit ? `hit ${event.answers.join(' ')}` : 'miss'}`.trimEnd();
    case 'dns-query':
      return `ask ${event.to} ${event.zone === undefined ? '' : `(${event.zone}) `}${event.type} ${event.name}`;
    case 'dns-answer':
      return `${event.kind} from ${event.from}: ${event.answers.join(' ')}`.replace(/: $/, '');
    case 'dns-timeout':
      return `no answer from ${event.to}`;
    default:
      return undefined;
  }
}
