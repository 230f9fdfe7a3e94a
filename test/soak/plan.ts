/**
 * What happens in a random world, drawn from its seed before anything runs: networks in a row, joined by routers; what
 * their cables do to frames; when cables break and networks change; who says how much to whom, and how it ends.
 */
import type { Impairment } from '../../devices/stack/link-settings.js';
import { Random } from '../../devices/stack/random.js';
import type { TcpSettings } from '../../devices/stack/stack.js';

export type Medium = 'cable' | 'switch' | 'hub';

export interface NetworkPlan {
  readonly medium: Medium;
  readonly mtu: number;
  readonly hosts: readonly HostPlan[];
}

export interface HostPlan {
  readonly name: string;
  /** `10.0.1.11`, always in a /24. */
  readonly address: string;
  readonly tcp: TcpSettings;
}

/** Something happens to all cables of a network, or to one. */
export type Disturbance =
  | { readonly kind: 'cut'; readonly at: number; readonly cable: number; readonly ms: number }
  | { readonly kind: 'impair'; readonly at: number; readonly cable: number; readonly impairment: Impairment }
  | { readonly kind: 'mtu'; readonly at: number; readonly network: number; readonly mtu: number };

export interface EndPlan {
  /** To be sent in all. */
  readonly bytes: number;
  /** Given to the connection at once, and how long it is waited for the next. */
  readonly chunk: number;
  readonly pauseMs: number;
  /** Read at once; 0: all there is. With a pause before each reading. */
  readonly sip: number;
  readonly sipMs: number;
  /** Ends its direction when all is given, or only after the peer has ended. */
  readonly ends: 'when sent' | 'after the peer';
  /** Lets go when so many bytes have come. */
  readonly leaves?: { readonly how: 'abort' | 'close'; readonly afterBytes: number };
  readonly noDelay: boolean;
  readonly keepAliveMs?: number;
}

export interface ConversationPlan {
  readonly at: number;
  readonly port: number;
  /** Names of hosts; the same for a connection of a machine with itself. */
  readonly client: string;
  readonly server: string;
  /** Nobody listens, or there is no such machine. */
  readonly nobody?: 'listens' | 'is there';
  readonly up: EndPlan;
  readonly down: EndPlan;
}

export interface ChatterPlan {
  readonly kind: 'udp' | 'ping';
  readonly from: string;
  readonly to: string;
  readonly at: number;
  readonly count: number;
  readonly everyMs: number;
  readonly bytes: number;
}

export interface WorldPlan {
  readonly seed: string;
  readonly networks: readonly NetworkPlan[];
  /** Cables are numbered as they are laid: network by network, hosts before routers. */
  readonly impairments: readonly Impairment[];
  /** Of a frame on the worst way, both directions alike. */
  readonly loss: number;
  readonly disturbances: readonly Disturbance[];
  readonly conversations: readonly ConversationPlan[];
  readonly chatter: readonly ChatterPlan[];
}

const MAX_BYTES = 200_000;
/** What bad lines are given, so that a world ends within its time: virtual, but also ours. */
const MAX_BYTES_WHEN_BAD = 20_000;
const BAD_LOSS = 0.1;
const FIRST_PORT = 7000;

export function planWorld(seed: string): WorldPlan {
  const random = new Random(seed);
  const networks = planNetworks(random.fork('networks'));
  const cables = networks.reduce((sum, network, index) => sum + cablesOf(network, index, networks.length), 0);
  const { impairments, loss } = planImpairments(random.fork('impairments'), cables);
  const hosts = networks.flatMap((network) => network.hosts);
  return {
    seed,
    networks,
    impairments,
    loss,
    disturbances: planDisturbances(random.fork('disturbances'), networks.length, cables),
    conversations: planConversations(random.fork('conversations'), hosts, loss),
    chatter: planChatter(random.fork('chatter'), hosts),
  };
}

/** Members of a network that need a cable; two on a bare cable share it. */
export function cablesOf(network: NetworkPlan, index: number, networks: number): number {
  const members = network.hosts.length + (index > 0 ? 1 : 0) + (index < networks - 1 ? 1 : 0);
  return network.medium === 'cable' ? 1 : members;
}

function planNetworks(random: Random): NetworkPlan[] {
  const count = [1, 1, 1, 2, 2, 3, 4][random.below(7)];
  return Array.from({ length: count }, (_, index) => {
    const routers = (index > 0 ? 1 : 0) + (index < count - 1 ? 1 : 0);
    const least = count === 1 ? 2 : routers === 2 ? 0 : 1;
    const hosts = least + random.below(3);
    const mayBeCable = hosts + routers === 2;
    const medium = mayBeCable && random.chance(0.7) ? 'cable' : random.chance(0.7) ? 'switch' : 'hub';
    return {
      medium,
      mtu: random.chance(0.7) ? 1500 : 576 + random.below(925),
      hosts: Array.from({ length: hosts }, (_, n) => ({
        name: `h${index}${n}`,
        address: `10.0.${index}.${11 + n}`,
        tcp: planTcp(random),
      })),
    };
  });
}

