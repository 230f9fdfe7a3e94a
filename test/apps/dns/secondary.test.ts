/** Zones on several servers: copied, kept fresh, told of, let go of when they are too old. As conversations on the wire. */
import t from 'tap';
import { NameServer } from '../../../devices/apps/dns/name-server.js';
import type { ZoneConfig } from '../../../devices/control/config.js';
import type { DnsReply } from '../../../devices/net/dns-exchange.js';
import { DnsFrames, frameDns } from '../../../devices/net/dns-framing.js';
import type { TcpSocket } from '../../../devices/net/tcp-socket.js';
import {
  type DnsMessage,
  dnsResponse,
  emitDns,
  OPCODE_NOTIFY,
  OPCODE_UPDATE,
  parseDns,
} from '../../../devices/stack/wire/dns.js';
import { CLASS_IN, type ResourceRecord } from '../../../devices/stack/wire/dns-record.js';
import { isMalformed } from '../../../devices/stack/wire/malformed.js';
import { answersOf, DnsNet, type DnsNode, zone } from './dns-net.js';

const PRIMARY = '10.0.0.1';
const SECOND = '10.0.1.1';
/** refresh 100 s, retry 10 s, expire 1000 s */
const LINES = [
  '@ 60 SOA ns1 admin 7 100 10 1000 30',
  '@ 60 NS ns1',
  '@ 60 NS ns2',
  'ns1 60 A 10.0.0.1',
  'ns2 60 A 10.0.1.1',
];

function primaryZone(extra: Partial<ZoneConfig> = {}, lines: readonly string[] = ['www 60 A 10.0.9.1']): ZoneConfig {
  return { ...zone('server.com', ...LINES, ...lines), transfer: [SECOND], update: ['10.0.2.0/24'], ...extra };
}

const COPY: ZoneConfig = { name: 'server.com', records: [], primaries: [PRIMARY] };

/** Two servers of server.com, and a client. */
function world(extra: Partial<ZoneConfig> = {}, lines?: readonly string[]) {
  const net = new DnsNet();
  const one = net.nameServer('one', { zones: [primaryZone({ notify: [SECOND], ...extra }, lines)] });
  const two = net.nameServer('two', { zones: [COPY] });
  const client = net.host('client');
  return { net, one, two, client };
}

function records(...lines: string[]): ResourceRecord[] {
  const text = zone('server.com', ...lines);
  return text.records.map((config) => ({
    name: `${config.name}.server.com`,
    class: CLASS_IN,
    ttl: config.ttlSeconds ?? 0,
    ...(config.type === 'A'
      ? {
          type: 'A' as const,
          address: Number(config.data.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)),
        }
      : { type: 'TXT' as const, strings: [new TextEncoder().encode(config.data)] }),
  }));
}

function update(net: DnsNet, from: DnsNode, to: DnsNode, authorities: readonly ResourceRecord[]): Promise<DnsReply> {
  const content = { opcode: OPCODE_UPDATE, authorities };
  return net.ask(from, to, { name: 'server.com', type: 'SOA', recursionDesired: false, content });
}

async function serialOf(net: DnsNet, client: DnsNode, server: DnsNode): Promise<number | string> {
  const { message } = await net.ask(client, server, { name: 'server.com', type: 'SOA', recursionDesired: false });
  const [soa] = message.answers;
  return soa?.type === 'SOA' && message.authoritative ? soa.serial : `rcode ${message.rcode}`;
}

t.test('a secondary copies the zone at its start, and answers as one in charge', async (t) => {
  const { net, two, client } = world();
  t.equal(await serialOf(net, client, two), 'rcode 2', 'nothing is known yet');
  const early = await net.ask(client, two, { name: 'www.server.com' });
  t.match(early.message.edns?.options, [{ kind: 'extended-error', infoCode: 14 }], 'Not Ready');
  await net.runFor(500);
  t.equal(await serialOf(net, client, two), 7);
  t.same(answersOf(await net.ask(client, two, { name: 'www.server.com' })), ['www.server.com A 10.0.9.1']);
  t.match((await net.ask(client, two, { name: 'no.server.com' })).message, { rcode: 3, authoritative: true });
  t.match(two.server.zoneRows(), [
    { role: 'secondary', state: 'served', serial: 7, records: 6, refreshSeconds: 100, expireSeconds: 1000 },
  ]);
});

