import t from 'tap';
import { Authority } from '../../../devices/apps/dns/authority.js';
import { Zone, type ZoneFinding } from '../../../devices/apps/dns/zone.js';
import type { RecordConfig } from '../../../devices/control/config.js';
import { RCODE_NOERROR, RCODE_NXDOMAIN, RCODE_SERVFAIL } from '../../../devices/stack/wire/dns.js';
import { CLASS_IN, formatRecordData, type QuestionType } from '../../../devices/stack/wire/dns-record.js';
import { zone } from './dns-net.js';

const SERVER_COM = zone(
  'Server.com.',
  '@ 600 SOA ns1 hostmaster 7 3600 600 86400 30',
  '@ NS ns1',
  '@ NS ns2.elsewhere.net.',
  'ns1 A 10.0.0.1',
  'www A 10.0.0.2',
  'www A 10.0.0.3',
  'blog CNAME www',
  'out CNAME www.elsewhere.net.',
  'circle CNAME square',
  'square CNAME circle',
  'a.b.deep TXT "one" "two \\"2\\""',
  '*.wild A 10.0.0.9',
  'exact.wild TXT here',
  'shop NS ns.shop',
  'ns.shop A 10.0.0.5',
);

function text(found: ZoneFinding): string {
  if (found.kind === 'answer' || found.kind === 'referral') {
    return `${found.kind} ${found.records.map((r) => `${r.name} ${formatRecordData(r)}`).join(', ')}`;
  }
  return found.kind === 'alias' ? `alias ${found.target}` : found.kind;
}

t.test('look-up in a zone', async (t) => {
  const server = new Zone(SERVER_COM);
  const find = (name: string, type: QuestionType) => text(server.find(name, type));
  t.equal(find('WWW.SERVER.COM', 'A'), 'answer www.Server.com 10.0.0.2, www.Server.com 10.0.0.3');
  t.equal(find('www.server.com', 'TXT'), 'nodata');
  t.equal(find('nothing.server.com', 'A'), 'nxdomain');
  t.equal(find('blog.server.com', 'A'), 'alias www.Server.com');
  t.equal(find('blog.server.com', 'CNAME'), 'answer blog.Server.com www.Server.com.');
  t.equal(find('b.deep.server.com', 'A'), 'nodata', 'exists because a name below it does (RFC 8020)');
  t.equal(find('server.com', 'NS'), 'answer Server.com ns1.Server.com., Server.com ns2.elsewhere.net.');
  t.equal(find('a.b.deep.server.com', 'TXT'), 'answer a.b.deep.Server.com "one" "two \\"2\\""');
});

t.test('wildcards (RFC 4592)', async (t) => {
  const server = new Zone(SERVER_COM);
  const find = (name: string, type: QuestionType) => text(server.find(name, type));
  t.equal(find('any.wild.server.com', 'A'), 'answer any.wild.server.com 10.0.0.9', 'under the name that was asked for');
  t.equal(find('x.y.wild.server.com', 'A'), 'answer x.y.wild.server.com 10.0.0.9');
  t.equal(find('any.wild.server.com', 'TXT'), 'nodata');
  t.equal(find('exact.wild.server.com', 'A'), 'nodata', 'a name that exists is not covered');
  t.equal(find('x.exact.wild.server.com', 'A'), 'nxdomain', 'nor is what lies below it');
});

t.test('delegation: everything at and below the cut is referred, glue too', async (t) => {
  const server = new Zone(SERVER_COM);
  for (const name of ['shop.server.com', 'www.shop.server.com', 'ns.shop.server.com']) {
    t.equal(text(server.find(name, 'A')), 'referral shop.Server.com ns.shop.Server.com.');
  }
});

t.test('a zone without SOA gets one', async (t) => {
  t.match(new Zone(zone('com', '@ NS ns.nic')).soa, { name: 'com', mname: 'ns.nic.com', minimum: 60 });
  t.match(new Zone(zone('.', 'com NS ns.com')).soa, { name: '.', rname: 'hostmaster' });
});

