/** Faults that know protocols, as packet conversations: who gets what, what is dropped where, and how programs go on. */
import t, { type Test } from 'tap';
import type { ReplyKind, RuleAction, RuleOrder } from '../../devices/control.js';
import { parseDns } from '../../devices/stack/wire/dns.js';
import { isMalformed } from '../../devices/stack/wire/malformed.js';
import { ACK, RST, SYN } from '../../devices/stack/wire/tcp.js';
import { BytePattern } from '../support/byte-pattern.js';
import { arpOf, describePacket, tcpOf, udpOf } from '../support/packets.js';
import { World } from '../support/world.js';
import { shippedWorld, tracedBy } from './shipped-world.js';

const CLIENT = '10.0.1.1';
const SERVER = '10.0.2.80';
const URL = `http://${SERVER}/page`;
const PAGE = new BytePattern('page').at(0, 40_000);

/** Client and server with a router between them. */
function smallWorld(t: Test): World {
  const world = new World({ seed: 'faults' });
  const route = (gateway: string) => [{ destination: '0.0.0.0/0', gateway }];
  world.add({
    name: 'client',
    kind: 'host',
    ports: [{ name: 'eth0', addresses: [`${CLIENT}/24`] }],
    routes: route('10.0.1.254'),
  });
  world.add({
    name: 'router',
    kind: 'router',
    ports: [
      { name: 'eth0', addresses: ['10.0.1.254/24'] },
      { name: 'eth1', addresses: ['10.0.2.254/24'] },
    ],
  });
  world.add({
    name: 'server',
    kind: 'host',
    ports: [{ name: 'eth0', addresses: [`${SERVER}/24`] }],
    routes: route('10.0.2.254'),
    web: { sites: [{ names: [SERVER], root: '/site', echoPath: '/echo' }] },
  });
  world.memory.put('/site/page', PAGE);
  world.link('client:eth0', 'router:eth0', { delayMs: 5 });
  world.link('router:eth1', 'server:eth0', { delayMs: 5 });
  world.start();
  t.teardown(() => world.stop());
  return world;
}

function rule(filter: string, action: RuleAction, more: Partial<RuleOrder> = {}): RuleOrder {
  return { fault: 'fault-1', title: action.kind, filter, at: 'origin', seed: 'fault-1', action, ...more };
}

/** All machines get the rule, as from a lab. */
function fault(world: World, filter: string, action: RuleAction, more: Partial<RuleOrder> = {}): void {
  for (const name of ['client', 'router', 'server']) {
    world.order(name, { rules: [rule(filter, action, { claims: '/run/claims', ...more })] });
  }
}

/** What was hit, on all machines together. */
function hits(world: World): number {
  return ['client', 'router', 'server'].flatMap((name) => world.faultsOf(name)).reduce((sum, { hit }) => sum + hit, 0);
}

interface Seen {
  readonly direction: string;
  readonly dropped: string;
  readonly fault: string;
  readonly packet: Uint8Array;
  readonly at: number;
}

/** What a capture of a port shows. */
function watch(world: World, name: string, portName = 'eth0'): Seen[] {
  const seen: Seen[] = [];
  const port = world.machine(name).ports.find((candidate) => candidate.name === portName);
  port?.addTap((packet, direction, dropped, at, fault) => seen.push({ direction, dropped, fault, packet, at }));
  return seen;
}

function isSynAck({ packet }: Seen): boolean {
  return ((tcpOf(packet)?.flags ?? 0) & (SYN | ACK)) === (SYN | ACK);
}

t.test('drop the 2nd SYN-ACK from server to client', async (t) => {
  const world = smallWorld(t);
  fault(
    world,
    `tcp.flags.syn == 1 && tcp.flags.ack == 1 && ip.src == ${SERVER}`,
    { kind: 'drop' },
    {
      skip: 1,
      count: 1,
    },
  );
  const seen = watch(world, 'server');
  t.match(await world.fetch('client', { url: URL }), { ok: true });
  t.match(await world.fetch('client', { url: URL, clear: true, cache: 'no-store' }), { ok: true });
  const [first, second, third] = seen.filter((entry) => entry.direction === 'out' && isSynAck(entry));
  t.match(first, { dropped: '', fault: '' });
  t.match(second, { dropped: 'chaosDrop', fault: 'fault-1: drop' });
  t.match(third, { dropped: '', fault: '' }, 'it is sent again');
  t.ok(third.at - second.at >= 999, 'after the retransmission timeout of a handshake');
  t.same(world.faultsOf('server'), [{ fault: 'fault-1', title: 'drop', matched: 2, hit: 1, exhausted: true }]);
  t.same(hits(world), 1);
});

