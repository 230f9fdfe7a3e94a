import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { DnsCache, FROM_ANSWER, FROM_AUTHORITY, FROM_REFERRAL } from '../../devices/net/dns-cache.js';
import { CLASS_IN, type ResourceRecord } from '../../devices/stack/wire/dns-record.js';

function a(name: string, address: number, ttl: number): ResourceRecord {
  return { type: 'A', name, class: CLASS_IN, ttl, address };
}

function alias(name: string, target: string, ttl = 300): ResourceRecord {
  return { type: 'CNAME', name, class: CLASS_IN, ttl, target };
}

function soa(ttl: number, minimum: number): ResourceRecord {
  const names = { name: 'server.com', mname: 'ns1.server.com', rname: 'hostmaster.server.com' };
  return { type: 'SOA', class: CLASS_IN, ttl, ...names, serial: 1, refresh: 1, retry: 1, expire: 1, minimum };
}

function cacheAt(limit?: number) {
  const clock = { now: 1000 };
  return { clock, cache: new DnsCache({ cache: 'os', now: () => clock.now, limit }) };
}

t.test('a record lives for its TTL, which counts down', async (t) => {
  const { cache, clock } = cacheAt();
  cache.put([a('www.server.com', 1, 60)]);
  t.match(cache.get('WWW.Server.com', 'A'), { kind: 'answer', records: [{ ttl: 60, address: 1 }] });
  clock.now += 10_001;
  t.match(cache.get('www.server.com', 'A'), { records: [{ ttl: 49 }] }, 'rounded down');
  clock.now += 49_998;
  t.match(cache.get('www.server.com', 'A'), { records: [{ ttl: 0 }] }, 'the last moment');
  clock.now += 1;
  t.equal(cache.get('www.server.com', 'A'), undefined);
  t.equal(cache.size, 0);
});

t.test('the records of one name and type live as long as the shortest (RFC 2181 section 5.2)', async (t) => {
  const { cache, clock } = cacheAt();
  cache.put([a('www.server.com', 1, 60), a('www.server.com', 2, 20), a('ns.server.com', 3, 90)]);
  clock.now += 20_000;
  t.equal(cache.get('www.server.com', 'A'), undefined);
  t.match(cache.get('ns.server.com', 'A'), { records: [{ ttl: 70 }] });
});

t.test('a TTL of 0 is not kept, and one of years not for more than a day', async (t) => {
  const { cache } = cacheAt();
  cache.put([a('now.server.com', 1, 0), a('long.server.com', 1, 1e9)]);
  t.equal(cache.get('now.server.com', 'A'), undefined);
  t.match(cache.get('long.server.com', 'A'), { records: [{ ttl: 86400 }] });
});

t.test('a new answer replaces the old one', async (t) => {
  const { cache } = cacheAt();
  cache.put([a('www.server.com', 1, 60), a('www.server.com', 2, 60)]);
  cache.put([a('www.server.com', 3, 60)]);
  t.same(
    cache.rows().map((row) => row.data),
    ['0.0.0.3'],
  );
});

t.test('negative answers: for the smaller of the TTL of the SOA and its MINIMUM (RFC 2308)', async (t) => {
  const { cache, clock } = cacheAt();
  cache.putNegative('nxdomain', 'no.server.com', 'A', soa(600, 30));
  cache.putNegative('nodata', 'www.server.com', 'TXT', soa(20, 600));
  t.match(cache.get('no.server.com', 'TXT'), { kind: 'nxdomain', records: [], soa: { ttl: 30 } }, 'of every type');
  t.match(cache.get('www.server.com', 'TXT'), { kind: 'nodata', soa: { ttl: 20 } });
  t.equal(cache.get('www.server.com', 'A'), undefined, 'of this type only');
  clock.now += 25_000;
  t.equal(cache.get('www.server.com', 'TXT'), undefined);
  t.match(cache.get('no.server.com', 'A'), { kind: 'nxdomain', soa: { ttl: 5 } });
  cache.put([a('no.server.com', 1, 60)]);
  t.match(cache.get('no.server.com', 'A'), { kind: 'answer' }, 'it exists now');
  t.equal(cache.get('no.server.com', 'TXT'), undefined, 'the absence of the name is forgotten');
});

t.test('what is believed more is not replaced by what is believed less (RFC 2181 section 5.4.1)', async (t) => {
  const { cache } = cacheAt();
  cache.put([a('ns.server.com', 1, 60)], FROM_AUTHORITY);
  cache.put([a('ns.server.com', 9, 60)], FROM_REFERRAL);
  t.match(cache.get('ns.server.com', 'A'), { records: [{ address: 1 }] });
  cache.put([a('ns2.server.com', 1, 60)], FROM_REFERRAL);
  t.equal(cache.get('ns2.server.com', 'A', FROM_ANSWER), undefined, 'glue is no answer');
  cache.put([a('ns2.server.com', 2, 60)], FROM_ANSWER);
  t.match(cache.get('ns2.server.com', 'A', FROM_ANSWER), { records: [{ address: 2 }] });
});

