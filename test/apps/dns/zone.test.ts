import t from 'tap';
import { Authority } from '../../../devices/apps/dns/authority.js';
import { HostedZone } from '../../../devices/apps/dns/hosted-zone.js';
import { Zone, type ZoneFinding } from '../../../devices/apps/dns/zone.js';
import type { RecordConfig, ZoneConfig } from '../../../devices/control/config.js';
import { RCODE_NOERROR, RCODE_NXDOMAIN, RCODE_YXDOMAIN } from '../../../devices/stack/wire/dns.js';
import {
  CLASS_IN,
  formatRecordData,
  type QuestionType,
  type ResourceRecord,
} from '../../../devices/stack/wire/dns-record.js';
import { DnsNet, zone } from './dns-net.js';

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

/** Of a machine without neighbours. */
function authorityOf(zones: readonly ZoneConfig[]): Authority {
  const { network, random } = new DnsNet().host('server');
  return new Authority(
    zones.map((config) => new HostedZone(network, config)),
    random,
  );
}

function text(found: ZoneFinding): string {
  if (found.kind === 'answer' || found.kind === 'referral') {
    return `${found.kind} ${found.records.map((r) => `${r.name} ${formatRecordData(r)}`).join(', ')}`;
  }
  return found.kind === 'alias' ? `alias ${found.target}` : found.kind;
}

t.test('look-up in a zone', async (t) => {
  const server = Zone.fromConfig(SERVER_COM);
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
  const server = Zone.fromConfig(SERVER_COM);
  const find = (name: string, type: QuestionType) => text(server.find(name, type));
  t.equal(find('any.wild.server.com', 'A'), 'answer any.wild.server.com 10.0.0.9', 'under the name that was asked for');
  t.equal(find('x.y.wild.server.com', 'A'), 'answer x.y.wild.server.com 10.0.0.9');
  t.equal(find('any.wild.server.com', 'TXT'), 'nodata');
  t.equal(find('exact.wild.server.com', 'A'), 'nodata', 'a name that exists is not covered');
  t.equal(find('x.exact.wild.server.com', 'A'), 'nxdomain', 'nor is what lies below it');
});

t.test('delegation: everything at and below the cut is referred, glue too', async (t) => {
  const server = Zone.fromConfig(SERVER_COM);
  for (const name of ['shop.server.com', 'www.shop.server.com', 'ns.shop.server.com']) {
    t.equal(text(server.find(name, 'A')), 'referral shop.Server.com ns.shop.Server.com.');
  }
});

t.test('DNAME renames all that lies below it (RFC 6672)', async (t) => {
  const lines = [
    'old DNAME new',
    'old TXT here',
    'x.new A 10.0.0.7',
    'shop NS ns.shop',
    'a.shop DNAME b',
    'far DNAME quite.far.elsewhere.net.',
  ];
  const found = (name: string, type: QuestionType) =>
    text(Zone.fromConfig(zone('server.com', ...lines)).find(name, type));
  t.equal(found('x.old.server.com', 'A'), 'renamed');
  t.equal(found('old.server.com', 'A'), 'nodata', 'not the name itself');
  t.equal(found('old.server.com', 'DNAME'), 'answer old.server.com new.server.com.');
  t.equal(found('y.a.shop.server.com', 'A'), 'referral shop.server.com ns.shop.server.com.', 'the cut lies higher');

  const authority = authorityOf([zone('server.com', ...lines)]);
  const ask = (name: string, type: QuestionType) => authority.answer({ name, type, class: CLASS_IN });
  t.match(ask('x.old.server.com', 'A'), {
    kind: 'answer',
    sections: {
      rcode: RCODE_NOERROR,
      answers: [
        { type: 'DNAME', name: 'old.server.com', target: 'new.server.com' },
        { type: 'CNAME', name: 'x.old.server.com', target: 'x.new.server.com', ttl: 300 },
        { type: 'A', name: 'x.new.server.com' },
      ],
    },
  });
  t.match(ask('y.old.server.com', 'A'), { sections: { rcode: RCODE_NXDOMAIN, answers: { length: 2 } } });
  t.match(ask('x.old.server.com', 'CNAME'), { kind: 'answer', sections: { answers: { length: 2 } } });
  t.match(ask('a.b.far.server.com', 'A'), { kind: 'leaves', target: 'a.b.quite.far.elsewhere.net' });
  const long = `${Array(4).fill('x'.repeat(56)).join('.')}.far.server.com`;
  t.match(ask(long, 'A'), { kind: 'leaves', sections: { rcode: 0 } });
  const longer = `${Array(4).fill('x'.repeat(58)).join('.')}.far.server.com`;
  t.match(ask(longer, 'A'), { sections: { rcode: RCODE_YXDOMAIN, answers: [{ type: 'DNAME' }] } }, 'too long then');
});

