/**
 * Runs a random world to its end and judges it: every byte is exact or there is a proper error, nothing waits for ever,
 * nothing is left behind, every frame is accounted for.
 */

import { NEVER } from '../../devices/stack/clock.js';
import { MAX_NEIGHBORS } from '../../devices/stack/ip/neighbors.js';
import type { Connection } from '../../devices/stack/tcp/connection.js';
import type { Listener } from '../../devices/stack/tcp/listener.js';
import { parseIpv4 } from '../../devices/stack/wire/address.js';
import { BytePattern } from '../support/byte-pattern.js';
import type { StackNode } from '../support/stack-node.js';
import { Building } from './building.js';
import { startChatter } from './chatter.js';
import { ConversationEnd } from './conversation.js';
import { type ConversationPlan, planWorld, type WorldPlan } from './plan.js';

/** Nothing that works takes so long, even when fifteen retransmissions are waited for again and again. */
const LIMIT_MS = 24 * 3_600_000;
/** Time for what lingers: TIME_WAIT, ARP entries, fragments, keep-alives of those whose peer is gone. */
const LINGER_MS = 3 * 3_600_000;
/** Loss, on the worst way, at which no connection may break. */
const FAIR_LOSS = 0.1;
/** A line that is down for longer may break connections. */
const SHORT_CUT_MS = 2_000;
/** Of the events of one world. A stack that answers itself without end is caught by this. */
const MAX_EVENTS = 20_000_000;

/** A connection that was reset without a reason may be one whose last ACKs were all lost until its peer forgot it. */
const OUTAGE_ERRORS = ['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ECONNRESET'];

interface Conversation {
  readonly plan: ConversationPlan;
  client: ConversationEnd | undefined;
  server: ConversationEnd | undefined;
  listener: Listener | undefined;
}

export interface Summary {
  /** Both directions arrived whole. */
  complete: number;
  /** Codes of errors, and how often. */
  readonly errors: Record<string, number>;
  bytes: number;
  virtualMs: number;
}

/** Throws with the reason when anything is not as it has to be. */
export function runWorld(seed: string): Summary {
  const plan = planWorld(seed);
  const building = new Building(plan);
  const { wiring } = building;
  const conversations = plan.conversations.map((conversation) => begin(building, conversation));
  const chatter = plan.chatter.map((chat) => startChatter(building, chat));
  scheduleDisturbances(building, plan);
  const isOver = (conversation: Conversation) =>
    conversation.client?.over === true && (conversation.server === undefined || conversation.server.over);

  let events = 0;
  const goOn = (done: () => boolean) => () => {
    events += 1;
    if (events > MAX_EVENTS) throw new Error(`more than ${MAX_EVENTS} events until ${wiring.now} ms`);
    return done();
  };
  run(
    building,
    goOn(() => conversations.every(isOver)),
    LIMIT_MS,
  );
  const summary: Summary = { complete: 0, errors: {}, bytes: 0, virtualMs: wiring.now };
  for (const conversation of conversations) judge(conversation, plan, summary);

  for (const {
    client,
    server,
    listener,
    plan: { server: host },
  } of conversations) {
    for (const end of [client, server]) if (end !== undefined && !end.over) end.giveUp();
    building.host(host).call(wiring.now, () => listener?.close());
  }
  for (const { stop } of chatter) stop();
  // A cable that is still cut, or frames in a slow queue, change nothing: time passes, and all is quiet.
  run(
    building,
    goOn(() => false),
    LINGER_MS,
  );
  checkLeftovers(building);
  building.checkFrames();
  return summary;
}

/** Until the condition holds, or nothing happens any more, or the time is over. */
function run({ wiring }: Building, done: () => boolean, limitMs: number): void {
  const until = wiring.now + limitMs;
  wiring.runSync(() => done() || wiring.nextAt() > until || wiring.nextAt() === NEVER, Number.POSITIVE_INFINITY);
}

function begin(building: Building, plan: ConversationPlan): Conversation {
  const { wiring } = building;
  const conversation: Conversation = { plan, client: undefined, server: undefined, listener: undefined };
  const client = building.host(plan.client);
  const server = building.host(plan.server);
  const up = new BytePattern(`up ${plan.port}`);
  const down = new BytePattern(`down ${plan.port}`);
  const now = () => wiring.now;
  if (plan.nobody === undefined) {
    server.call(0, ({ tcp }) => {
      conversation.listener = tcp.listen({ address: 0, port: plan.port });
      conversation.listener.onConnection = (connection: Connection) => {
        if (conversation.server !== undefined) throw new Error(`a second connection to port ${plan.port}`);
        conversation.server = new ConversationEnd(server, now, connection, plan.down, [down, up]);
      };
    });
  }
  const address = plan.nobody === 'is there' ? (parseIpv4('10.0.0.99') ?? 0) : server.address();
  client.call(0, ({ timers }) =>
    timers.after(plan.at, () =>
      client.call(wiring.now, ({ tcp }) => {
        const connection = tcp.connect({ remote: { address, port: plan.port } });
        conversation.client = new ConversationEnd(client, now, connection, plan.up, [up, down]);
      }),
    ),
  );
  return conversation;
}

