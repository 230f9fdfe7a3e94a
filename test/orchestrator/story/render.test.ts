import t from 'tap';
import { buildReport } from '../../../orchestrator/story/build.js';
import { wrapped } from '../../../orchestrator/story/chapter.js';
import { cookiesSent, cookiesSet } from '../../../orchestrator/story/cookies.js';
import { renderExplanation } from '../../../orchestrator/story/explain.js';
import { ladder } from '../../../orchestrator/story/ladder.js';
import { dnsChapter } from '../../../orchestrator/story/name-chapters.js';
import { renderReport } from '../../../orchestrator/story/render.js';
import type { ArpReport } from '../../../orchestrator/story/report.js';
import { exchange } from '../har/exchanges.js';
import { SceneBuilder } from './frames.js';
import { smallPage } from './small-page.js';

const plain = (_style: unknown, text: string) => text;
const scene = smallPage();
const report = buildReport(scene, 'test');

t.test('the report in the words of the contract', async (t) => {
  t.match(report, {
    url: 'http://server/',
    ok: true,
    status: 200,
    lab: 'test',
    from: 'client',
    body: { bytes: 2, contentType: 'text/plain' },
    dns: [{ name: 'server', source: 'hosts', addresses: ['192.0.2.1'], queries: [] }],
    connections: [
      { mss: 1460, segmentsOut: 5, segmentsIn: 3, retransmissions: 0, states: ['SYN_SENT', 'ESTABLISHED'] },
    ],
    hops: [],
    capture: { frames: 20, dropped: 0, missed: 0 },
  });
  t.equal(report.connections[0].close, 'three-way');
  t.same(
    report.path.map(({ device }) => device),
    ['client', 'server'],
  );
  t.equal(report.durationMs, 4.6);
  t.notOk('error' in report);
});

t.test('the whole story of a small page', async (t) => {
  const told = renderReport(report, plain);
  t.equal(
    told,
    `1  The address  http://server/
   scheme  http
   host    server
   port    80
   path    /

2  The name
   server  caches: hosts file hit
     = 192.0.2.1 from the hosts file

3  The neighbours
   AT MS  WHO ASKS  ON    FOR WHOM           ADDRESS            FRAMES
    1.00  client    eth0  192.0.2.1  server  02:00:00:00:00:02  #1 #4

4  The handshake  192.0.2.2:40000 → 192.0.2.1:80
   route  192.0.2.1 matches 192.0.2.0/255.255.255.0: directly on eth0; source address 192.0.2.2
   MSS    1460 bytes
       SYN_SENT
                 ────────────────────── SYN seq=100 ──────────────────────▶  #5
                 ◀─────────────── SYN, ACK seq=500 ack=101 ────────────────  #8
    ESTABLISHED
                 ────────────────── ACK seq=101 ack=501 ──────────────────▶  #9

5  The request
     GET / HTTP/1.1
     Host: server
   32 bytes, at most 1460 a segment: 1 segment
     seq=101  32 bytes #11

6  The way of its first segment
   DEVICE  KIND            SOURCE MAC         TARGET MAC         SOURCE IP  TARGET IP  TTL  FRAME
   client  host  out eth0  02:00:00:00:00:01  02:00:00:00:00:02  192.0.2.2  192.0.2.1   64    #11
   server  host  in eth0   02:00:00:00:00:01  02:00:00:00:00:02  192.0.2.2  192.0.2.1   64    #12

7  The response
     HTTP/1.1 200 OK
     Content-Length: 2
   40 B with its head, in 1 segment
     seq=501  40 bytes #14

8  The close  192.0.2.2:40000 → 192.0.2.1:80  three-way
                 ─────────────── FIN, ACK seq=133 ack=541 ────────────────▶  #15
                 ◀─────────────── FIN, ACK seq=541 ack=134 ────────────────  #18
                 ────────────────── ACK seq=134 ack=542 ──────────────────▶  #19

200 loaded  1 resource, 2 B, 4.60 ms, 20 frames captured`,
  );
});

