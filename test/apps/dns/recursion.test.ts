import t from 'tap';
import { RCODE_NOERROR, RCODE_NXDOMAIN, RCODE_REFUSED, RCODE_SERVFAIL } from '../../../devices/stack/wire/dns.js';
import { answersOf, DnsNet, type DnsNode, zone } from './dns-net.js';

/** A client, a recursive server and a root that delegates what `lines` say. Addresses: 10.0.0.1, 10.0.1.1, 10.0.2.1. */
function world(...lines: string[]) {
  const net = new DnsNet();
  const client = net.host('client');
  const isp = net.nameServer('isp', { recursion: true, rootHints: [{ name: 'root', address: '10.0.2.1' }] });
  const root = net.nameServer('root', { zones: [zone('.', '@ NS root', 'root A 10.0.2.1', ...lines)] });
  return { net, client, isp, root };
}

/** Every message that the recursive server sent to others. */
function questions(node: DnsNode): string[] {
  return node.dnsLines().filter((line) => line.startsWith('ask'));
}

t.test('a referral loop ends with SERVFAIL, in a bounded number of questions', async (t) => {
  const { net, client, isp } = world('loop NS ns.loop', 'ns.loop A 10.0.3.1');
  // In charge of nothing: it sends everybody back to the root's own names.
  net.nameServer('circle', { zones: [zone('.', 'loop NS ns.loop', 'ns.loop A 10.0.3.1')] });
  const reply = await net.ask(client, isp, { name: 'www.loop' });
  t.equal(reply.message.rcode, RCODE_SERVFAIL);
  t.equal(questions(isp).length, 2, questions(isp).join('\n'));
});

t.test('two zones whose servers have names in each other, without glue: SERVFAIL, bounded', async (t) => {
  const { net, client, isp } = world('a NS ns.b.', 'b NS ns.a.');
  const reply = await net.ask(client, isp, { name: 'www.a' });
  t.equal(reply.message.rcode, RCODE_SERVFAIL);
  t.ok(questions(isp).length <= 16, questions(isp).join('\n'));
  t.ok(reply.ms < 1000, String(reply.ms));
});

t.test('a circle of aliases over two zones: SERVFAIL, bounded', async (t) => {
  const { net, client, isp } = world('a NS ns.a', 'ns.a A 10.0.3.1', 'b NS ns.b', 'ns.b A 10.0.4.1');
  net.nameServer('a', { zones: [zone('a', 'www CNAME www.b.')] });
  net.nameServer('b', { zones: [zone('b', 'www CNAME www.a.')] });
  const reply = await net.ask(client, isp, { name: 'www.a' });
  t.equal(reply.message.rcode, RCODE_SERVFAIL);
  t.equal(questions(isp).length, 4, 'each alias was asked for once');
});

t.test('a lame server is passed over', async (t) => {
  const { net, client, isp } = world('x NS ns1.x', 'x NS ns2.x', 'ns1.x A 10.0.3.1', 'ns2.x A 10.0.4.1');
  net.nameServer('lame', { zones: [zone('other', 'www A 10.9.9.9')] });
  net.nameServer('good', { zones: [zone('x', 'www A 192.0.2.1', 'mail A 192.0.2.2', 'ftp A 192.0.2.3')] });
  for (const [name, address] of [
    ['www.x', '192.0.2.1'],
    ['mail.x', '192.0.2.2'],
    ['ftp.x', '192.0.2.3'],
  ]) {
    t.same(answersOf(await net.ask(client, isp, { name })), [`${name} A ${address}`]);
  }
  t.ok(isp.dnsLines().includes('error from 10.0.3.1'), 'REFUSED by the lame one at least once');
});

t.test('all servers lame: SERVFAIL without waiting', async (t) => {
  const { net, client, isp } = world('x NS ns1.x', 'ns1.x A 10.0.3.1');
  net.nameServer('lame', { zones: [] });
  const reply = await net.ask(client, isp, { name: 'www.x' });
  t.equal(reply.message.rcode, RCODE_SERVFAIL);
  t.ok(reply.ms < 1000, 'no time-out');
});

t.test('several servers against a single point of failure', async (t) => {
  const { net, client, isp } = world('x NS ns1.x', 'x NS ns2.x', 'ns1.x A 10.0.3.1', 'ns2.x A 10.0.4.1');
  const records = zone('x', 'a A 192.0.2.1', 'b A 192.0.2.2', 'c A 192.0.2.3', 'd A 192.0.2.4');
  const one = net.nameServer('one', { zones: [records] });
  net.nameServer('two', { zones: [records] });
  net.kill(one);
  for (const name of ['a.x', 'b.x', 'c.x', 'd.x']) {
    const reply = await net.ask(client, isp, { name });
    t.equal(reply.message.rcode, RCODE_NOERROR, name);
    t.ok(reply.ms < 1200, 'at most one time out');
  }
  const timeouts = isp.dnsLines().filter((line) => line === 'no answer from 10.0.3.1');
  t.ok(timeouts.length <= 1, 'who did not answer is asked last for a while');
});