function planTcp(random: Random): TcpSettings {
  const buffer = () => (random.chance(0.6) ? undefined : 2 ** (11 + random.below(8)) + random.below(1000));
  return { sendBufferBytes: buffer(), receiveBufferBytes: buffer() };
}

function planImpairments(random: Random, cables: number): { impairments: Impairment[]; loss: number } {
  // Most worlds are fair; some are terrible, and all of that at one or two places.
  const worst = random.chance(0.3) ? 0 : random.chance(0.7) ? 0.05 * random.uniform() : 0.3 * random.uniform();
  const bad = new Set([random.below(cables), random.below(cables)]);
  let pass = 1;
  const impairments = Array.from({ length: cables }, (_, index) => {
    const share = bad.has(index) ? worst / bad.size : 0;
    const corrupt = share > 0 && random.chance(0.3) ? share / 3 : 0;
    const loss = share - corrupt;
    pass *= 1 - share;
    return { ...planLine(random), ...(loss > 0 && { loss }), ...(corrupt > 0 && { corrupt }) };
  });
  return { impairments, loss: 1 - pass };
}

function planLine(random: Random): Impairment {
  const delayMs = random.chance(0.4) ? 0 : 100 * random.uniform() ** 2;
  return {
    delayMs,
    ...(random.chance(0.3) && { jitterMs: delayMs * random.uniform() }),
    ...(random.chance(0.2) && { duplicate: 0.2 * random.uniform() }),
    ...(random.chance(0.25) && { reorder: 0.3 * random.uniform(), reorderDelayMs: 40 * random.uniform() }),
    ...(random.chance(0.5) && {
      rateBps: 10 ** (5.5 + 3 * random.uniform()),
      queueBytes: 5_000 + random.below(300_000),
    }),
  };
}

function planDisturbances(random: Random, networks: number, cables: number): Disturbance[] {
  if (random.chance(0.6)) return [];
  return Array.from({ length: 1 + random.below(3) }, (): Disturbance => {
    const at = 20_000 * random.uniform();
    const cable = random.below(cables);
    const choice = random.below(4);
    if (choice < 2) return { kind: 'cut', at, cable, ms: 10 ** (4.5 * random.uniform()) };
    if (choice === 2) return { kind: 'impair', at, cable, impairment: planLine(random) };
    return { kind: 'mtu', at, network: random.below(networks), mtu: 576 + random.below(925) };
  });
}

function planConversations(random: Random, hosts: readonly HostPlan[], loss: number): ConversationPlan[] {
  const count = 1 + random.below(random.chance(0.2) ? 8 : 3);
  return Array.from({ length: count }, (_, index) => {
    const client = hosts[random.below(hosts.length)];
    const others = hosts.filter((host) => host !== client);
    const server = others.length === 0 || random.chance(0.05) ? client : others[random.below(others.length)];
    const up = planEnd(random, loss);
    const down = planEnd(random, loss);
    // Two who wait for each other wait for ever.
    const polite = up.ends === 'after the peer' && down.ends === 'after the peer';
    return {
      at: random.chance(0.5) ? 0 : 10_000 * random.uniform(),
      port: FIRST_PORT + index,
      client: client.name,
      server: server.name,
      ...(random.chance(0.06) && { nobody: random.chance(0.5) ? 'listens' : 'is there' }),
      up,
      down: polite ? { ...down, ends: 'when sent' } : down,
    };
  });
}

function planEnd(random: Random, loss: number): EndPlan {
  const most = loss > BAD_LOSS ? MAX_BYTES_WHEN_BAD : MAX_BYTES;
  const bytes = random.chance(0.1) ? 0 : Math.round(most ** random.uniform());
  const slow = random.chance(0.2);
  return {
    bytes,
    chunk: random.chance(0.5) ? bytes : 1 + random.below(10_000),
    pauseMs: random.chance(0.6) ? 0 : 50 * random.uniform(),
    sip: slow ? 1 + random.below(8_000) : 0,
    sipMs: slow ? 20 * random.uniform() : 0,
    ends: random.chance(0.6) ? 'when sent' : 'after the peer',
    ...(random.chance(0.12) && {
      leaves: { how: random.chance(0.5) ? 'abort' : 'close', afterBytes: Math.round(most ** random.uniform()) - 1 },
    }),
    noDelay: random.chance(0.3),
    ...(random.chance(0.1) && { keepAliveMs: 500 + random.below(5_000) }),
  };
}

function planChatter(random: Random, hosts: readonly HostPlan[]): ChatterPlan[] {
  return Array.from({ length: random.below(3) }, () => ({
    kind: random.chance(0.5) ? 'udp' : 'ping',
    from: hosts[random.below(hosts.length)].name,
    to: hosts[random.below(hosts.length)].name,
    at: 5_000 * random.uniform(),
    count: 1 + random.below(15),
    everyMs: 500 * random.uniform(),
    bytes: random.chance(0.7) ? random.below(1_400) : random.below(9_000),
  }));
}
