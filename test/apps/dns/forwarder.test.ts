import t from 'tap';
import { dnsResponse, RCODE_NXDOMAIN, RCODE_REFUSED, RCODE_SERVFAIL } from '../../../devices/stack/wire/dns.js';
import { edns, ednsOption } from '../../../devices/stack/wire/edns.js';
import { answersOf, DnsNet, zone } from './dns-net.js';
import { scripted } from './scripted-server.js';

function world() {
  const net = new DnsNet();
  const client = net.host('client');
  const records = zone('x', '@ SOA ns h 1 2 3 4 30', 'www 60 A 192.0.2.1', 'www 60 A 192.0.2.2', 'alias CNAME www');
  const one = net.nameServer('one', { zones: [records] });
  const two = net.nameServer('two', { zones: [records] });
  const router = net.forwarder('router', [one.ip, two.ip]);
  return { net, client, one, two, router };
}

t.test('the first answer is fetched, the next come from the cache with what is left of the TTL', async (t) => {
  const { net, client, router } = world();
  const first = await net.ask(client, router, { name: 'www.x' });
  t.match(first.message, { recursionAvailable: true, authoritative: false, answers: [{ ttl: 60 }, { ttl: 60 }] });
  await net.runFor(20_000);
  const second = await net.ask(client, router, { name: 'WWW.x' });
  t.match(second.message.answers, [{ ttl: 39 }, { ttl: 39 }]);
  t.not(answersOf(second)[0], answersOf(first)[0], 'in turn, from the cache too');
  t.same(router.dnsLines().slice(-1), ['router hit 192.0.2.1 192.0.2.2']);
  t.same(
    router.server.rows().map((row) => `${row.cache} ${row.name} ${row.data} ${row.ttlSeconds}`),
    ['router www.x 192.0.2.1 39', 'router www.x 192.0.2.2 39'],
  );
  await net.runFor(41_000);
  await net.ask(client, router, { name: 'www.x' });
  t.equal(router.dnsLines().filter((line) => line.startsWith('ask')).length, 2);
});

t.test('ids: its own towards the server, the client’s own towards the client', async (t) => {
  const { net, client, router } = world();
  const replies = await Promise.all([
    net.ask(client, router, { name: 'www.x' }),
    net.ask(client, router, { name: 'alias.x' }),
    net.ask(client, router, { name: 'www.x' }),
  ]);
  t.same(
    replies.map((reply) => reply.message.answers.length),
    [2, 3, 2],
  );
  const ids = (traced: typeof client.traced) =>
    traced.flatMap((event) => (event.event === 'dns-query' ? [event.id] : []));
  t.equal(ids(client.traced).length, 3);
  t.equal(ids(router.traced).length, 2, 'the same question was forwarded once');
  t.same(
    ids(router.traced).filter((id) => ids(client.traced).includes(id)),
    [],
  );
});

t.test('negative answers are passed on and remembered', async (t) => {
  const { net, client, router } = world();
  for (let i = 0; i < 2; i++) {
    const { message } = await net.ask(client, router, { name: 'no.x' });
    t.match(message, { rcode: RCODE_NXDOMAIN, authorities: [{ type: 'SOA' }] });
  }
  t.equal(router.dnsLines().filter((line) => line.startsWith('ask')).length, 1);
});

t.test(
  'a dead server: the next one answers, and is asked first from then on; until the dead one is back',
  async (t) => {
    const { net, client, one, two, router } = world();
    net.slowDown(two, 20);
    net.kill(one);
    const reply = await net.ask(client, router, { name: 'www.x' });
    t.equal(reply.message.answers.length, 2);
    t.ok(reply.ms > 3000 && reply.ms < 3200);
    t.ok((await net.ask(client, router, { name: 'alias.x' })).ms < 100);
    net.revive(one);
    for (let i = 0; i < 40; i++) {
      await net.runFor(10_000);
      await net.ask(client, router, { name: `n${i}.x` });
    }
    const late = router.dnsLines().filter((line) => /^ask .* n3\d\.x$/.test(line));
    t.ok(late.filter((line) => line.startsWith(`ask ${one.ip} `)).length >= 7, 'mostly the faster one');
  },
);

t.test('EDNS and mixed case towards the server; the reason of a failure is passed on', async (t) => {
  const net = new DnsNet();
  const client = net.host('client');
  const failing = scripted(net, 'failing', ({ query }) => [
    dnsResponse(query, {
      rcode: RCODE_SERVFAIL,
      edns: edns({ options: [{ kind: 'extended-error', infoCode: 22, text: 'nobody there' }] }),
    }),
  ]);
  const router = net.forwarder('router', [failing.node.ip]);
  const ask = { name: 'WWW.server.com', edns: edns() };
  const { message } = await net.ask(client, router, ask);
  t.match(message, { rcode: RCODE_SERVFAIL, questions: [{ name: 'WWW.server.com' }] });
  t.match(ednsOption(message, 'extended-error'), { infoCode: 22, text: 'nobody there' });
  const [{ query }] = failing.asked;
  t.match(query, { edns: { udpSize: 1232 }, recursionDesired: true });
  t.match(query.questions[0].name, /[a-z].*[A-Z]|[A-Z].*[a-z]/);
  const before = failing.asked.length;
  t.equal(ednsOption((await net.ask(client, router, ask)).message, 'extended-error')?.infoCode, 13);
  t.equal(failing.asked.length, before, 'RFC 9520: a failure is remembered for a second');
});

t.test('all dead: SERVFAIL in bounded time; a refusal is passed on', async (t) => {
  const { net, client, one, two, router } = world();
  t.equal((await net.ask(client, router, { name: 'www.y' })).message.rcode, RCODE_REFUSED);
  net.kill(one);
  net.kill(two);
  const reply = await net.ask(client, router, { name: 'www.x' });
  t.equal(reply.message.rcode, RCODE_SERVFAIL);
  t.ok(reply.ms > 12_000 && reply.ms < 12_100, 'two servers, two rounds, three seconds each');
});

t.test('without RD it tells what it knows, and asks nobody', async (t) => {
  const { net, client, router } = world();
  const ask = { name: 'www.x', recursionDesired: false };
  t.equal((await net.ask(client, router, ask)).message.rcode, RCODE_REFUSED);
  await net.ask(client, router, { name: 'www.x' });
  t.equal((await net.ask(client, router, ask)).message.answers.length, 2);
});

t.test('ANY is answered with HINFO, so that nobody asks the next server (RFC 8482)', async (t) => {
  const { net, client, router } = world();
  const { message } = await net.ask(client, router, { name: 'www.x', type: 'ANY' });
  t.match(message, { rcode: 0, authoritative: false, answers: [{ type: 'HINFO' }] });
});
