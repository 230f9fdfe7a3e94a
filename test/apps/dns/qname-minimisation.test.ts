import t from 'tap';
import { QnameMinimiser } from '../../../devices/apps/dns/qname-minimisation.js';
import { dnsResponse, RCODE_NXDOMAIN, RCODE_REFUSED } from '../../../devices/stack/wire/dns.js';
import { answersOf, DnsNet, type DnsNode, zone } from './dns-net.js';
import { addressAnswer, ns, type Script, scripted } from './scripted-server.js';

/** What is asked when each name exists and none is a zone. */
function questionsFor(name: string, zone = '.'): string[] {
  const minimiser = new QnameMinimiser(name, 'TXT', zone);
  const questions: string[] = [];
  for (;;) {
    const question = minimiser.next();
    questions.push(`${question.type} ${question.name}`);
    if (question.isWhole) return questions;
    minimiser.learned(question.name);
  }
}

t.test('one label more each time; the type only with the whole name', async (t) => {
  t.same(questionsFor('www.server.com'), ['A com', 'A server.com', 'TXT www.server.com']);
  t.same(questionsFor('www.server.com', 'server.com'), ['TXT www.server.com']);
  t.same(questionsFor('server.com', 'server.com'), ['TXT server.com']);
  t.same(questionsFor('.'), ['TXT .']);
});

t.test('RFC 9156 section 2.3: at most ten shortened questions, however long the name', async (t) => {
  const labels = Array.from({ length: 40 }, (_, i) => `l${i}`);
  const counts = questionsFor(labels.join('.')).map((question) => question.split('.').length);
  t.same(counts, [1, 2, 3, 4, 10, 16, 22, 28, 34, 40]);
  t.equal(questionsFor(labels.slice(0, 11).join('.')).length <= 11, true);
});

t.test('labels such as _tcp are passed over', async (t) => {
  t.same(questionsFor('_http._tcp.server.com'), ['A com', 'A server.com', 'TXT _http._tcp.server.com']);
  t.same(questionsFor('a._tcp.server.com'), ['A com', 'A server.com', 'TXT a._tcp.server.com']);
});

t.test('after giving up, the whole name at once', async (t) => {
  const minimiser = new QnameMinimiser('a.b.c.d', 'A', '.');
  minimiser.giveUp();
  t.match(minimiser.next(), { name: 'a.b.c.d', isWhole: true });
});

/** The zone `x` has this server, at 10.0.3.1. */
function world(script: Script) {
  const net = new DnsNet();
  const client = net.host('client');
  const isp = net.nameServer('isp', { recursion: true, rootHints: [{ name: 'root', address: '10.0.2.1' }] });
  net.nameServer('root', { zones: [zone('.', '@ NS root', 'root A 10.0.2.1', 'x NS ns.x', 'ns.x A 10.0.3.1')] });
  const server = scripted(net, 'x', script);
  return { net, client, isp, server };
}

function asked(node: DnsNode): string[] {
  return node.dnsLines().flatMap((line) => /^ask \S+ \(x\) (.*)$/.exec(line)?.[1] ?? []);
}

t.test('a server that denies a name which only has others below: asked for the whole name', async (t) => {
  const { net, client, isp } = world(({ query }) => [
    query.questions[0].name.toLowerCase() === 'www.a.x'
      ? addressAnswer(query, '192.0.2.1')
      : dnsResponse(query, { rcode: RCODE_NXDOMAIN, authoritative: true, authorities: [soa()] }),
  ]);
  t.same(answersOf(await net.ask(client, isp, { name: 'www.a.x' })), ['www.a.x A 192.0.2.1']);
  t.same(asked(isp), ['A a.x', 'A www.a.x']);
});

t.test('RFC 8020: what lies below a name that does not exist does not exist either, and nobody is asked', async (t) => {
  const { net, client, isp } = world(({ query }) => [
    dnsResponse(query, { rcode: RCODE_NXDOMAIN, authoritative: true, authorities: [soa()] }),
  ]);
  t.equal((await net.ask(client, isp, { name: 'www.a.x' })).message.rcode, RCODE_NXDOMAIN);
  const before = asked(isp).length;
  for (const name of ['ftp.a.x', 'a.x', 'q.www.a.x']) {
    t.match((await net.ask(client, isp, { name })).message, { rcode: RCODE_NXDOMAIN, authorities: [{ type: 'SOA' }] });
  }
  t.equal(asked(isp).length, before);
});

t.test('a server that refuses parts of names: asked for the whole name', async (t) => {
  const { net, client, isp } = world(({ query }) => [
    query.questions[0].name.toLowerCase() === 'www.a.x'
      ? addressAnswer(query, '192.0.2.1')
      : dnsResponse(query, { rcode: RCODE_REFUSED }),
  ]);
  t.same(answersOf(await net.ask(client, isp, { name: 'www.a.x' })), ['www.a.x A 192.0.2.1']);
});

t.test('one server for a zone and the zone below: no referral is needed', async (t) => {
  const net = new DnsNet();
  const client = net.host('client');
  const isp = net.nameServer('isp', { recursion: true, rootHints: [{ name: 'root', address: '10.0.2.1' }] });
  net.nameServer('root', { zones: [zone('.', 'x NS ns.x', 'ns.x A 10.0.3.1')] });
  net.nameServer('x', { zones: [zone('x', 'ns A 10.0.3.1', 'a NS ns'), zone('a.x', '@ NS ns.x.', 'www A 192.0.2.1')] });
  t.same(answersOf(await net.ask(client, isp, { name: 'www.a.x' })), ['www.a.x A 192.0.2.1']);
  t.same(asked(isp), ['A a.x', 'A www.a.x']);
  await net.ask(client, isp, { name: 'ftp.a.x' });
  t.same(asked(isp).slice(2), ['A ftp.a.x'], 'that a.x exists is known');
});

t.test('an alias on the way is none for the names below it', async (t) => {
  const { net, client, isp } = world(({ query }) => {
    const [{ name }] = query.questions;
    if (name.toLowerCase() === 'www.a.x') return [addressAnswer(query, '192.0.2.1')];
    const alias = { ...ns(name, 'elsewhere.x'), type: 'CNAME' as const };
    return [dnsResponse(query, { authoritative: true, answers: [alias as never] })];
  });
  t.same(answersOf(await net.ask(client, isp, { name: 'www.a.x' })), ['www.a.x A 192.0.2.1']);
});

function soa() {
  const numbers = { serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 60 };
  return { type: 'SOA' as const, name: 'x', class: 1, ttl: 60, mname: 'ns.x', rname: 'h.x', ...numbers };
}