t.test('dead servers: SERVFAIL after two rounds, and it comes back by itself', async (t) => {
  const { net, client, isp } = world('x NS ns1.x', 'ns1.x A 10.0.3.1');
  const one = net.nameServer('one', { zones: [zone('x', 'www A 192.0.2.1')] });
  net.kill(one);
  const reply = await net.ask(client, isp, { name: 'www.x' });
  t.equal(reply.message.rcode, RCODE_SERVFAIL);
  t.ok(reply.ms > 2000 && reply.ms < 2200, String(reply.ms));
  const before = questions(isp).length;
  t.equal((await net.ask(client, isp, { name: 'www.x' })).message.rcode, RCODE_SERVFAIL);
  t.equal(questions(isp).length, before, 'RFC 9520: a failure is remembered for a second');
  net.revive(one);
  await net.runFor(1000);
  t.same(answersOf(await net.ask(client, isp, { name: 'www.x' })), ['www.x A 192.0.2.1']);
});

t.test('a dead root: bounded by the total time', async (t) => {
  const { net, client, isp, root } = world();
  net.kill(root);
  const reply = await net.ask(client, isp, { name: 'www.x' });
  t.equal(reply.message.rcode, RCODE_SERVFAIL);
  t.ok(reply.ms < 10_100);
});

t.test('a name server without glue is resolved first', async (t) => {
  const { net, client, isp } = world('x NS ns.y.', 'y NS ns.y', 'ns.y A 10.0.3.1');
  net.nameServer('y', { zones: [zone('y', '@ NS ns', 'ns A 10.0.3.1'), zone('x', 'www A 192.0.2.1')] });
  t.same(answersOf(await net.ask(client, isp, { name: 'www.x' })), ['www.x A 192.0.2.1']);
});

t.test('an alias into another zone is resolved there; the answer holds the chain', async (t) => {
  const { net, client, isp } = world('a NS ns.a', 'ns.a A 10.0.3.1', 'b NS ns.b', 'ns.b A 10.0.4.1');
  net.nameServer('a', { zones: [zone('a', 'www CNAME web.b.', 'gone CNAME nothing.b.')] });
  net.nameServer('b', { zones: [zone('b', 'web A 192.0.2.1')] });
  t.same(answersOf(await net.ask(client, isp, { name: 'www.a' })), ['www.a CNAME web.b.', 'web.b A 192.0.2.1']);
  const gone = await net.ask(client, isp, { name: 'gone.a' });
  t.equal(gone.message.rcode, RCODE_NXDOMAIN, 'RFC 6604: the status of the last name of the chain');
  t.same(answersOf(gone), ['gone.a CNAME nothing.b.']);
});

t.test('NXDOMAIN and NODATA come with the SOA, and are remembered', async (t) => {
  const { net, client, isp } = world('x NS ns.x', 'ns.x A 10.0.3.1');
  net.nameServer('x', { zones: [zone('x', '@ SOA ns h 1 2 3 4 30', 'www A 192.0.2.1')] });
  const absent = await net.ask(client, isp, { name: 'no.x' });
  t.match(absent.message, { rcode: RCODE_NXDOMAIN, answers: [], authorities: [{ type: 'SOA', name: 'x', ttl: 30 }] });
  const empty = await net.ask(client, isp, { name: 'www.x', type: 'TXT' });
  t.match(empty.message, { rcode: RCODE_NOERROR, answers: [], authorities: [{ type: 'SOA' }] });
  const before = questions(isp).length;
  await net.runFor(10_000);
  const again = await net.ask(client, isp, { name: 'no.x', type: 'TXT' });
  t.match(again.message, { rcode: RCODE_NXDOMAIN, authorities: [{ type: 'SOA', ttl: 19 }] });
  t.equal(questions(isp).length, before);
  await net.runFor(20_000);
  await net.ask(client, isp, { name: 'no.x' });
  t.equal(questions(isp).length, before + 1);
});