t.test('DS is asked of the upper side of a cut (RFC 4035 section 3.1.4.1)', async (t) => {
  const shop = zone('shop.server.com', '@ NS ns', 'ns A 10.0.0.5', '@ SOA ns admin 9 1 1 1 1');
  const ds = { name: 'shop.server.com', type: 'DS', class: CLASS_IN } as const;
  const nodata = (soa: string) => ({
    kind: 'answer',
    sections: { rcode: 0, answers: [], authorities: [{ type: 'SOA', name: soa }] },
  });
  t.match(authorityOf([SERVER_COM]).answer(ds), nodata('Server.com'), 'not a referral');
  t.match(authorityOf([SERVER_COM, shop]).answer(ds), nodata('Server.com'), 'though the lower zone is here too');
  t.match(authorityOf([shop]).answer(ds), nodata('shop.server.com'), 'who has the lower side alone says no');
  for (const type of ['DNSKEY', 'RRSIG'] as const) {
    t.match(authorityOf([SERVER_COM, shop]).answer({ ...ds, type }), nodata('shop.server.com'), type);
    t.match(authorityOf([SERVER_COM]).answer({ ...ds, type }), { kind: 'referral' }, type);
  }
  t.match(authorityOf([SERVER_COM]).answer({ ...ds, name: 'x.shop.server.com' }), { kind: 'referral' });
});

t.test('every type, with the addresses that its reader needs next', async (t) => {
  const authority = authorityOf([
    zone(
      'server.com',
      '@ MX 10 mail',
      '@ MX 20 mail.elsewhere.net.',
      'mail A 10.0.0.4',
      'mail AAAA 2001:db8::4',
      '_http._tcp SRV 0 5 80 mail',
      'host HINFO "VAX" "UNIX"',
      '@ CAA 0 issue "ca.example"',
      'odd TYPE65280 \\# 2 abcd',
      'n NAPTR 1 2 "u" "sip" "!.*!x!" .',
    ),
  ]);
  const ask = (name: string, type: QuestionType) => {
    const found = authority.answer({ name, type, class: CLASS_IN });
    if (found.kind !== 'answer') throw new Error(found.kind);
    const data = (records: readonly ResourceRecord[]) => records.map(formatRecordData);
    return [data(found.sections.answers), data(found.sections.additionals)];
  };
  const addresses = ['10.0.0.4', '2001:db8::4'];
  t.same(ask('server.com', 'MX'), [['10 mail.server.com.', '20 mail.elsewhere.net.'], addresses]);
  t.same(ask('_http._tcp.server.com', 'SRV'), [['0 5 80 mail.server.com.'], addresses]);
  t.same(ask('mail.server.com', 'AAAA'), [['2001:db8::4'], []]);
  t.same(ask('host.server.com', 'HINFO'), [['"VAX" "UNIX"'], []]);
  t.same(ask('server.com', 'CAA'), [['0 issue "ca.example"'], []]);
  t.same(ask('odd.server.com', 'TYPE65280'), [['\\# 2 abcd'], []]);
  t.same(ask('n.server.com', 'NAPTR'), [['1 2 "u" "sip" "!.*!x!" .'], []]);
});