t.test('aliases are followed to the end, or nothing is known', async (t) => {
  const { cache } = cacheAt();
  cache.put([alias('blog.server.com', 'web.server.com'), alias('web.server.com', 'www.server.com')]);
  t.equal(cache.resolve('blog.server.com', 'A'), undefined);
  cache.put([a('www.server.com', 7, 60)]);
  const found = cache.resolve('blog.server.com', 'A');
  t.same(
    found?.records.map((record) => record.type),
    ['CNAME', 'CNAME', 'A'],
  );
  t.match(cache.resolve('blog.server.com', 'CNAME'), { records: [{ target: 'web.server.com' }] });
  cache.putNegative('nodata', 'www.server.com', 'TXT', soa(60, 60));
  t.match(cache.resolve('blog.server.com', 'TXT'), { kind: 'nodata', records: [{}, {}] });
});

t.test('a circle of aliases ends', async (t) => {
  const { cache } = cacheAt();
  cache.put([alias('a.server.com', 'b.server.com'), alias('b.server.com', 'a.server.com')]);
  t.equal(cache.resolve('a.server.com', 'A'), undefined);
});

t.test('bounded: the longest unused entry goes', async (t) => {
  const { cache } = cacheAt(2);
  cache.put([a('a.com', 1, 60)]);
  cache.put([a('b.com', 1, 60)]);
  cache.get('a.com', 'A');
  cache.put([a('c.com', 1, 60)]);
  t.same(
    cache.rows().map((row) => row.name),
    ['a.com', 'c.com'],
  );
  t.equal(cache.size, 2);
});

t.test('rows for inspect', async (t) => {
  const { cache, clock } = cacheAt();
  cache.put([a('www.server.com', 0x0a000001, 60), alias('blog.server.com', 'www.server.com', 10)]);
  cache.putNegative('nxdomain', 'no.server.com', 'A', soa(60, 30));
  clock.now += 10_000;
  t.same(cache.rows(), [
    { cache: 'os', name: 'www.server.com', type: 'A', data: '10.0.0.1', ttlSeconds: 50 },
    { cache: 'os', name: 'no.server.com', type: 'ANY', data: 'NXDOMAIN', ttlSeconds: 20 },
  ]);
  cache.clear();
  t.same(cache.rows(), []);
});

t.test('RFC 8020: below a name that does not exist there is nothing, but for what is known', async (t) => {
  const { cache, clock } = cacheAt();
  cache.put([a('www.gone.server.com', 1, 600), alias('blog.gone.server.com', 'www.server.com', 600)]);
  cache.putNegative('nxdomain', 'gone.server.com', 'A', soa(60, 60));
  for (const name of ['gone.server.com', 'ftp.gone.server.com', 'a.b.Gone.server.com']) {
    t.match(cache.get(name, 'MX'), { kind: 'nxdomain', soa: { type: 'SOA', ttl: 60 } }, name);
  }
  t.match(cache.get('www.gone.server.com', 'A'), { kind: 'answer' });
  t.match(cache.resolve('blog.gone.server.com', 'CNAME'), { kind: 'answer' });
  t.equal(cache.get('blog.gone.server.com', 'A'), undefined, 'the alias goes on');
  t.equal(cache.get('server.com', 'A'), undefined);
  t.equal(cache.get('begone.server.com', 'A'), undefined);
  clock.now += 60_000;
  t.equal(cache.get('ftp.gone.server.com', 'A'), undefined);
});

t.test('the limit is of records; a set that is larger is not kept, and makes no room', async (t) => {
  const { cache } = cacheAt(10);
  const set = (name: string, count: number) => Array.from({ length: count }, (_, i) => a(name, i, 60));
  cache.put(set('a.x', 4));
  cache.put(set('b.x', 4));
  cache.put(set('c.x', 4));
  t.equal(cache.size, 8);
  t.equal(cache.get('a.x', 'A'), undefined, 'the oldest made room');
  cache.put(set('d.x', 11));
  t.equal(cache.get('d.x', 'A'), undefined);
  t.equal(cache.size, 8);
  cache.put(set('b.x', 1));
  t.equal(cache.size, 5);
  cache.clear();
  t.equal(cache.size, 0);
});

t.test('whatever is put, the limit holds, and the count is that of what is there', async () => {
  const name = fc.constantFrom('x', 'a.x', 'b.a.x', 'c.x');
  const step = fc.oneof(
    fc.record({ name, count: fc.integer({ min: 1, max: 6 }), ttl: fc.integer({ min: 0, max: 5 }) }),
    fc.record({ name, absent: fc.constantFrom('nxdomain' as const, 'nodata' as const) }),
    fc.record({ name, pass: fc.integer({ min: 0, max: 3000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { cache, clock } = cacheAt(8);
      for (const one of steps) {
        if ('count' in one) cache.put(Array.from({ length: one.count }, (_, i) => a(one.name, i, one.ttl)));
        else if ('absent' in one) cache.putNegative(one.absent, one.name, 'A', soa(3, 3));
        else clock.now += one.pass;
        cache.get(one.name, 'A');
        assert.ok(cache.size <= 8);
      }
      for (const at of ['x', 'a.x', 'b.a.x', 'c.x']) cache.get(at, 'A');
      assert.ok(cache.rows().length <= cache.size);
      clock.now += 10_000;
      for (const at of ['x', 'a.x', 'b.a.x', 'c.x']) cache.get(at, 'A');
      assert.equal(cache.size, 0);
    }),
    { numRuns: 200 },
  );
});
