/** Recursion through zones whose servers are not quite right, or right in rare ways: the answer that can be had is found. */
import t from 'tap';
import { type DnsMessage, dnsResponse, RCODE_NXDOMAIN, RCODE_YXDOMAIN } from '../../../devices/stack/wire/dns.js';
import { CLASS_IN, type ResourceRecord } from '../../../devices/stack/wire/dns-record.js';
import { answersOf, DnsNet, zone } from './dns-net.js';
import { a, addressAnswer, ns, type Script, scripted } from './scripted-server.js';

const ROOT = ['@ NS root', 'root A 10.0.2.1', 'x NS ns.x', 'ns.x A 10.0.3.1'];

/** `client` asks `isp`, which knows `root`; `x` has its server at 10.0.3.1, the next machine to be made. */
function world(...lines: string[]) {
  const net = new DnsNet();
  const client = net.host('client');
  const isp = net.nameServer('isp', { recursion: true, rootHints: [{ name: 'root', address: '10.0.2.1' }] });
  net.nameServer('root', { zones: [zone('.', ...ROOT, ...lines)] });
  const ask = (name: string, type: 'A' | 'DS' | 'CNAME' = 'A') => net.ask(client, isp, { name, type });
  return { net, client, isp, ask };
}

function nameOf(query: DnsMessage): string {
  return query.questions[0].name.toLowerCase();
}

function soa(name: string, ttl = 300): ResourceRecord {
  const fields = { mname: `ns.${name}`, rname: `h.${name}`, serial: 1, refresh: 1, retry: 1, expire: 1, minimum: ttl };
  return { type: 'SOA', name, class: CLASS_IN, ttl, ...fields };
}

t.test('a name that is said not to exist, and below which there is a zone, exists (RFC 8020 section 2)', async (t) => {
  const { net, ask } = world();
  scripted(net, 'x', ({ query }) => [
    nameOf(query).endsWith('sub.ent.x')
      ? dnsResponse(query, {
          authorities: [ns('sub.ent.x', 'ns.sub.ent.x')],
          additionals: [a('ns.sub.ent.x', '10.0.4.1')],
        })
      : dnsResponse(query, { rcode: RCODE_NXDOMAIN, authoritative: true, authorities: [soa('x')] }),
  ]);
  net.nameServer('sub', { zones: [zone('sub.ent.x', 'www A 192.0.2.1', 'ftp A 192.0.2.2')] });
  t.match((await ask('nope.sub.ent.x')).message, { rcode: RCODE_NXDOMAIN });
  t.same(answersOf(await ask('www.sub.ent.x')), ['www.sub.ent.x A 192.0.2.1']);
});

t.test('DS is asked of the zone above, whatever is known of the zone itself (RFC 4035 section 4.2)', async (t) => {
  for (const before of [undefined, 'www.x']) {
    const { net, ask } = world('x DS \\# 4 00010203');
    net.nameServer('x', { zones: [zone('x', '@ NS ns', 'www A 192.0.2.1')] });
    if (before !== undefined) await ask(before);
    t.same(answersOf(await ask('x', 'DS')), ['x DS \\# 4 00010203'], `after ${before}`);
  }
});

t.test('a referral is one with AA too', async (t) => {
  const { net, ask } = world();
  scripted(net, 'x', ({ query }) => [
    dnsResponse(query, {
      authoritative: true,
      authorities: [ns('sub.x', 'ns.sub.x')],
      additionals: [a('ns.sub.x', '10.0.4.1')],
    }),
  ]);
  net.nameServer('sub', { zones: [zone('sub.x', 'www A 192.0.2.1')] });
  t.same(answersOf(await ask('www.sub.x')), ['www.sub.x A 192.0.2.1']);
});

t.test('a server that is silent about parts of names is asked for the whole name (RFC 9156 section 3)', async (t) => {
  const { net, isp, ask } = world();
  const whole: Script = ({ query }) => (nameOf(query) === 'a.b.x' ? [addressAnswer(query, '192.0.2.1')] : []);
  scripted(net, 'x', whole);
  t.same(answersOf(await ask('a.b.x')), ['a.b.x A 192.0.2.1']);
  t.equal(isp.dnsLines().filter((line) => line.startsWith('no answer')).length, 1, 'once');
});

t.test('a DNAME that makes the name too long: YXDOMAIN is passed on (RFC 6672 section 2.2)', async (t) => {
  const { net, isp, ask } = world();
  const long = 'a'.repeat(60);
  net.nameServer('x', { zones: [zone('x', `d DNAME ${long}.${long}.${long}.${'b'.repeat(40)}.`)] });
  const { message } = await ask(`${long}.d.x`);
  t.match(message, { rcode: RCODE_YXDOMAIN, answers: [{ type: 'DNAME', name: 'd.x' }] });
  const asked = () => isp.dnsLines().filter((line) => line.startsWith('ask 10.0.3.1')).length;
  const before = asked();
  t.match((await ask(`${long}.d.x`)).message, { rcode: RCODE_YXDOMAIN });
  t.equal(asked(), before + 1, 'it is not kept, and the server is no worse for it');
});

t.test('the first answer has the TTLs of those from the cache: alike in a set, and bounded', async (t) => {
  const { net, ask } = world();
  scripted(net, 'x', ({ query }) => [
    nameOf(query) === 'long.x'
      ? dnsResponse(query, { authoritative: true, answers: [a('long.x', '192.0.2.1', 0x7fffffff)] })
      : nameOf(query) === 'www.x'
        ? dnsResponse(query, {
            authoritative: true,
            answers: [a('www.x', '192.0.2.1', 60), a('www.x', '192.0.2.2', 30)],
          })
        : dnsResponse(query, { rcode: RCODE_NXDOMAIN, authoritative: true, authorities: [soa('x', 1_000_000)] }),
  ]);
  const ttls = async (name: string) => {
    const { answers, authorities } = (await ask(name)).message;
    return [...answers, ...authorities].map(({ ttl }) => ttl);
  };
  t.same(await ttls('long.x'), [86_400]);
  t.same(await ttls('www.x'), [30, 30]);
  t.same(await ttls('nope.x'), [10_800]);
});

t.test("behind the server's own alias the answer is authoritative still (RFC 1035 section 4.1.1)", async (t) => {
  const net = new DnsNet();
  const client = net.host('client');
  const rootHints = [{ name: 'root', address: '10.0.2.1' }];
  const isp = net.nameServer('isp', { recursion: true, rootHints, zones: [zone('own', 'www CNAME www.x.')] });
  net.nameServer('root', { zones: [zone('.', ...ROOT)] });
  net.nameServer('x', { zones: [zone('x', 'www A 192.0.2.1')] });
  const reply = await net.ask(client, isp, { name: 'www.own' });
  t.same(answersOf(reply), ['www.own CNAME www.x.', 'www.x A 192.0.2.1']);
  t.equal(reply.message.authoritative, true);
});
