import t from 'tap';
import { reverseName } from '../../devices/net/resolver.js';
import { DnsNet, zone } from '../apps/dns/dns-net.js';

function world() {
  const net = new DnsNet();
  const client = net.host('client');
  const records = [
    zone('lan', 'printer A 10.0.9.9'),
    zone('x', '@ SOA ns h 1 2 3 4 30', 'www A 192.0.2.1', 'www A 192.0.2.2', 'blog CNAME www', 'empty TXT nothing'),
    zone('2.0.192.in-addr.arpa', '1 PTR www.x.'),
  ];
  const server = net.nameServer('server', { zones: records });
  const spare = net.nameServer('spare', { zones: records });
  return { net, client, server, spare };
}

t.test('an address needs no look-up', async (t) => {
  const { net, client } = world();
  const found = await net.until(client.resolver({}).resolve('192.0.2.7'));
  t.match(found, { addresses: ['192.0.2.7'], source: 'literal', records: [] });
  t.same(client.dnsLines(), []);
});

t.test('the hosts file, after the cache and before the network', async (t) => {
  const { net, client, server } = world();
  const resolver = client.resolver({ servers: [server.ip], hosts: { 'www.X': ['10.1.1.1', '10.1.1.2'] } });
  t.match(await net.until(resolver.resolve('WWW.x')), { addresses: ['10.1.1.1', '10.1.1.2'], source: 'hosts' });
  t.same(client.dnsLines(), ['os miss', 'hosts hit 10.1.1.1 10.1.1.2']);
  t.match(await net.until(resolver.resolve('localhost')), { addresses: ['127.0.0.1'], source: 'hosts' });
  t.equal(await resolver.reverse('10.1.1.2'), 'www.x');
  t.same(resolver.rows(), [
    { cache: 'hosts', name: 'localhost', type: 'A', data: '127.0.0.1', ttlSeconds: -1 },
    { cache: 'hosts', name: 'www.x', type: 'A', data: '10.1.1.1', ttlSeconds: -1 },
    { cache: 'hosts', name: 'www.x', type: 'A', data: '10.1.1.2', ttlSeconds: -1 },
  ]);
});

t.test('an alias: the canonical name, and the records for a cache in front', async (t) => {
  const { net, client, server } = world();
  const found = await net.until(client.resolver({ servers: [server.ip] }).resolve('blog.x'));
  t.match(found, { name: 'blog.x', canonicalName: 'www.x', source: 'network' });
  t.same(
    found.records.map((record) => record.type),
    ['CNAME', 'A', 'A'],
  );
});

t.test('ENOTFOUND as dns.lookup says it: no such name, no address, no legal name', async (t) => {
  const { net, client, server } = world();
  const resolver = client.resolver({ servers: [server.ip] });
  await t.rejects(net.until(resolver.resolve('no.x')), {
    message: 'getaddrinfo ENOTFOUND no.x',
    code: 'ENOTFOUND',
    errno: -3008,
    syscall: 'getaddrinfo',
    hostname: 'no.x',
    cause: { message: 'no such name' },
  });
  await t.rejects(net.until(resolver.resolve('empty.x')), { cause: { message: 'the name has no address' } });
  await t.rejects(net.until(resolver.resolve('a..b')), { cause: { message: 'not a domain name' } });
  const before = client.dnsLines().length;
  await t.rejects(net.until(resolver.resolve('no.x')), { code: 'ENOTFOUND' });
  t.same(client.dnsLines().slice(before), ['os hit'], 'the absence is remembered too');
});

t.test('EAI_AGAIN: nobody answers, after 5 s twice', async (t) => {
  const { net, client, server } = world();
  net.kill(server);
  await t.rejects(net.until(client.resolver({ servers: [server.ip] }).resolve('www.x')), {
    code: 'EAI_AGAIN',
    errno: -3001,
    cause: { message: '10.0.1.1 does not answer' },
  });
  t.equal(Math.round(net.now), 10_000);
  t.equal(client.dnsLines().filter((line) => line === 'no answer from 10.0.1.1').length, 2);
  const ids = client.traced.flatMap((event) => (event.event === 'dns-query' ? [event.id] : []));
  t.equal(new Set(ids).size, 2, 'a new id for each question');
});