t.test('a name survives the death of one server', async (t) => {
  const { net, one, two, client } = world();
  const root = net.nameServer('root', {
    zones: [
      zone(
        '.',
        'server.com NS ns1.server.com.',
        'server.com NS ns2.server.com.',
        'ns1.server.com A 10.0.0.1',
        'ns2.server.com A 10.0.1.1',
      ),
    ],
  });
  const isp = net.nameServer('isp', { recursion: true, rootHints: [{ name: 'root', address: root.ip }] });
  await net.runFor(500);
  net.kill(one);
  t.same(answersOf(await net.ask(client, isp, { name: 'www.server.com' })), ['www.server.com A 10.0.9.1']);
  net.revive(one);
  net.kill(two);
  t.same(answersOf(await net.ask(client, isp, { name: 'ns1.server.com' })), ['ns1.server.com A 10.0.0.1']);
});

t.test('a change is told (NOTIFY), and only it is copied (IXFR)', async (t) => {
  const { net, one, two, client } = world();
  await net.runFor(500);
  t.match((await update(net, client, one, records('ftp 60 A 10.0.9.2'))).message, { rcode: 0 });
  await net.runFor(500);
  t.equal(await serialOf(net, client, two), 8);
  t.same(answersOf(await net.ask(client, two, { name: 'ftp.server.com' })), ['ftp.server.com A 10.0.9.2']);
  t.match(two.server.zoneRows(), [{ journal: 1 }], 'it came as a change');
  t.match(one.server.zoneRows(), [{ serial: 8, journal: 1 }]);
  t.match(
    two.dnsLines().filter((line) => line.startsWith('ask')),
    ['ask 10.0.0.1 (server.com) SOA server.com'],
    'the serial was asked for once, for the NOTIFY; the transfers go over TCP by themselves',
  );
});

t.test('NOTIFY is repeated until it is heard', async (t) => {
  const { net, one, two, client } = world();
  await net.runFor(500);
  net.kill(two);
  await update(net, client, one, records('ftp 60 A 10.0.9.2'));
  await net.runFor(7_000);
  net.revive(two);
  await net.runFor(10_000);
  t.equal(await serialOf(net, client, two), 8);
});

t.test('without NOTIFY the serial is asked for after REFRESH', async (t) => {
  const { net, one, two, client } = world({ notify: [] });
  await net.runFor(500);
  await update(net, client, one, records('ftp 60 A 10.0.9.2'));
  await net.runFor(90_000);
  t.equal(await serialOf(net, client, two), 7);
  await net.runFor(11_000);
  t.equal(await serialOf(net, client, two), 8);
});

t.test(
  'a primary that is away is asked again after RETRY; after EXPIRE the copy is let go of, and comes back',
  async (t) => {
    const { net, one, two, client } = world();
    await net.runFor(500);
    net.kill(one);
    await net.runFor(200_000);
    const tries = two.dnsLines().filter((line) => line.startsWith('no answer')).length;
    t.ok(tries > 5 && tries < 10, `every 10 s and the time of a question: ${tries}`);
    t.equal(await serialOf(net, client, two), 7, 'the old copy serves');
    await net.runFor(801_000);
    t.equal(await serialOf(net, client, two), 'rcode 2', 'SERVFAIL: not in charge any more');
    t.match(two.server.zoneRows(), [{ state: 'no copy', serial: -1, records: 0 }]);
    net.revive(one);
    await net.runFor(70_000);
    t.equal(await serialOf(net, client, two), 7);
  },
);

t.test('of two primaries the second one does when the first is away', async (t) => {
  const net = new DnsNet();
  const dead = net.host('dead');
  const alive = net.nameServer('alive', { zones: [primaryZone({ transfer: ['10.0.2.1'] })] });
  const copy = net.nameServer('copy', { zones: [{ ...COPY, primaries: [dead.ip, alive.ip] }] });
  const client = net.host('client');
  net.kill(dead);
  await net.runFor(200_000);
  t.equal(await serialOf(net, client, copy), 7);
});