t.test('corrupt the third data segment: its FCS fails at the next hop, and it is sent again', async (t) => {
  const world = smallWorld(t);
  fault(world, `ip.src == ${SERVER} && tcp.len > 0`, { kind: 'corrupt' }, { skip: 2, count: 1 });
  const [left, arrived] = [watch(world, 'server'), watch(world, 'router', 'eth1')];
  t.match(await world.fetch('client', { url: URL }), { ok: true, resources: [{ bytes: PAGE.length }] });
  const marked = left.filter((entry) => entry.fault !== '');
  t.match(marked, [{ direction: 'out', dropped: '', fault: 'fault-1: corrupt' }], 'it goes out, and is marked');
  const bad = arrived.filter(({ dropped }) => dropped !== '');
  t.match(bad, [{ direction: 'in', dropped: 'badFcs' }]);
  t.equal(differentBits(marked[0].packet, bad[0].packet), 0);
  t.equal(tracedBy(world, 'server', 'tcp-retransmit').length, 1);
});

t.test('corrupt with a new FCS: links carry it, and the checksum of TCP tells', async (t) => {
  const world = smallWorld(t);
  fault(world, `ip.src == ${SERVER} && tcp.len > 1000`, { kind: 'corrupt', fixFcs: true }, { count: 3, seed: 'x' });
  t.match(await world.fetch('client', { url: URL }), { ok: true, resources: [{ bytes: PAGE.length }] });
  const noticed = ['router', 'client'].flatMap((name) =>
    world
      .machine(name)
      .counters.entries()
      .filter(([counter]) => ['ipv4.badHeader', 'tcp.badChecksum', 'tcp.malformed'].includes(counter)),
  );
  t.equal(
    noticed.reduce((sum, [, count]) => sum + count, 0),
    3,
  );
});

t.test('delay only ACKs: all else overtakes them', async (t) => {
  const world = smallWorld(t);
  await world.fetch('client', { url: URL });
  const quick = await world.fetch('client', { url: URL, clear: true, cache: 'no-store' });
  fault(world, `ip.src == ${CLIENT} && tcp.flags == 0x10 && tcp.len == 0`, { kind: 'delay', delayMs: 50 });
  const sent = watch(world, 'client');
  const slow = await world.fetch('client', { url: URL, clear: true, cache: 'no-store' });
  t.match([quick.ok, slow.ok], [true, true]);
  const lasted = ({ startAt, endAt }: typeof slow) => endAt - startAt;
  t.ok(lasted(slow) > lasted(quick) + 45, `${lasted(quick)} ms, then ${lasted(slow)} ms`);
  const [ack, request] = sent.filter(({ direction, packet }) => direction === 'out' && tcpOf(packet)).slice(1);
  t.match([tcpOf(ack.packet)?.payload.length === 0, ack.fault], [false, ''], 'the request goes first');
  t.match(request, { fault: 'fault-1: delay' }, 'then the ACK of the handshake');
});

t.test('what a rule delays goes on when the rule ends', async (t) => {
  const world = smallWorld(t);
  world.order('client', { rules: [rule('icmp', { kind: 'delay', delayMs: 3_600_000 })] });
  const sent = watch(world, 'client');
  const ping = world.exec('client', `ping -c 1 -W 5 ${SERVER}`);
  await world.runFor(1000);
  t.equal(sent.filter(({ packet }) => describePacket(packet).includes('echo request')).length, 0);
  world.order('client', {});
  t.match(await world.until(ping), { status: 0 });
  t.equal(world.machine('client').ports[0].interceptor, undefined, 'nothing is left of it');
});

t.test('lose every ARP reply for a time', async (t) => {
  const world = smallWorld(t);
  await world.runFor(5000);
  fault(world, 'arp.opcode == "reply"', { kind: 'drop' });
  const seen = watch(world, 'router');
  const failed = await world.exec('client', `ping -c 1 -W 4 ${SERVER}`);
  t.equal(failed.status, 1);
  const replies = seen.filter(({ packet }) => arpOf(packet)?.operation === 2);
  t.ok(replies.length >= 3, 'each request is answered');
  t.ok(replies.every(({ dropped, fault }) => dropped === 'chaosDrop' && fault === 'fault-1: drop'));
  t.equal(hits(world), replies.length);
  for (const name of ['client', 'router', 'server']) world.order(name, {});
  t.match(await world.exec('client', `ping -c 1 ${SERVER}`), { status: 0 });
});

