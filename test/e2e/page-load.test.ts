/** The mini-internet as a user meets it: a page loaded twice, told, and found again in the devices' tables. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry, Har } from 'har-format';
import t from 'tap';
import type { ArpRow, DhcpRow, DnsCacheRow, InterfaceRow, MacRow, RouteRow, SocketRow } from '../../devices/control.js';
import type { FetchReport } from '../../orchestrator/story/report.js';
import { HAR_SCHEMA } from '../orchestrator/har/har-schema.js';
import { Wireshark } from '../support/wireshark.js';
import { netarium } from './netarium.js';
import { factsOf, servedFile } from './sites.js';

const PAGE = 'http://www.server.com/';
const net = netarium(t);
const lab = await net.up('page');
const [firstHar, secondHar] = ['first.har', 'second.har'].map((name) => join(net.runDir, name));
const first = await net.json<FetchReport>('fetch', PAGE, '--har', firstHar);
const second = await net.json<FetchReport>('fetch', PAGE, '--har', secondHar);

function entriesOf(path: string): Entry[] {
  const har = JSON.parse(readFileSync(path, 'utf8')) as Har;
  const { success, error } = HAR_SCHEMA.safeParse(har);
  t.ok(success, `${path}: ${error}`);
  return har.log.entries;
}

/** From, server, zone, kind of every question, as one line each. */
function questions({ queries }: FetchReport['dns'][number]): string[] {
  return queries.map(
    ({ from, serverName, zone, kind, transport }) => `${from} > ${serverName} ${zone} ${kind} ${transport}`,
  );
}

t.test('the page and all that it needs arrive as they lie on disk', async (t) => {
  for (const report of [first, second]) {
    t.match(report, {
      url: PAGE,
      finalUrl: PAGE,
      ok: true,
      status: 200,
      from: 'client',
      redirects: [],
      error: undefined,
    });
    t.same(report.resources.map(({ url }) => url).sort(), [
      'http://img.server.com/covers/lighthouse.svg',
      'http://img.server.com/covers/night-train.svg',
      'http://img.server.com/covers/paper-boat.png',
      'http://img.server.com/panorama.png',
      PAGE,
      'http://www.server.com/favicon.png',
      'http://www.server.com/logo.svg',
      'http://www.server.com/shop.js',
      'http://www.server.com/style.css',
    ]);
    t.same(report.resources[0].initiator, 'document');
    for (const { url, bytes, sha256, status, startMs, endMs } of report.resources) {
      t.same({ status, bytes, sha256 }, { status: 200, ...servedFile(url) }, url);
      t.ok(0 <= startMs && startMs < endMs && endMs <= report.durationMs, `${url}: ${startMs} to ${endMs}`);
    }
    t.match(report.body, { ...servedFile(PAGE), contentType: /^text\/html/ });
  }
});

t.test('HAR: an entry a request, with what was served, on the connections that were seen', async (t) => {
  const entries = entriesOf(firstHar);
  t.same(entries.map(({ request }) => request.url).sort(), first.resources.map(({ url }) => url).sort());
  const ports = first.connections.map(({ local }) => local.split(':')[1]);
  for (const { request, response, connection, serverIPAddress, time, timings } of entries) {
    const { text = '', encoding } = response.content;
    t.same(factsOf(Buffer.from(text, encoding === 'base64' ? 'base64' : 'utf8')), servedFile(request.url), request.url);
    t.ok(ports.includes(connection ?? ''), `${connection} is one of ${ports}`);
    t.match(serverIPAddress, /^203\.0\.113\.8[01]$/);
    t.ok(time > 0 && timings.wait > 0 && timings.receive >= 0, 'it took its time');
  }
});

t.test('the second load: what HAR says is from the cache has sent no frame, all else has', async (t) => {
  const entries = entriesOf(secondHar);
  const kept = entries.filter(({ _fromCache }) => _fromCache === 'memory').map(({ request }) => request.url);
  t.ok(kept.length >= 4, `${kept.length} of ${entries.length} from the cache`);
  for (const { url, requestSegments, responseSegments, status } of second.exchanges) {
    const isKept = kept.includes(url);
    t.equal(requestSegments.length === 0 && responseSegments.length === 0, isKept, url);
    if (!isKept) t.equal(status, 304, `${url}: the server was asked whether it has changed`);
  }
  const segments = ({ connections }: FetchReport) => connections.reduce((sum, { segmentsIn }) => sum + segmentsIn, 0);
  t.ok(segments(second) < segments(first) / 4, `${segments(second)} segments came, ${segments(first)} at first`);
});