t.test('a set has one TTL and no record twice (RFC 2181 section 5)', async (t) => {
  t.equal(Zone.fromConfig(zone('x', 'a 60 A 10.0.0.1', 'A 30 A 10.0.0.1')).size, 2, 'one, and the SOA');
  const found = Zone.fromConfig(zone('x', 'a 60 A 10.0.0.1', 'a 30 A 10.0.0.2')).find('a.x', 'A');
  t.match(found, { records: [{ ttl: 60 }, { ttl: 60 }] });
});

t.test('a zone without SOA gets one', async (t) => {
  t.match(Zone.fromConfig(zone('com', '@ NS ns.nic')).soa, { name: 'com', mname: 'ns.nic.com', minimum: 60 });
  t.match(Zone.fromConfig(zone('.', 'com NS ns.com')).soa, { name: '.', rname: 'hostmaster' });
});

t.test('wrong records are refused with zone, record and reason', async (t) => {
  const refused = (record: Partial<RecordConfig>, reason: string) => {
    const config = { name: 'x', type: 'A', data: '10.0.0.1', ...record } as RecordConfig;
    t.throws(() => Zone.fromConfig({ name: 'server.com', records: [config] }), {
      message: `zone server.com, record ${config.name} ${config.type} "${config.data}": ${reason}`,
    });
  };
  refused({ data: '10.0.0.256' }, '"10.0.0.256" is not an IPv4 address');
  refused({ name: 'a..b' }, 'the name is not a domain name');
  refused({ name: 'www.other.com.' }, 'the name lies outside the zone');
  refused({ type: 'NS', data: '-'.repeat(64) }, `"${'-'.repeat(64)}" is not a domain name`);
  refused(
    { type: 'SOA', data: 'a b 1 2 3' },
    'the record ends where the expire, a time in seconds or as 1h30m is expected',
  );
  refused({ type: 'SOA', data: 'a b 1 2 3 4 x' }, '"x" is not minimum, a time in seconds or as 1h30m');
  refused({ type: 'TXT', data: '"open' }, 'this quote is not closed on its line');
  refused({ ttlSeconds: -1 }, 'the TTL is 0 … 2147483647 seconds');
  refused({ type: 'MXX', data: '10 mx' }, 'this is not a record type');
  refused({ type: 'TYPE65280', data: `\\# 65100 ${'00'.repeat(65_100)}` }, 'more than 65000 bytes fit into no message');
  t.throws(() => Zone.fromConfig(zone('server.com', 'x CNAME y', 'x A 10.0.0.1')), /a record beside a CNAME/);
  t.throws(() => Zone.fromConfig(zone('server.com', 'x CNAME y', 'x CNAME z')), /a name has one CNAME record/);
  t.throws(() => Zone.fromConfig({ name: 'a..b', records: [] }), /not a domain name/);
  t.throws(() => authorityOf([zone('a.b'), zone('A.b.')]), /zone A.b is there twice|zone a.b is there twice/);
});