t.test('reset connections to port 80 after 10 kB: both ends learn it, by segments that they accept', async (t) => {
  const world = smallWorld(t);
  fault(world, 'tcp.port == 80', { kind: 'reset', afterBytes: 10_000 }, { title: 'reset' });
  const [server, client] = [watch(world, 'server'), watch(world, 'client')];
  const result = await world.fetch('client', { url: URL });
  t.match(result, { ok: false, error: { code: 'ECONNRESET' } });
  for (const name of ['client', 'server']) {
    const states = tracedBy(world, name, 'tcp-state').filter(({ to }) => to === 'CLOSED');
    t.equal(states.length, 1, `${name}: closed`);
  }
  const resets = (seen: Seen[]) =>
    seen.filter(({ packet, direction }) => direction === 'in' && (tcpOf(packet)?.flags ?? 0) & RST);
  t.match(resets(server), [{ fault: 'fault-1: reset', dropped: '' }], 'its own port hands it back');
  t.equal(resets(client).length, 1);
  const dropped = server.filter((entry) => entry.dropped === 'chaosDrop');
  t.equal(tcpOf(resets(client)[0].packet)?.seq, tcpOf(dropped[0].packet)?.seq, 'the number that comes next');
  t.equal(hits(world), dropped.length, 'and all that was sent in one go with it');
  const carried = [...server, ...client]
    .filter(({ direction, dropped: reason }) => direction === 'out' && reason === '')
    .reduce((sum, { packet }) => sum + (tcpOf(packet)?.payload.length ?? 0), 0);
  t.ok(carried < 10_000 && carried > 10_000 - 1460, `${carried} bytes in both directions`);
});

t.test('SERVFAIL to the first query for www.server.com, wherever it is asked', async (t) => {
  const world = shippedWorld('mini-internet');
  t.teardown(() => world.stop());
  await world.configured();
  const filter = 'dns.qry.name == "www.server.com" && dns.flags.response == 0 && udp';
  const order = rule(filter, { kind: 'reply', reply: 'servfail' }, { count: 1, claims: '/claims', title: 'SERVFAIL' });
  const machines = ['client', 'home-router', 'isp-dns'];
  for (const name of machines) world.order(name, { rules: [order] });
  const seen = watch(world, 'client');
  const answer = await world.exec('client', 'dig www.server.com');
  t.match(answer.stdout, /status: SERVFAIL/);
  const [query, reply] = seen.filter(({ packet }) => udpOf(packet) !== undefined);
  t.match(query, { direction: 'out', dropped: 'chaosDrop', fault: 'fault-1: SERVFAIL' });
  t.match(reply, { direction: 'in', dropped: '', fault: 'fault-1: SERVFAIL' });
  t.match((await world.exec('client', 'dig +short www.server.com')).stdout, /203\.0\.113\.80/);
  t.equal(
    machines.flatMap((name) => world.faultsOf(name)).reduce((sum, { hit }) => sum + hit, 0),
    1,
    'the first alone',
  );
});

t.test('a resolver that is answered SERVFAIL once, capitals mixed or not, asks on and finds the address', async (t) => {
  const world = shippedWorld('mini-internet');
  t.teardown(() => world.stop());
  await world.configured();
  const filter = 'dns.qry.name matches "^www.server.com$" && ip.src == 198.51.100.53 && dns.flags.response == 0';
  const order = rule(filter, { kind: 'reply', reply: 'servfail' });
  world.order('isp-dns', { rules: [order] });
  const seen = watch(world, 'isp-dns');
  t.match((await world.exec('client', 'dig www.server.com')).stdout, /status: SERVFAIL/, 'no server has an answer');
  const hit = world.faultsOf('isp-dns')[0].hit;
  t.ok(hit >= 1);
  const marked = seen.filter(({ fault: mark }) => mark !== '');
  t.equal(marked.filter(({ direction }) => direction === 'out').length, hit);
  const [question, answer] = marked.map(({ packet }) => questionIn(packet));
  t.equal(answer, question, 'the name as it was asked, each capital of it');
  t.equal(world.machine('isp-dns').ports[0].counters.dropsOut.get('chaosDrop'), hit);

  world.order('isp-dns', { rules: [{ ...order, count: 1 }] });
  // RFC 9520: failures are remembered for a while.
  await world.runFor(60_000);
  world.order('isp-dns', {});
  t.match((await world.exec('client', 'dig +short www.server.com')).stdout, /203\.0\.113\.80/);
});