/** Two primaries of different age, both with REFRESH 20, EXPIRE 100. */
function agedWorld(serials: readonly number[]) {
  const net = new DnsNet();
  const primaries = serials.map((serial, i) => {
    const lines = [`@ 60 SOA ns1 admin ${serial} 20 10 100 30`, '@ 60 NS ns1'];
    return net.nameServer(`primary${i}`, { zones: [{ ...zone('server.com', ...lines), transfer: ['10.0.2.1'] }] });
  });
  const copy = net.nameServer('copy', { zones: [{ ...COPY, primaries: primaries.map(({ ip }) => ip) }] });
  return { net, primaries, copy };
}

t.test('a primary that lags behind does not keep the copy from the one that does not', async (t) => {
  const { net, copy } = agedWorld([5, 9]);
  await net.runFor(30_000);
  t.match(copy.server.zoneRows(), [{ serial: 9 }]);
});

t.test('a primary with an older zone is no proof that the copy is still good (RFC 1034 section 4.3.5)', async (t) => {
  const { net, primaries, copy } = agedWorld([5, 9]);
  const [stale, fresh] = primaries;
  await net.runFor(30_000);
  net.kill(fresh);
  await net.runFor(80_000);
  t.match(copy.server.zoneRows(), [{ serial: 9, state: 'served' }]);
  await net.runFor(40_000);
  t.notMatch(copy.server.zoneRows(), [{ serial: 9 }], 'expired');
  net.kill(stale);
});

t.test(
  'an SOA that wants to be asked all the time is asked every 5 seconds; one that expires at once lasts for two questions',
  async (t) => {
    const net = new DnsNet();
    const one = net.nameServer('one', { zones: [primaryZone()].map((config) => ({ ...config, ...hasty })) });
    const two = net.nameServer('two', { zones: [COPY] });
    await net.runFor(21_000);
    const asked = two.dnsLines().filter((line) => line.startsWith('ask')).length;
    t.ok(asked >= 3 && asked <= 4, String(asked));
    net.kill(one);
    await net.runFor(4_000);
    t.match(two.server.zoneRows(), [{ state: 'served' }]);
  },
);

/** REFRESH, RETRY and EXPIRE 0. */
const hasty = { ...zone('server.com', '@ 60 SOA ns1 admin 7 0 0 0 30', '@ 60 NS ns1'), transfer: [SECOND] };

t.test('a copy is handed on, and changes too: a secondary of a secondary', async (t) => {
  const net = new DnsNet();
  const one = net.nameServer('one', { zones: [primaryZone({ notify: [SECOND], update: ['10.0.3.1'] })] });
  net.nameServer('two', { zones: [{ ...COPY, transfer: ['10.0.2.1'], notify: ['10.0.2.1'] }] });
  const three = net.nameServer('three', { zones: [{ ...COPY, primaries: [SECOND] }] });
  const client = net.host('client');
  await net.runFor(5_000);
  t.equal(await serialOf(net, client, three), 7);
  await update(net, client, one, records('ftp 60 A 10.0.9.2'));
  await net.runFor(1_000);
  t.equal(await serialOf(net, client, three), 8);
  t.match(three.server.zoneRows(), [{ journal: 1 }]);
});

t.test('a whole zone in many messages', async (t) => {
  const many = Array.from({ length: 2000 }, (_, i) => `h${i} 60 A 10.7.${i >> 8}.${i & 255}`);
  const { net, two, client } = world({}, many);
  await net.runFor(5_000);
  t.match(two.server.zoneRows(), [{ records: 2005 }]);
  t.same(answersOf(await net.ask(client, two, { name: 'h1999.server.com' })), ['h1999.server.com A 10.7.7.207']);
});

t.test('who may copy: the allowed, and the machine itself', async (t) => {
  const { net, one, two, client } = world();
  const axfr = (from: DnsNode) => net.ask(from, one, { name: 'server.com', type: 'AXFR', transport: 'tcp' });
  t.match((await axfr(client)).message, { rcode: 5, answers: [] });
  t.match((await axfr(two)).message, { rcode: 0, authoritative: true, answers: { length: 7 } });
  t.match((await axfr(one)).message, { rcode: 0 });
  const elsewhere = await net.ask(two, one, { name: 'other.com', type: 'AXFR', transport: 'tcp' });
  t.match(elsewhere.message, { rcode: 9 }, 'NOTAUTH');
  const byUdp = await net.ask(two, one, { name: 'server.com', type: 'AXFR' });
  t.match(byUdp.message, { rcode: 1 }, 'RFC 5936 section 4.2: not by UDP');
});