t.test('answers of a server in charge', async (t) => {
  const authority = authorityOf([zone('com', 'server NS ns1.server'), SERVER_COM]);
  const ask = (name: string, type: QuestionType) => authority.answer({ name, type, class: CLASS_IN });

  const www = ask('www.server.com', 'A');
  t.match(www, { kind: 'answer', sections: { rcode: RCODE_NOERROR, authoritative: true } });

  const ns = ask('server.com', 'NS');
  t.match(ns, { sections: { additionals: [{ name: 'ns1.Server.com', address: 0x0a000001 }] } }, 'addresses of servers');

  const blog = ask('blog.server.com', 'A');
  t.match(blog, { kind: 'answer', sections: { answers: [{ type: 'CNAME' }, { type: 'A' }, { type: 'A' }] } });

  t.match(ask('out.server.com', 'A'), { kind: 'leaves', target: 'www.elsewhere.net' });
  t.match(ask('circle.server.com', 'A'), {
    kind: 'answer',
    sections: {
      rcode: RCODE_NOERROR,
      authoritative: true,
      answers: [{ name: 'circle.Server.com' }, { name: 'square.Server.com' }],
      edns: { options: [{ text: 'aliases without an end' }] },
    },
  });
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
  const authority = authorityOf([SERVER_COM]);
  const ask = (name: string) => authority.answer({ name, type: 'ANY', class: CLASS_IN });
  const found = ask('www.server.com');
  t.same(found.kind === 'answer' && found.sections.answers.map(formatRecordData), ['"RFC8482" ""']);
  t.match(ask('blog.server.com'), { sections: { answers: [{ type: 'CNAME' }] } }, 'an alias is told as it is');
  t.match(ask('no.server.com'), { sections: { rcode: RCODE_NXDOMAIN } });
  t.match(ask('x.shop.server.com'), { kind: 'referral' });
  const bare = { rcode: RCODE_NOERROR, answers: [], authorities: [{ type: 'SOA' }] };
  t.match(ask('b.deep.server.com'), { sections: bare }, 'a name without records has none to be hidden');
});

t.test('a step by a DNAME counts as one, though it makes two records', async (t) => {
  const renames = Array.from({ length: 15 }, (_, i) => `d${i} DNAME d${i + 1}`);
  const found = authorityOf([zone('server.com', ...renames, 'x.d15 A 10.0.0.1')]).answer({
    ...{ name: 'x.d0.server.com', type: 'A', class: CLASS_IN },
  });
  t.match(found, { sections: { rcode: RCODE_NOERROR, answers: { length: 31 } } });
});

t.test('DNS load balancing: each answer starts with the next address', async (t) => {
  const authority = authorityOf([SERVER_COM]);
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

t.test('DNS load balancing by weight: the first address is drawn', async (t) => {
  const weights = {
    'www.server.com.': { '10.0.0.2': 3, '10.0.0.3': 1 },
    '*.wild.server.com.': { '10.0.0.9': 0, '10.0.0.8': 1 },
  };
  const config = {
    ...SERVER_COM,
    weights,
    records: [...SERVER_COM.records, { name: '*.wild', type: 'A', data: '10.0.0.8' }],
  };
  const firsts = (name: string): Record<string, number> => {
    const authority = authorityOf([config]);
    const counts: Record<string, number> = {};
    for (let i = 0; i < 1000; i++) {
      const found = authority.answer({ name, type: 'A', class: CLASS_IN });
      if (found.kind !== 'answer') throw new Error(found.kind);
      if (found.sections.answers.length !== 2) t.fail('all are told');
      const first = formatRecordData(found.sections.answers[0]);
      counts[first] = (counts[first] ?? 0) + 1;
    }
    return counts;
  };
  const www = firsts('www.server.com');
  t.ok(www['10.0.0.2'] > 700 && www['10.0.0.2'] < 800, JSON.stringify(www));
  t.same(firsts('www.server.com'), www, 'the same seed, the same draws');
  const authority = authorityOf([
    {
      ...config,
      records: [...config.records, ...zone('x', 'www TXT b', 'www TXT a', 'www AAAA ::1', 'www AAAA ::2').records],
    },
  ]);
  const told = (type: QuestionType) => {
    const found = authority.answer({ name: 'www.server.com', type, class: CLASS_IN });
    return found.kind === 'answer' ? found.sections.answers.map(formatRecordData) : [];
  };
  t.same(
    [told('TXT'), told('TXT')],
    [
      ['"b"', '"a"'],
      ['"b"', '"a"'],
    ],
    'what has no weights is as without',
  );
  t.same(
    [told('AAAA'), told('AAAA')],
    [
      ['::1', '::2'],
      ['::2', '::1'],
    ],
  );
  t.same(firsts('any.wild.server.com'), { '10.0.0.8': 1000 }, 'weight 0 comes last, of a wildcard too');
});