t.test('bailiwick: a server is not believed on names that are not its own', async (t) => {
  const { net, client, isp } = world('evil NS ns.evil', 'ns.evil A 10.0.3.1', 'good NS ns.good', 'ns.good A 10.0.4.1');
  // It claims to be in charge of everything, with addresses of its own.
  net.nameServer('evil', {
    zones: [
      zone('.', 'www.good A 6.6.6.6', 'sub.evil NS ns.good.', 'ns.good A 10.0.3.1', 'alias.evil CNAME www.good.'),
    ],
  });
  net.nameServer('good', { zones: [zone('good', 'www A 192.0.2.1')] });
  t.same(
    answersOf(await net.ask(client, isp, { name: 'alias.evil' })),
    ['alias.evil CNAME www.good.', 'www.good A 192.0.2.1'],
    'the address behind the alias was asked of its owner',
  );
  await net.ask(client, isp, { name: 'x.sub.evil' });
  t.same(answersOf(await net.ask(client, isp, { name: 'www.good' })), ['www.good A 192.0.2.1']);
  const glue = isp.server.rows().filter((row) => row.name === 'ns.good');
  t.same(
    glue.map((row) => row.data),
    ['10.0.4.1'],
    'the forged glue was not taken',
  );
});

t.test('identical questions at the same time are asked once', async (t) => {
  const { net, client, isp } = world('x NS ns.x', 'ns.x A 10.0.3.1');
  net.nameServer('x', { zones: [zone('x', 'www A 192.0.2.1')] });
  const replies = Array.from({ length: 5 }, () => net.ask(client, isp, { name: 'www.x' }));
  for (const reply of await Promise.all(replies)) t.same(answersOf(reply), ['www.x A 192.0.2.1']);
  t.equal(questions(isp).length, 2);
});

t.test('recursion is refused where it is off, and without RD nobody else is asked', async (t) => {
  const { net, client, isp, root } = world('x NS ns.x', 'ns.x A 10.0.3.1');
  net.nameServer('x', { zones: [zone('x', '@ NS ns', 'ns A 10.0.3.1', 'www A 192.0.2.1')] });
  const x = net.nameServer('y', { zones: [zone('y', 'www A 192.0.2.2')] });
  t.match((await net.ask(client, x, { name: 'www.x' })).message, {
    rcode: RCODE_REFUSED,
    recursionAvailable: false,
    authoritative: false,
  });
  t.match((await net.ask(client, root, { name: 'www.x' })).message, { answers: [], authorities: [{ name: 'x' }] });
  const cold = await net.ask(client, isp, { name: 'www.x', recursionDesired: false });
  t.match(cold.message, {
    answers: [],
    authorities: [{ type: 'NS', name: '.', target: 'root' }],
    recursionAvailable: true,
  });
  t.equal(questions(isp).length, 0);
  await net.ask(client, isp, { name: 'www.x' });
  const warm = await net.ask(client, isp, { name: 'www.x', recursionDesired: false });
  t.same(answersOf(warm), ['www.x A 192.0.2.1'], 'from its cache');
  const near = await net.ask(client, isp, { name: 'mail.x', recursionDesired: false });
  t.match(near.message, { answers: [], authorities: [{ name: 'x' }], additionals: [{ name: 'ns.x' }] });
});

t.test('reverse look-up: PTR by in-addr.arpa', async (t) => {
  const { net, client, isp } = world('2.0.192.in-addr.arpa NS ns.x.', 'x NS ns.x', 'ns.x A 10.0.3.1');
  net.nameServer('x', {
    zones: [zone('x', 'ns A 10.0.3.1'), zone('2.0.192.in-addr.arpa', '80 PTR www.server.com.')],
  });
  t.equal(await net.until(client.resolver({ servers: [isp.ip] }).reverse('192.0.2.80')), 'www.server.com');
  t.equal(await net.until(client.resolver({ servers: [isp.ip] }).reverse('192.0.2.81')), undefined);
});

t.test('both roles in one server: its own zones with AA, the rest by recursion', async (t) => {
  const net = new DnsNet();
  const client = net.host('client');
  net.nameServer('root', {
    zones: [zone('.', 'x NS ns.x', 'ns.x A 10.0.2.1', 'lan NS ns.lan', 'ns.lan A 10.0.3.1')],
  });
  net.nameServer('x', { zones: [zone('x', 'www A 192.0.2.1')] });
  const both = net.nameServer('both', {
    zones: [zone('lan', 'printer A 10.0.3.9', 'www CNAME www.x.')],
    recursion: true,
    rootHints: [{ name: 'root', address: '10.0.1.1' }],
  });
  t.match((await net.ask(client, both, { name: 'printer.lan' })).message, { authoritative: true, rcode: 0 });
  t.match((await net.ask(client, both, { name: 'www.x' })).message, { authoritative: false, rcode: 0 });
  t.same(answersOf(await net.ask(client, both, { name: 'www.lan' })), ['www.lan CNAME www.x.', 'www.x A 192.0.2.1']);
});

t.test('a server that cannot work says so when it is made', async (t) => {
  const net = new DnsNet();
  t.throws(() => net.nameServer('a', { recursion: true }), /needs root hints/);
  t.throws(
    () => net.nameServer('b', { recursion: true, rootHints: [{ name: 'root', address: 'nowhere' }] }),
    /root hint root nowhere/,
  );
});