t.test('IXFR: nothing newer, the steps, more steps than the zone is worth, by UDP', async (t) => {
  const { net, one, two, client } = world();
  const { message: soaAnswer } = await net.ask(client, one, { name: 'server.com', type: 'SOA' });
  const [soa] = soaAnswer.answers;
  const ixfr = async (transport: 'udp' | 'tcp', serial: number) => {
    const authorities = [{ ...soa, serial } as ResourceRecord];
    const { message } = await net.ask(two, one, {
      name: 'server.com',
      type: 'IXFR',
      transport,
      content: { authorities },
    });
    return message.answers.map((record) => (record.type === 'SOA' ? record.serial : record.name.split('.')[0]));
  };
  t.same(await ixfr('tcp', 7), [7]);
  t.same(await ixfr('tcp', 9), [7], 'the client is ahead');
  await update(net, client, one, records('a 60 A 10.0.9.2'));
  await update(net, client, one, records('b 60 A 10.0.9.3'));
  t.same(await ixfr('tcp', 7), [9, 7, 8, 'a', 8, 9, 'b', 9]);
  t.same(await ixfr('udp', 8), [9, 8, 9, 'b', 9]);
  t.same(await ixfr('tcp', 3), [9, 'server', 'server', 'ns1', 'ns2', 'www', 'a', 'b', 9], 'not known: all of it');
  for (let i = 0; i < 5; i++) await update(net, client, one, records(`c${i} 60 A 10.0.9.4`));
  t.equal((await ixfr('tcp', 7))[1], 'server', 'the steps are more than the zone');
  const noSoa = await net.ask(two, one, { name: 'server.com', type: 'IXFR', transport: 'tcp' });
  t.match(noSoa.message, { rcode: 1 });
});

t.test('NOTIFY of strangers is refused and asks nobody', async (t) => {
  const { net, one, two, client } = world();
  await net.runFor(500);
  const before = two.traced.length;
  const content = { opcode: OPCODE_NOTIFY, authoritative: true };
  const notify = (from: DnsNode, to: DnsNode, name = 'server.com') =>
    net.ask(from, to, { name, type: 'SOA', recursionDesired: false, content });
  t.match((await notify(client, two)).message, { rcode: 5, opcode: OPCODE_NOTIFY });
  t.match((await notify(client, two, 'other.com')).message, { rcode: 9 });
  t.match((await notify(client, one)).message, { rcode: 5 }, 'a primary has nobody to ask');
  await net.runFor(1000);
  t.notOk(two.traced.slice(before).some(({ event }) => event === 'dns-query'));
});

/** A primary that answers as the test says: each question is given to `answer`, whose messages go out as they are. */
function liar(net: DnsNet, answer: (query: DnsMessage) => Iterable<DnsMessage> | undefined): DnsNode {
  const node = net.host('liar');
  const udp = node.network.createUdpSocket();
  udp.on('message', (bytes, from) => {
    const query = parseDns(bytes);
    if (isMalformed(query)) return;
    for (const message of answer(query) ?? []) udp.send(emitDns(message), from.port, from.address);
  });
  udp.bind({ port: 53 });
  const tcp = node.network.createServer({}, (socket: TcpSocket) => {
    const frames = new DnsFrames();
    socket.on('error', () => {});
    socket.on('data', (chunk: Uint8Array) => {
      for (const bytes of frames.push(chunk)) {
        const query = parseDns(bytes);
        if (!isMalformed(query)) writeAll(socket, answer(query)?.[Symbol.iterator]());
      }
    });
  });
  tcp.listen({ port: 53 });
  return node;
}

function writeAll(socket: TcpSocket, messages: Iterator<DnsMessage> | undefined): void {
  const next = messages?.next();
  if (next === undefined || next.done || socket.destroyed) return;
  socket.write(frameDns(emitDns(next.value)), () => writeAll(socket, messages));
}