function scheduleDisturbances(building: Building, { disturbances }: WorldPlan): void {
  const [anyone] = building.hosts.values() as Iterable<StackNode>;
  const at = (ms: number, action: () => void) => void anyone.stack.timers.after(ms, action);
  for (const disturbance of disturbances) {
    at(disturbance.at, () => {
      if (disturbance.kind === 'cut') {
        building.cut(disturbance.cable);
        at(disturbance.ms, () => building.restore(disturbance.cable));
      } else if (disturbance.kind === 'impair') {
        for (const port of building.cables[disturbance.cable].ends) port.setImpairment(disturbance.impairment);
      } else {
        for (const port of building.portsOf[disturbance.network]) port.mtu = disturbance.mtu;
      }
    });
  }
}

function judge({ plan, client, server }: Conversation, world: WorldPlan, summary: Summary): void {
  const who = `${plan.client} > ${plan.server}:${plan.port}`;
  const { up, down } = plan;
  if (client === undefined) throw new Error(`${who}: never began`);
  for (const end of [client, server]) {
    if (end?.error !== undefined) summary.errors[end.error.code] = (summary.errors[end.error.code] ?? 0) + 1;
    summary.bytes += end?.heard ?? 0;
  }
  if (plan.nobody !== undefined) {
    const expected = plan.nobody === 'listens' ? 'ECONNREFUSED' : 'EHOSTUNREACH';
    const codes = isFair(world) ? [expected] : [expected, ...OUTAGE_ERRORS];
    if (!codes.includes(client.error?.code ?? 'none'))
      throw new Error(`${who}: ${client.error?.code}, not ${expected}`);
    return;
  }
  // Whoever has heard the end has heard all that was given before it.
  if (client.peerEnded && client.heard !== server?.sent) throw new Error(`${who}: ${client.heard} of ${server?.sent}`);
  if (server?.peerEnded && server.heard !== client.sent) throw new Error(`${who}: ${server.heard} of ${client.sent}`);
  const somebodyLeft = client.left || server?.left === true;
  const fair = isFair(world);
  const broken = [client, server].some((end) => OUTAGE_ERRORS.includes(end?.error?.code ?? ''));
  if (broken && fair && !somebodyLeft) throw new Error(`${who}: ${client.error?.code} ${server?.error?.code}, why?`);
  for (const [name, end] of [
    ['client', client],
    ['server', server],
  ] as const) {
    if (end === undefined) {
      if (!broken && !somebodyLeft) throw new Error(`${who}: never accepted`);
    } else if (!end.over) {
      // Whose peer is gone without a word, and who only listens, waits for ever: an RST is sent once and may be lost.
      const unheard = somebodyLeft && (world.loss > 0 || !fair);
      if (!broken && !unheard) throw new Error(`${who}: the ${name} waits for ever`);
    }
  }
  if (broken || somebodyLeft) return;
  if (server?.heard !== up.bytes || client.heard !== down.bytes) {
    throw new Error(`${who}: ${server?.heard} of ${up.bytes} up, ${client.heard} of ${down.bytes} down`);
  }
  summary.complete += 1;
}

/** Whether the network is good enough for all connections to last. */
function isFair({ loss, disturbances }: WorldPlan): boolean {
  return (
    loss <= FAIR_LOSS &&
    disturbances.every((disturbance) => disturbance.kind !== 'cut' || disturbance.ms < SHORT_CUT_MS)
  );
}

function checkLeftovers({ wiring, hosts, routers, switches }: Building): void {
  const at = wiring.nextAt();
  if (at !== NEVER) throw new Error(`something still happens at ${at} ms, now it is ${wiring.now} ms`);
  for (const node of [...hosts.values(), ...routers]) {
    const sockets = node.stack.tcp.sockets();
    if (sockets.length > 0) throw new Error(`${node.name}: a socket is left: ${JSON.stringify(sockets[0])}`);
    const neighbors = node.stack.neighbors.entries();
    if (neighbors.length > MAX_NEIGHBORS) throw new Error(`${node.name}: ${neighbors.length} neighbours`);
  }
  const machines = hosts.size + 2 * routers.length;
  for (const bridge of switches) {
    if (bridge.macTable().length > machines) throw new Error(`a switch knows ${bridge.macTable().length} addresses`);
  }
}