t.test('EAI_AGAIN: no server is known, the server refuses, nothing listens there', async (t) => {
  const { net, client, server } = world();
  const reason = (config: { servers?: string[] }, message: string) =>
    t.rejects(net.until(client.resolver(config).resolve('www.y')), { code: 'EAI_AGAIN', cause: { message } });
  await reason({}, 'no name server is known');
  await reason({ servers: [server.ip] }, '10.0.1.1 answered error');
  await reason({ servers: [net.host('mute').ip] }, 'ECONNREFUSED 10.0.3.1');
});

t.test('several servers: the next one is asked when one does not answer', async (t) => {
  const { net, client, server, spare } = world();
  net.kill(server);
  const found = await net.until(
    client.resolver({ servers: [server.ip, spare.ip] }, { timeoutMs: 700 }).resolve('www.x'),
  );
  t.equal(found.addresses.length, 2);
  t.ok(net.now > 700 && net.now < 800);
});

t.test('one lost datagram costs one time-out', async (t) => {
  const { net, client, server } = world();
  net.kill(server);
  const found = client.resolver({ servers: [server.ip] }).resolve('www.x');
  await net.runFor(2000);
  net.revive(server);
  t.equal((await net.until(found)).addresses.length, 2);
  t.ok(net.now > 5000 && net.now < 5100);
});

t.test('source ports and ids are drawn anew for each question, the same way for the same seed', async (t) => {
  const draw = async () => {
    const { net, client, server } = world();
    const resolver = client.resolver({ servers: [server.ip] });
    for (const name of ['www.x', 'no1.x', 'no2.x']) await net.until(resolver.resolve(name)).catch(() => {});
    return client.traced.flatMap((event) => (event.event === 'dns-query' ? [event.id] : []));
  };
  const first = await draw();
  t.equal(new Set(first).size, 3);
  t.same(await draw(), first);
});

t.test('the search domain is for names without a dot', async (t) => {
  const { net, client, server } = world();
  const resolver = client.resolver({ servers: [server.ip], domain: 'lan.' });
  t.match(await net.until(resolver.resolve('printer')), { name: 'printer', canonicalName: 'printer.lan' });
  t.same(resolver.candidates('www.x'), ['www.x']);
  t.same(resolver.candidates('printer'), ['printer.lan', 'printer']);
  t.same(resolver.candidates('printer.'), ['printer']);
  resolver.configure({ servers: [], domain: 'x' });
  t.same(resolver.candidates('printer'), ['printer.x', 'printer']);
  t.same(resolver.nameServers, []);
});

t.test('the same question at the same time is asked once', async (t) => {
  const { net, client, server } = world();
  const resolver = client.resolver({ servers: [server.ip] });
  const both = await net.until(Promise.all([resolver.resolve('www.x'), resolver.resolve('www.X')]));
  t.same(both[0].addresses, both[1].addresses);
  t.equal(client.dnsLines().filter((line) => line.startsWith('ask')).length, 1);
});

t.test('lookup has the shape of dns.lookup', async (t) => {
  const { net, client, server } = world();
  const resolver = client.resolver({ servers: [server.ip] });
  const call = (name: string, options: { all?: boolean }) =>
    net.until(new Promise<unknown[]>((resolve) => resolver.lookup(name, options, (...result) => resolve(result))));
  t.same(await call('www.x', {}), [null, '192.0.2.1', 4]);
  t.same(await call('www.x', { all: true }), [
    null,
    [
      { address: '192.0.2.1', family: 4 },
      { address: '192.0.2.2', family: 4 },
    ],
  ]);
  t.match((await call('no.x', {}))[0], { code: 'ENOTFOUND' });
});

t.test('the name of an address', async (t) => {
  const { net, client, server } = world();
  const resolver = client.resolver({ servers: [server.ip] }, { timeoutMs: 100 });
  t.equal(reverseName('192.0.2.1'), '1.2.0.192.in-addr.arpa');
  t.equal(reverseName('www.x'), undefined);
  t.equal(await net.until(resolver.reverse('192.0.2.1')), 'www.x');
  t.equal(await net.until(resolver.reverse('192.0.2.9')), undefined);
  t.equal(await net.until(resolver.reverse('8.8.8.8')), undefined, 'refused: nobody knows');
});