function soaOf(serial: number): ResourceRecord {
  const fields = { mname: 'ns', rname: 'admin', refresh: 100, retry: 10, expire: 1000, minimum: 30 };
  return { type: 'SOA', name: 'server.com', class: CLASS_IN, ttl: 60, serial, ...fields };
}

/** A secondary of a liar whose first AXFR is sound (serial 7) unless `first` says otherwise. */
async function copying(answer: (query: DnsMessage) => Iterable<DnsMessage> | undefined, bounds?: object) {
  const net = new DnsNet();
  const primary = liar(net, answer);
  const node = net.host('copy');
  const logged: string[] = [];
  const log = {
    debug: () => {},
    info: () => {},
    error: (_: object, message: string) => logged.push(message),
    warn: (facts: { reason?: string }, message: string) => logged.push(`${message}: ${facts.reason}`),
  };
  const server = new NameServer(
    node.network,
    { zones: [{ ...COPY, primaries: [primary.ip] }] },
    { random: node.random, tracer: node.tracer, log },
    { transfer: { maxRecords: 1000, maxBytes: 100_000, idleMs: 5_000, totalMs: 30_000, ...bounds } },
  );
  server.start();
  return { net, node, server, logged };
}

t.test('a transfer that never ends is cut: by records, by bytes, by time', async (t) => {
  function* endless(query: DnsMessage): Iterable<DnsMessage> {
    yield dnsResponse(query, { answers: [soaOf(7)] });
    for (;;) yield dnsResponse(query, { answers: records('a 60 A 10.0.0.1') });
  }
  const failure = async (answer: (query: DnsMessage) => Iterable<DnsMessage>, bounds = {}) => {
    const { net, server, logged } = await copying(answer, bounds);
    await net.run(() => logged.length > 0, 60_000);
    t.match(server.zoneRows(), [{ state: 'no copy' }]);
    await net.until(server.stop());
    return logged[0];
  };
  t.equal(await failure(endless), 'a zone could not be refreshed: more than 1000 records');
  t.match(await failure(endless, { maxRecords: 1e6, maxBytes: 5000 }), /more than 5000 bytes/);
  t.match(await failure((query) => [dnsResponse(query, { answers: [soaOf(7)] })]), /nothing more comes/);
  t.match(await failure((query) => [dnsResponse(query, { rcode: 5 })]), /the answer is REFUSED/);
  t.match(await failure((query) => [dnsResponse(query, {})]), /a message without records/);
  t.match(await failure((query) => [dnsResponse({ ...query, id: query.id ^ 1 }, {})]), /no answer to the question/);
  const strange = [...records('a 60 A 10.0.0.1')].map((record) => ({ ...record, name: 'x.other.com' }));
  t.match(
    await failure((query) => [dnsResponse(query, { answers: [soaOf(7), ...strange, soaOf(7)] })]),
    /not of the zone/,
  );
  t.match(
    await failure((query) => [dnsResponse(query, { answers: [soaOf(7), ...records('a 60 A 1.1.1.1'), soaOf(8)] })]),
    /changed in the middle/,
  );
  t.match(
    await failure((query) => [dnsResponse(query, { answers: records('a 60 A 1.1.1.1') })]),
    /the first record is no SOA/,
  );
  const alias = { type: 'CNAME' as const, name: 'a.server.com', class: CLASS_IN, ttl: 60, target: 'b' };
  t.match(
    await failure((query) => [
      dnsResponse(query, { answers: [soaOf(7), ...records('a 60 A 1.1.1.1'), alias, soaOf(7)] }),
    ]),
    /a CNAME beside other records/,
  );
});

t.test('a server that stops breaks off its transfer', async (t) => {
  const { net, node, server } = await copying((query) => [dnsResponse(query, { answers: [soaOf(7)] })]);
  await net.runFor(1_000);
  const { tcp } = node.stack;
  t.ok(tcp.sockets().some(({ state }) => state === 'ESTABLISHED'));
  await net.until(server.stop());
  await net.runFor(1_000);
  t.notOk(tcp.sockets().some(({ state }) => state === 'ESTABLISHED'));
});