t.test('the neighbours: a line a question, without their names where the terminal is narrow', async (t) => {
  const asked = { device: 'server-router', interface: 'eth0' };
  const arp = [
    {
      ...asked,
      atMs: 12345.6,
      target: '203.0.113.254',
      targetName: 'server-balancer',
      kind: 'answered',
      frames: [12345, 12348],
    },
    { ...asked, atMs: 2, target: '203.0.113.9', targetName: '', kind: 'unanswered', mac: '', frames: [7] },
    { ...asked, atMs: 3, target: '203.0.113.1', targetName: 'server-router', kind: 'announcement', frames: [9] },
  ].map((line) => ({ mac: '02:00:00:00:00:02', ...line }) as ArpReport);
  const linesAt = (columns: number) => {
    const [, chapter] = /The neighbours\n(.*?)\n\n/s.exec(renderReport({ ...report, arp }, plain, columns)) ?? [];
    return chapter?.split('\n') ?? [];
  };
  for (const columns of [80, 100, 120]) {
    const lines = linesAt(columns);
    t.equal(lines.length, 4, `a line a question at ${columns}`);
    t.ok(
      lines.every(({ length }) => length <= columns),
      `within ${columns}`,
    );
    t.match(lines[2], /203\.0\.113\.9 .*no answer +#7$/);
  }
  t.notMatch(linesAt(80)[1], 'server-balancer');
  t.match(linesAt(120)[1], /203\.0\.113\.254 {2}server-balancer {2}02:/);
  const marked = renderReport({ ...report, arp }, (_style, text) => `<${text}>`);
  t.match(marked, '<#12345 #12348>', 'no space within the colour');
  t.match(linesAt(120)[3], /203\.0\.113\.1 +itself +02:/);
});

t.test('a page from the cache: no frame, and said so', async (t) => {
  const kept = exchange({ url: 'http://server/', cache: 'memory', protocol: '', local: undefined, remote: undefined });
  const { resources } = scene.result;
  const fromCache = new SceneBuilder()
    .told('client', { event: 'http-cache', url: 'http://server/', outcome: 'fresh', ageSeconds: 1 })
    .build('client', { url: 'http://server/', resources, exchanges: [kept] });
  const told = buildReport(fromCache, 'test');
  t.match(told.exchanges, [{ cache: 'memory', requestSegments: [], responseSegments: [], local: '' }]);
  t.match(told.steps, [
    { layer: 'http', summary: /has http:\/\/server\/ in its cache, 1\.0 s old and fresh: asks nobody/ },
  ]);
  t.same(told.path, []);
  t.match(renderReport(told, plain), /The answer\n {3}http:\/\/server\/ is in the cache of the browser, and fresh/);
});

t.test('a redirect to a page in the cache: the redirect is what crossed the wires, and is told', async (t) => {
  const kept = exchange({ url: 'http://b/', cache: 'memory', protocol: '', local: undefined, remote: undefined });
  const base = { ...report, resources: [{ ...report.resources[0], url: 'http://b/' }] };
  const [sent] = report.exchanges;
  const { requestSegments: _none, ...rest } = sent;
  const answer = { ...rest, url: kept.url, cache: kept.cache, requestSegments: [], remote: '', local: '' };
  const redirected = { ...base, exchanges: [{ ...sent, initiator: 'document' }, answer] };
  const text = renderReport(redirected, plain);
  t.match(text, /The request {2}http:\/\/server\/\n/);
  t.match(text, /The answer\n {3}http:\/\/b\/ is in the cache/);
  t.match(renderExplanation(redirected, scene, plain), /^Frame #11/);
});

t.test('long lines are cut at spaces, the rest further in; colours take no room', async (t) => {
  t.equal(wrapped('  one two three four', 11), '  one two\n      three\n      four');
  t.equal(wrapped('short', 10), 'short');
  t.equal(wrapped(`${'x'.repeat(20)} y`, 10), `${'x'.repeat(20)}\n    y`);
  t.equal(wrapped('\x1b[1mone\x1b[22m two', 7), '\x1b[1mone\x1b[22m two');
});

t.test('the names of cookies, not what is in them', async (t) => {
  t.same(cookiesSent('GET / HTTP/1.1\r\nCookie: a=1; b=2;c\r\ncookie: d=\r\nX-Cookie: e=5\r\n\r\n'), [
    'a',
    'b',
    'c',
    'd',
  ]);
  t.same(cookiesSet('HTTP/2 200\r\nset-cookie: id=7; Path=/\r\nSet-Cookie: =x\r\n\r\n'), ['id']);
});

t.test('a load that failed says where and why', async (t) => {
  const error = { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 192.0.2.1:80', stage: 'tcp' as const };
  const failed = { ...report, ok: false, status: 0, error, capture: { frames: 20, dropped: 1, missed: 3, waitMs: 0 } };
  t.match(
    renderReport(failed, plain).split('\n').at(-1),
    'failed at tcp  192.0.2.1:80 refuses the connection: nothing listens on that port  1 resource, 2 B, 4.60 ms, 20 frames captured, 1 of them lost, 3 not captured',
  );
  t.match(
    renderReport({ ...report, ok: false, status: 404 }, plain)
      .split('\n')
      .at(-1),
    /^404 {2}1 resource/,
  );
});

t.test('the ladder: states of the client on the left, of the server on the right', async (t) => {
  const [connection] = report.connections;
  const changes = [
    { atMs: 1.5, device: 'client', from: 'CLOSED', to: 'SYN_SENT' },
    { atMs: 2.1, device: 'server', from: 'LISTEN', to: 'SYN_RECV' },
    { atMs: 9, device: 'client', from: 'ESTABLISHED', to: 'FIN_WAIT1' },
  ];
  const small = { ...connection, changes, handshake: connection.handshake.slice(0, 1) };
  t.same(ladder(small, 'open', 'client', 120, plain), [
    '    SYN_SENT',
    '              ────────────────────── SYN seq=100 ──────────────────────▶  #5',
    `${' '.repeat(74)}SYN_RECV`,
  ]);
  t.same(ladder({ ...small, closing: [] }, 'close', 'client', 120, plain), ['   FIN_WAIT1']);
});

t.test('the request byte by byte, preamble to FCS', async (t) => {
  const lines = renderExplanation(report, scene, plain).split('\n');
  t.equal(lines[0], 'Frame #11, 98 bytes, leaving client by eth0');
  for (const expected of [
    '  0000  55 55 55 55 55 55 55                             preamble          alternating bits: the receiver finds the beat',
    '  0008  02 00 00 00 00 02                                destination       02:00:00:00:00:02, server eth0',
    '  0018  00 48                                            total length      72 bytes',
    '  0026  c0 00 02 01                                      destination       server (192.0.2.1)',
    '  002e  00 00 00 65                                      sequence number   101',
    '  0037  18                                               flags             PSH, ACK',
    '  003e  47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1..',
  ]) {
    t.ok(lines.includes(expected), expected.trim());
  }
  const bytes = lines.flatMap(
    (line) => /^ {2}[0-9a-f]{4} {2}((?:[0-9a-f]{2} )+)/.exec(line)?.[1].trim().split(' ') ?? [],
  );
  const packet = scene.capture.frames[10].packet ?? new Uint8Array(0);
  t.same(
    bytes,
    [...packet].map((byte) => byte.toString(16).padStart(2, '0')),
    'every byte once, in order',
  );
});

t.test('without a request there is nothing to open', async (t) => {
  t.match(renderExplanation({ ...report, exchanges: [] }, scene, plain), /nothing to open/);
});

t.test('a name without an address: who said so, or that nobody was asked', async (t) => {
  const [query] = buildReport(smallPage(), 'test').dns;
  const last = (facts: object) =>
    dnsChapter({ ...report, dns: [{ ...query, addresses: [], caches: [], queries: [], ...facts }] }, plain).lines.at(
      -1,
    );
  const asked = { from: 'client', server: '192.0.2.53', serverName: '', zone: '', name: 'server', type: 'A', ms: 1 };
  const denial = { ...asked, kind: 'nxdomain', answers: [], frames: [], truncated: false, transport: 'udp', atMs: 0 };
  t.equal(last({ source: 'network' }), '  = no address; nobody was asked');
  t.equal(last({ source: 'network', queries: [denial] }), '  = no address');
  t.equal(last({ source: 'os' }), '  = no address, says the cache of the operating system');
  t.equal(last({ source: 'network', addresses: ['192.0.2.1'] }), '  = 192.0.2.1 from the network');
});