t.test('names: from the root down at first, from the cache of the browser afterwards', async (t) => {
  const [www, img] = first.dns;
  t.match(www, { name: 'www.server.com', type: 'A', addresses: ['203.0.113.80'], source: 'network' });
  t.same(questions(www), [
    'client > home-router  answer udp',
    'home-router > isp-dns  answer udp',
    'isp-dns > root-dns . referral udp',
    'isp-dns > com-dns com referral udp',
    'isp-dns > server-dns server.com answer udp',
  ]);
  t.same(
    www.queries.map(({ server }) => server),
    ['192.168.1.1', '198.51.100.53', '192.0.2.4', '192.0.2.12', '203.0.113.53'],
  );
  t.same(
    www.caches.map(({ cache, hit }) => `${cache} ${hit}`),
    ['browser false', 'os false', 'hosts false', 'router false', 'isp false'],
  );
  t.match(img, { name: 'img.server.com', addresses: ['203.0.113.81'], source: 'network' });
  t.same(questions(img).at(-1), 'isp-dns > server-dns server.com answer udp');
  for (const { queries } of first.dns) for (const { ms, frames } of queries) t.ok(ms > 0 && frames.length === 2);

  t.same(
    second.dns.map(({ name, source, queries }) => ({ name, source, queries })),
    [
      { name: 'www.server.com', source: 'browser', queries: [] },
      { name: 'img.server.com', source: 'browser', queries: [] },
    ],
  );
});

t.test('hops: the addresses of IP stay, those of the links change, the TTL falls', async (t) => {
  const { hops } = first;
  t.same(
    hops.map(({ device }) => device),
    ['home-router', 'isp-router', 'bb-west', 'bb-east', 'server-router'],
  );
  for (const [index, { device, in: before, out: after }] of hops.entries()) {
    if (before === undefined || after === undefined) throw new Error(`${device} has only one side`);
    for (const side of [before, after]) t.match(side, { srcIp: /^192\.168\.1\.\d+$/, dstIp: '203.0.113.80' }, device);
    t.same([before.ttl, after.ttl], [64 - index, 63 - index], device);
    t.not(before.srcMac, after.srcMac);
    t.not(before.dstMac, after.dstMac);
    const next = hops[index + 1]?.in;
    if (next !== undefined) t.same([next.srcMac, next.dstMac], [after.srcMac, after.dstMac], `${device} to the next`);
  }
});