t.test('a lying IXFR is not taken: the whole zone is fetched instead', async (t) => {
  const [a, b] = [records('a 60 A 10.0.0.1'), records('b 60 A 10.0.0.2')];
  const wrong: Record<string, readonly ResourceRecord[]> = {
    'removes what is not there': [soaOf(8), soaOf(7), ...b, soaOf(8), soaOf(8)],
    'adds what is there': [soaOf(8), soaOf(7), soaOf(8), ...a, soaOf(8)],
    'begins elsewhere': [soaOf(8), soaOf(5), soaOf(8), soaOf(8)],
    'leads back': [soaOf(8), soaOf(7), soaOf(6), soaOf(8)],
    'does not follow': [soaOf(9), soaOf(7), soaOf(8), soaOf(6), soaOf(9), soaOf(9)],
    'goes on behind its end': [soaOf(8), soaOf(7), soaOf(8), soaOf(8), ...a],
  };
  for (const [what, answers] of Object.entries(wrong)) {
    let serial = 7;
    const { net, server } = await copying((query) => {
      const { type } = query.questions[0];
      if (type === 'SOA') return [dnsResponse(query, { authoritative: true, answers: [soaOf(serial)] })];
      if (type === 'IXFR') return [dnsResponse(query, { answers })];
      return [dnsResponse(query, { answers: [soaOf(serial), ...(serial === 7 ? a : b), soaOf(serial)] })];
    });
    await net.runFor(1000);
    t.match(server.zoneRows(), [{ serial: 7 }]);
    serial = answers[0].type === 'SOA' ? answers[0].serial : 0;
    await net.runFor(105_000);
    t.match(server.zoneRows(), [{ serial, records: 2 }], what);
    await net.until(server.stop());
  }
});

t.test('a server without IXFR gets asked for the whole zone; one with an older zone is not followed', async (t) => {
  let serial = 7;
  const { net, server, logged } = await copying((query) => {
    const { type } = query.questions[0];
    if (type === 'SOA') return [dnsResponse(query, { authoritative: true, answers: [soaOf(serial)] })];
    if (type === 'IXFR') return [dnsResponse(query, { rcode: 4 })];
    return [dnsResponse(query, { answers: [soaOf(serial), soaOf(serial)] })];
  });
  await net.runFor(1000);
  serial = 8;
  await net.runFor(101_000);
  t.match(server.zoneRows(), [{ serial: 8 }]);
  serial = 6;
  await net.runFor(101_000);
  t.match(server.zoneRows(), [{ serial: 8 }]);
  t.same(logged, ['IXFR failed: the answer is NOTIMP', 'a primary has an older zone: undefined']);
  await net.until(server.stop());
});

t.test('a transfer that would take the zone back is not taken, whatever the SOA said before', async (t) => {
  for (const knowsIxfr of [true, false]) {
    let serial = 7;
    const { net, server, logged } = await copying((query) => {
      const { type } = query.questions[0];
      if (type === 'SOA') return [dnsResponse(query, { authoritative: true, answers: [soaOf(serial)] })];
      if (type === 'IXFR' && !knowsIxfr) return [dnsResponse(query, { rcode: 4 })];
      const given = serial === 7 ? soaOf(7) : soaOf(3);
      return [dnsResponse(query, { answers: [given, ...records('a 60 A 10.0.0.1'), given] })];
    });
    await net.runFor(1000);
    t.match(server.zoneRows(), [{ serial: 7 }]);
    serial = 9;
    await net.runFor(101_000);
    t.match(server.zoneRows(), [{ serial: 7 }]);
    t.equal(logged.at(-1), 'a zone could not be refreshed: the transfer has serial 3, and 7 is here');
    await net.until(server.stop());
  }
});

t.test('questions of class CHAOS (RFC 4892)', async (t) => {
  const { net, one, client } = world();
  const chaos = (name: string, type: 'TXT' | 'A' = 'TXT') =>
    net.ask(client, one, { name, type, class: 3, recursionDesired: false });
  t.match((await chaos('version.bind')).message.answers, [{ type: 'TXT', class: 3, ttl: 0 }]);
  const identity = (await chaos('ID.server')).message.answers[0];
  t.equal(identity.type === 'TXT' && new TextDecoder().decode(identity.strings[0]), 'one');
  t.match((await chaos('hostname.bind', 'A')).message, { rcode: 0, answers: [] });
  t.match((await chaos('authors.bind')).message, { rcode: 5 });
});