t.test('wrong records are refused with zone, record and reason', async (t) => {
  const refused = (record: Partial<RecordConfig>, reason: string) => {
    const config = { name: 'x', type: 'A', data: '10.0.0.1', ...record } as RecordConfig;
    t.throws(() => new Zone({ name: 'server.com', records: [config] }), {
      message: `zone server.com, record ${config.name} ${config.type} "${config.data}": ${reason}`,
    });
  };
  refused({ data: '10.0.0.256' }, 'not an IPv4 address');
  refused({ name: 'a..b' }, 'the name is not a domain name');
  refused({ name: 'www.other.com.' }, 'the name lies outside the zone');
  refused({ type: 'NS', data: '-'.repeat(64) }, 'not a domain name');
  refused(
    { type: 'SOA', data: 'a b 1 2 3' },
    'a SOA has seven fields: mname rname serial refresh retry expire minimum',
  );
  refused({ type: 'SOA', data: 'a b 1 2 3 4 x' }, 'the last five fields are integers of 32 bits');
  refused({ type: 'TXT', data: '"open' }, 'a quote is not closed');
  refused({ ttlSeconds: -1 }, 'the TTL is 0 … 2147483647 seconds');
  refused({ type: 'MX' as 'A', data: '10 mx' }, 'the type is none of A, NS, CNAME, PTR, SOA, TXT');
  t.throws(() => new Zone(zone('server.com', 'x CNAME y', 'x A 10.0.0.1')), /a name with a CNAME has no other records/);
  t.throws(() => new Zone(zone('server.com', 'x CNAME y', 'x CNAME z')), /a name with a CNAME has no other records/);
  t.throws(() => new Zone({ name: 'a..b', records: [] }), /not a domain name/);
  t.throws(() => new Authority([zone('a.b'), zone('A.b.')]), /zone A.b is there twice|zone a.b is there twice/);
});

t.test('answers of a server in charge', async (t) => {
  const authority = new Authority([zone('com', 'server NS ns1.server'), SERVER_COM]);
  const ask = (name: string, type: QuestionType) => authority.answer({ name, type, class: CLASS_IN });

  const www = ask('www.server.com', 'A');
  t.match(www, { kind: 'answer', sections: { rcode: RCODE_NOERROR, authoritative: true } });

  const ns = ask('server.com', 'NS');
  t.match(ns, { sections: { additionals: [{ name: 'ns1.Server.com', address: 0x0a000001 }] } }, 'addresses of servers');

  const blog = ask('blog.server.com', 'A');
  t.match(blog, { kind: 'answer', sections: { answers: [{ type: 'CNAME' }, { type: 'A' }, { type: 'A' }] } });

  t.match(ask('out.server.com', 'A'), { kind: 'leaves', target: 'www.elsewhere.net' });
  t.match(ask('circle.server.com', 'A'), { kind: 'answer', sections: { rcode: RCODE_SERVFAIL, answers: [] } });
  t.match(ask('elsewhere.net', 'A'), { kind: 'outside' });

  const absent = ask('no.server.com', 'A');
  const soa = { name: 'Server.com', type: 'SOA', ttl: 30, minimum: 30 };
  t.match(
    absent,
    { kind: 'answer', sections: { rcode: RCODE_NXDOMAIN, authorities: [soa] } },
    'RFC 2308: TTL = MINIMUM',
  );
  t.match(ask('www.server.com', 'TXT'), { sections: { rcode: RCODE_NOERROR, answers: [], authorities: [soa] } });

  t.match(ask('x.shop.server.com', 'A'), {
    kind: 'referral',
    sections: {
      authoritative: false,
      authorities: [{ type: 'NS', name: 'shop.Server.com' }],
      additionals: [{ type: 'A', name: 'ns.shop.Server.com', address: 0x0a000005 }],
    },
  });
});

t.test('ANY is answered with HINFO (RFC 8482)', async (t) => {
  const authority = new Authority([SERVER_COM]);
  const ask = (name: string) => authority.answer({ name, type: 'ANY', class: CLASS_IN });
  const found = ask('www.server.com');
  t.same(found.kind === 'answer' && found.sections.answers.map(formatRecordData), ['"RFC8482" ""']);
  t.match(ask('no.server.com'), { sections: { rcode: RCODE_NXDOMAIN } });
  t.match(ask('x.shop.server.com'), { kind: 'referral' });
});

t.test('DNS load balancing: each answer starts with the next address', async (t) => {
  const authority = new Authority([SERVER_COM]);
  const first = (name: string) => {
    const found = authority.answer({ name, type: 'A', class: CLASS_IN });
    if (found.kind !== 'answer') throw new Error(found.kind);
    return found.sections.answers.filter((record) => record.type === 'A').map(formatRecordData);
  };
  t.same(first('www.server.com'), ['10.0.0.2', '10.0.0.3']);
  t.same(first('ns1.server.com'), ['10.0.0.1'], 'other names in between change nothing');
  t.same(first('www.server.com'), ['10.0.0.3', '10.0.0.2']);
  t.same(first('blog.server.com'), ['10.0.0.2', '10.0.0.3'], 'by an alias too');
  t.same(first('www.server.com'), ['10.0.0.3', '10.0.0.2']);
});