t.test(
  'the network is unreachable, a port closed, the way prohibited: programs are told as by the network',
  async (t) => {
    const world = smallWorld(t);
    const told = async (reply: ReplyKind, filter = 'tcp.flags.syn == 1') => {
      fault(world, filter, { kind: 'reply', reply }, { count: 1, claims: `/run/${reply}` });
      const { error } = await world.fetch('client', { url: URL, timeoutMs: 20_000 });
      return error?.code ?? 'ok';
    };
    t.equal(await told('reset', 'tcp.flags.syn == 1 && tcp.flags.ack == 0'), 'ECONNREFUSED');
    t.equal(await told('port-unreachable'), 'ECONNREFUSED');
    t.equal(await told('admin-prohibited'), 'EHOSTUNREACH');
    t.equal(await told('host-unreachable'), 'EHOSTUNREACH');
    t.equal(await told('net-unreachable'), 'ENETUNREACH');
    fault(world, 'icmp.type == 8', { kind: 'reply', reply: 'time-exceeded' }, { claims: undefined });
    t.match(
      (await world.exec('client', `ping -c 1 -W 1 ${SERVER}`)).stdout,
      /From 10\.0\.1\.254 .*Time to live exceeded/,
    );
  },
);

t.test('reset after so many bytes counts what both ends send, each judged where it is made', async (t) => {
  const world = smallWorld(t);
  fault(world, 'tcp.port == 80', { kind: 'reset', afterBytes: 8000 }, { title: 'reset' });
  const [server, client] = [watch(world, 'server'), watch(world, 'client')];
  const result = await world.fetch('client', { url: `http://${SERVER}/echo`, method: 'POST', data: 'x'.repeat(5000) });
  t.match(result, { ok: false, error: { code: 'ECONNRESET' } });
  const sentBy = (seen: Seen[]) =>
    seen
      .filter(({ direction, dropped }) => direction === 'out' && dropped === '')
      .reduce((sum, { packet }) => sum + (tcpOf(packet)?.payload.length ?? 0), 0);
  t.ok(sentBy(client) > 5000, `the client has sent ${sentBy(client)} bytes`);
  const both = sentBy(client) + sentBy(server);
  t.ok(both < 8000 && both > 8000 - 1460, `both have sent ${both}`);
  t.equal(world.faultsOf('client')[0].hit, 0, 'it is the answer that goes too far');
});

t.test(
  'in the middle of the way: a router resets what it forwards, and answers in the place of the receiver',
  async (t) => {
    const world = smallWorld(t);
    const reset = rule('tcp.port == 80', { kind: 'reset', afterBytes: 10_000 }, { at: 'device', count: 1 });
    world.order('router', { rules: [reset] });
    t.match(await world.fetch('client', { url: URL }), { ok: false, error: { code: 'ECONNRESET' } });
    await world.runFor(10);
    for (const name of ['client', 'server']) {
      t.equal(tracedBy(world, name, 'tcp-state').filter(({ to }) => to === 'CLOSED').length, 1, `${name}: closed`);
    }
    t.match(world.faultsOf('router'), [{ exhausted: true }], 'one connection');
    t.match(await world.fetch('client', { url: URL, clear: true }), { ok: true }, 'the next one is left alone');

    const refuse = rule('icmp.type == 8', { kind: 'reply', reply: 'admin-prohibited' }, { at: { port: 'eth1' } });
    world.order('router', { rules: [refuse] });
    const { stdout, status } = await world.exec('client', `ping -c 1 -W 1 ${SERVER}`);
    t.equal(status, 1);
    t.match(stdout, /From 10\.0\.2\.80 .*Packet filtered/i);
    t.match(world.faultsOf('router'), [{ port: 'eth1', matched: 1, hit: 1 }]);
  },
);

t.test('a reset while the browser closes its connections is no news to anybody', async (t) => {
  const world = smallWorld(t);
  fault(world, `tcp.flags.fin == 1 && ip.src == ${CLIENT}`, { kind: 'reset' });
  t.match(await world.fetch('client', { url: URL }), { ok: true });
  await world.runFor(10_000);
  t.ok(hits(world) > 0);
});

function questionIn(packet: Uint8Array): string | undefined {
  const message = parseDns(udpOf(packet)?.payload ?? new Uint8Array(0));
  return isMalformed(message) ? undefined : message.questions[0].name;
}

function differentBits(a: Uint8Array, b: Uint8Array): number {
  let bits = 0;
  for (let i = 0; i < a.length; i++) for (let x = a[i] ^ b[i]; x > 0; x &= x - 1) bits += 1;
  return bits;
}