t.test('connections: both sides, from the first SYN to the four-way close', async (t) => {
  t.ok(first.connections.length >= 2, 'one to each web server at least');
  for (const connection of first.connections) {
    t.match(connection, {
      mss: 1460,
      close: 'four-way',
      local: /^192\.168\.1\.\d+:\d+$/,
      remote: /^203\.0\.113\.8[01]:80$/,
    });
    t.same(connection.states, ['SYN_SENT', 'ESTABLISHED', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT']);
    t.same(connection.peerStates, ['SYN_RECV', 'ESTABLISHED', 'CLOSE_WAIT', 'LAST_ACK', 'CLOSED']);
    t.ok(connection.segmentsOut > 4 && connection.segmentsIn > 4);
    const [syn, synAck, ack] = connection.handshake;
    t.same([syn.flags, synAck.flags, ack.flags], ['SYN', 'SYN, ACK', 'ACK']);
    t.same([synAck.ack, ack.seq, ack.ack], [next(syn.seq), next(syn.seq), next(synAck.seq)]);
  }
});

/** Sequence numbers count modulo 2**32. */
function next(seq: number): number {
  return (seq + 1) % 2 ** 32;
}

t.test('steps: in order, each of a layer, with frames that were captured', async (t) => {
  const layers = new Set(first.steps.map(({ layer }) => layer));
  for (const layer of ['url', 'dns', 'arp', 'tcp', 'http', 'html'] as const) t.ok(layers.has(layer), layer);
  let before = 0;
  for (const { atMs, device, summary, frames } of first.steps) {
    t.ok(atMs >= before && device !== '' && summary !== '', summary);
    for (const frame of frames) t.ok(frame >= 1 && frame <= first.capture.frames);
    before = atMs;
  }
  t.equal(first.capture.missed, 0);
});

t.test('ps: one process a device, with its name', async (t) => {
  const rows = await net.json<Record<string, unknown>[]>('ps');
  t.equal(rows.length, 21);
  const processes = net.processes();
  for (const row of rows) {
    t.same(Object.keys(row), [
      ...['name', 'kind', 'pid', 'state', 'uptimeMs', 'cpuMs', 'memoryPssBytes'],
      ...['framesIn', 'framesOut', 'framesDropped'],
    ]);
    t.match(row, { state: 'running', kind: /^(host|switch|router|dns-server)$/, uptimeMs: Number, framesIn: Number });
    t.ok((row.framesIn as number) > 0 && (row.memoryPssBytes as number) > 0 && (row.cpuMs as number) > 0);
    t.equal(processes.find(({ pid }) => pid === row.pid)?.title, `netarium:${lab}:${row.name}`);
  }
  t.equal(new Set(rows.map(({ pid }) => pid)).size, 21);
  t.ok(
    processes.some(({ title }) => title === `netarium:${lab}`),
    'and the supervisor',
  );
});

t.test('the tables of the devices agree with the wires', async (t) => {
  const inspect = <Row>(device: string, table: string) => net.json<Row[]>('inspect', device, table);
  const [atRouter, address] = [first.hops[0].in, first.connections[0].local.split(':')[0]];
  const clientMac = atRouter?.srcMac;
  const routerMac = atRouter?.dstMac;

  t.match(await inspect<ArpRow>('client', 'arp'), [{ ip: '192.168.1.1', mac: routerMac, interface: 'eth0' }]);
  t.match(
    (await inspect<InterfaceRow>('home-router', 'interfaces')).find(({ name }) => name === 'eth0'),
    { mac: routerMac, addresses: ['192.168.1.1/24'], carrier: true },
  );
  const routes = await inspect<RouteRow>('client', 'routes');
  t.match(
    routes.find(({ destination }) => destination === '0.0.0.0'),
    { gateway: '192.168.1.1', flags: 'UG', source: 'dhcp' },
  );
  t.match(
    routes.find(({ destination }) => destination === '192.168.1.0'),
    { genmask: '255.255.255.0', source: 'connected' },
  );

  const macs = await inspect<MacRow>('home-switch', 'mac-table');
  t.equal(macs.find(({ mac }) => mac === clientMac)?.port, '1', 'the client hangs on port 1');
  t.equal(macs.find(({ mac }) => mac === routerMac)?.port, '8', 'the router on port 8');

  const names = await inspect<DnsCacheRow>('client', 'dns-cache');
  for (const [name, data] of [
    ['www.server.com', '203.0.113.80'],
    ['img.server.com', '203.0.113.81'],
  ]) {
    t.ok(
      names.some((row) => row.cache === 'browser' && row.name === name && row.data === data && row.ttlSeconds > 0),
      name,
    );
  }
  const leases = await inspect<DhcpRow>('home-router', 'dhcp');
  t.match(
    leases.find(({ mac }) => mac === clientMac),
    { role: 'server', address, hostName: 'client' },
  );
});

t.test('sockets: the side that closed waits in TIME_WAIT, the other side has forgotten', async (t) => {
  const ends = [...first.connections, ...second.connections].map(({ local, remote }) => `${local} ${remote}`).sort();
  const waiting = (await net.json<SocketRow[]>('inspect', 'client', 'sockets')).filter(
    ({ protocol }) => protocol === 'tcp',
  );
  t.same(waiting.map(({ local, remote }) => `${local} ${remote}`).sort(), ends);
  for (const { state, timer } of waiting) t.same([state, timer], ['TIME_WAIT', 'time-wait']);

  const { stdout, exitStatus } = await net.run('exec', 'client', '--', 'netstat', '-napt');
  t.equal(exitStatus, 0);
  const lines = stdout.split('\n').filter((line) => line.includes('TIME_WAIT'));
  t.same(lines.map((line) => line.split(/\s+/).slice(3, 5).join(' ')).sort(), ends, 'netstat says the same');

  const atServer = await net.json<SocketRow[]>('inspect', 'web', 'sockets');
  t.match(atServer, [{ local: '0.0.0.0:80', state: 'LISTEN', program: 'web-server' }]);
});

t.test('the story for people has a chapter for each part, and --explain opens the request to its bytes', async (t) => {
  const { stdout, stderr, exitStatus } = await net.run(
    'fetch',
    PAGE,
    '--from',
    'laptop',
    '--explain',
    '--no-subresources',
  );
  t.equal(exitStatus, 0);
  t.match(stderr, /^in the lab \S+, which is up\n?$/);
  const chapters = [
    'The address',
    'The name',
    'The handshake',
    'The request',
    'The way of its first segment',
    'The response',
    'The close',
  ];
  let at = -1;
  for (const chapter of chapters) {
    const found = stdout.search(new RegExp(`^\\d+  ${chapter}`, 'm'));
    t.ok(found > at, chapter);
    at = found;
  }
  const layers = ['preamble', 'SFD', 'Ethernet header', 'IP header', 'TCP header', 'GET / HTTP', 'FCS'];
  for (const layer of layers) {
    const found = stdout.indexOf(layer, at);
    t.ok(found > at, layer);
    at = found;
  }
  t.notMatch(stdout, '\x1b', 'no colour where nobody sees it');
});

t.test('https: TLS is told from the frames, and the capture has the secrets to open it', async (t) => {
  const pcap = join(net.runDir, 'secure.pcapng');
  const url = 'https://www.server.com/';
  const report = await net.json<FetchReport>('fetch', url, '--no-subresources', '--no-cache', '--pcap', pcap);
  t.match(report, {
    ok: true,
    body: servedFile(PAGE),
    tls: [
      { serverName: 'www.server.com', protocol: 'TLSv1.3', alpn: 'h2', certificate: { subject: /www\.server\.com/ } },
    ],
    exchanges: [{ url, protocol: 'HTTP/2', encrypted: true, sharedSegments: 0 }],
    resources: [{ protocol: 'HTTP/2' }],
  });
  const [{ messages }] = report.tls;
  t.same([messages[0].name, messages[1].name, messages.at(-1)?.name], ['Client Hello', 'Server Hello', 'Finished']);
  const wireshark = await Wireshark.start();
  const { matching } = wireshark.judge(readFileSync(pcap));
  const [asked] = matching('http2.headers.path == "/" and frame.interface_name == "client:eth0"');
  t.equal(asked, report.exchanges[0].requestSegments[0].frame, 'Wireshark finds the request in the same frame');
  const [hello] = matching('tls.handshake.type == 1 and frame.interface_name == "client:eth0"');
  t.same(messages[0].frames, [hello]);
});

t.test('--show: the page as text; --form: what it sends comes back', async (t) => {
  const shown = await net.run('fetch', PAGE, '--show');
  t.equal(shown.exitStatus, 0);
  for (const expected of [/^The Paper Lantern: a small bookshop\n/, /Books for slow evenings\n═+\n/, /Books \[2\]/]) {
    t.match(shown.stdout, expected);
  }
  const fields = ['--form', 'title=Paper Boat', '--form', 'price=12.50'];
  const sent = await net.run('fetch', 'https://www.server.com/echo', ...fields, '--show');
  t.match(sent.stdout, '\n\ntitle=Paper+Boat&price=12.50\n\n200 loaded');
});

t.test('another site, with another zone under com', async (t) => {
  const report = await net.json<FetchReport>('fetch', 'http://maps.google.com/');
  t.ok(report.ok);
  t.equal(report.resources.length, 13);
  for (const { url, bytes, sha256 } of report.resources) t.same({ bytes, sha256 }, servedFile(url), url);
  t.same(questions(report.dns[0]), [
    'client > home-router  answer udp',
    'home-router > isp-dns  answer udp',
    'isp-dns > com-dns com referral udp',
    'isp-dns > google-dns google.com answer udp',
  ]);
  t.same(
    report.hops.map(({ device }) => device),
    ['home-router', 'isp-router', 'bb-west', 'bb-north', 'google-router'],
  );
});

t.test('a redirect is followed', async (t) => {
  const report = await net.json<FetchReport>('fetch', 'http://server.com/', '--no-subresources');
  t.match(report, {
    ok: true,
    status: 200,
    finalUrl: PAGE,
    redirects: [{ from: 'http://server.com/', to: PAGE, status: 301 }],
    body: servedFile(PAGE),
  });
});

t.test('a body is sent and comes back', async (t) => {
  const data = 'title=Paper Boat&price=12.50';
  const report = await net.json<FetchReport>('fetch', 'http://www.server.com/echo', '--data', data);
  t.match(report, { ok: true, status: 200, body: factsOf(Buffer.from(data)), exchanges: [{ method: 'POST' }] });
});
