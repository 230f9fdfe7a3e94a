import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import t from 'tap';
import { fromHex, toHex } from '../../../devices/stack/wire/bytes.js';
import {
  type DnsMessage,
  dnsQuery,
  dnsResponse,
  emitDns,
  isReferral,
  parseDns,
  RCODE_NXDOMAIN,
} from '../../../devices/stack/wire/dns.js';
import {
  CLASS_IN,
  formatRecordData,
  type ResourceRecord,
  typeFromText,
} from '../../../devices/stack/wire/dns-record.js';
import { formatDns } from '../../../devices/stack/wire/dns-text.js';
import { isMalformed, type Malformed } from '../../../devices/stack/wire/malformed.js';

// dns-packet has no types; only its decoder and encoder are used here.
interface Oracle {
  decode(bytes: Uint8Array): Record<string, unknown> & { answers: Record<string, unknown>[] };
  encode(message: object): Uint8Array;
}
const oracle = createRequire(import.meta.url)('dns-packet') as Oracle;

function sound(parsed: DnsMessage | Malformed): DnsMessage {
  if (isMalformed(parsed)) throw new Error(parsed.malformed);
  return parsed;
}

function record(name: string, data: object, ttl = 300): ResourceRecord {
  return { name, class: CLASS_IN, ttl, ...data } as ResourceRecord;
}

const QUERY = dnsQuery(0x1234, 'www.server.com', 'A', true);

t.test('golden bytes: a query', async (t) => {
  const golden = `1234 0100 0001 0000 0000 0000 03777777 06736572766572 03636f6d 00 0001 0001`.replace(/ /g, '');
  t.equal(toHex(emitDns(QUERY)), golden);
  t.same(parseDns(fromHex(golden)), QUERY);
});

t.test('golden bytes: an answer points back to the name of its question', async (t) => {
  const answer = dnsResponse(QUERY, {
    authoritative: true,
    recursionAvailable: true,
    answers: [
      record('www.server.com', { type: 'CNAME', target: 'web.server.com' }),
      record('web.server.com', { type: 'A', address: 0xc0000201 }),
    ],
  });
  const golden = [
    '1234 8580 0001 0002 0000 0000 03777777 06736572766572 03636f6d 00 0001 0001',
    'c00c 0005 0001 0000012c 0006 03776562 c010',
    'c02c 0001 0001 0000012c 0004 c0000201',
  ];
  t.equal(toHex(emitDns(answer)), golden.join('').replace(/ /g, ''));
  t.same(parseDns(emitDns(answer)), answer);
});

t.test('every header bit keeps its place', async (t) => {
  for (const [bit, field] of [
    [0x8000, 'response'],
    [0x0400, 'authoritative'],
    [0x0200, 'truncated'],
    [0x0100, 'recursionDesired'],
    [0x0080, 'recursionAvailable'],
    [0x0040, 'reserved'],
    [0x0020, 'authenticData'],
    [0x0010, 'checkingDisabled'],
  ] as const) {
    const bytes = fromHex(`0000${bit.toString(16).padStart(4, '0')}0000000000000000`);
    const message = sound(parseDns(bytes));
    t.equal(message[field], true, field);
    t.same(emitDns(message), bytes);
  }
  const message = sound(parseDns(fromHex('00007805 0000 0000 0000 0000')));
  t.match(message, { opcode: 15, rcode: 5 });
});

t.test('hostile names are refused', async (t) => {
  const question = (name: string) => parseDns(fromHex(`0000 0000 0001 0000 0000 0000 ${name} 0001 0001`));
  t.same(question('c00c'), { malformed: 'dns pointer not backwards' }, 'points to itself');
  t.same(question('c00e'), { malformed: 'dns pointer not backwards' }, 'points forward');
  t.same(question('0161 c00c'), { malformed: 'dns pointer not backwards' }, 'points to the name that it ends');
  t.same(question('4161 00'), { malformed: 'dns label type' });
  t.same(question('8161 00'), { malformed: 'dns label type' });
  t.same(question(`${`3f${'61'.repeat(63)}`.repeat(4)}00`), { malformed: 'dns name too long' });
  t.same(parseDns(fromHex('0000 0000 0001 0000 0000 0000 3f61')), { malformed: 'dns name truncated' });
  t.same(parseDns(fromHex('0000 0000 0001 0000 0000 0000 c0')), { malformed: 'dns name truncated' });
  t.same(parseDns(new Uint8Array(11)), { malformed: 'dns header truncated' });
});

t.test('records whose length does not fit their type are refused', async (t) => {
  const answer = (rest: string) => parseDns(fromHex(`0000 8000 0000 0001 0000 0000 00 ${rest}`));
  t.same(answer('0001 0001 00000000 0003 010203'), { malformed: 'dns A length' });
  t.same(answer('0005 0001 00000000 0003 016100 '.replace('0003', '0004').concat('00')), {
    malformed: 'dns CNAME length',
  });
  t.same(answer('0010 0001 00000000 0002 0561'), { malformed: 'dns string truncated' });
  t.same(answer('0010 0001 00000000 0000'), { malformed: 'dns string missing' });
  t.same(answer('0006 0001 00000000 0006 000000000000'), { malformed: 'dns SOA length' });
  t.same(answer('0021 0001 00000000 0006 000000000000'), { malformed: 'dns SRV length' });
  t.same(answer('0021 0001 00000000 0008 0000000000000000'), { malformed: 'dns SRV length' });
  t.same(answer('0101 0001 00000000 0003 000561'), { malformed: 'dns CAA length' });
  t.same(answer('0101 0001 00000000 0003 00012d'), { malformed: 'dns CAA tag' });
  t.same(answer('0023 0001 00000000 0003 000000'), { malformed: 'dns NAPTR length' });
  t.same(answer('0023 0001 00000000 0006 000000000009'), { malformed: 'dns string truncated' });
  t.same(answer('0001 0001 00000000 0009 01020304'), { malformed: 'dns record truncated' });
  t.same(answer('00ff 0001 00000000 0000'), { malformed: 'dns record of a question type' });
});

t.test('golden bytes: SRV, NAPTR and DNAME without compression, CAA', async (t) => {
  const emitted = (data: object) =>
    toHex(emitDns(dnsResponse(QUERY, { answers: [record('www.server.com', data)] }))).slice(64);
  const ttl = '0000012c';
  const server = '06736572766572 03636f6d 00'.replace(/ /g, '');
  const srv = { type: 'SRV', priority: 10, weight: 3, port: 80, target: 'server.com' };
  t.equal(emitted(srv), `c00c00210001${ttl}0012000a00030050${server}`);
  t.equal(emitted({ type: 'DNAME', target: 'server.com' }), `c00c00270001${ttl}000c${server}`);
  const value = new TextEncoder().encode('ca.net');
  t.equal(
    emitted({ type: 'CAA', flags: 128, tag: 'issue', value }),
    `c00c01010001${ttl}000d8005697373756563612e6e6574`,
  );
  const [flags, services, regexp] = ['u', 'sip', '!x!'].map((text) => new TextEncoder().encode(text));
  t.equal(
    emitted({ type: 'NAPTR', order: 1, preference: 2, flags, services, regexp, replacement: '.' }),
    `c00c00230001${ttl}000f000100020175037369700321782100`,
  );
});

t.test('of an update: records without data in the classes ANY and NONE (RFC 2136 section 2.4)', async (t) => {
  for (const end of ['00ff00ff00000000 0000', '000100fe00000000 0000', '000600ff00000000 0000']) {
    const bytes = fromHex(`0000 2800 0000 0001 0000 0000 00 ${end}`);
    const message = sound(parseDns(bytes));
    t.match(message.answers[0], { type: /^TYPE\d+$/, bytes: { length: 0 } });
    t.same(emitDns(message), bytes);
  }
});

t.test('a TTL with its top bit set counts as zero (RFC 2181 section 8)', async (t) => {
  const message = sound(parseDns(fromHex('0000 8000 0000 0001 0000 0000 00 0001 0001 80000001 0004 01020304')));
  t.equal(message.answers[0].ttl, 0);
});

t.test('truncation: whole records, TC set, at most 512 bytes', async (t) => {
  const answers = Array.from({ length: 60 }, (_, i) => record('www.server.com', { type: 'A', address: i }));
  const full = dnsResponse(QUERY, { answers });
  const bytes = emitDns(full, 512);
  const cut = sound(parseDns(bytes));
  t.ok(bytes.length <= 512 && bytes.length > 512 - 16);
  t.equal(cut.truncated, true);
  t.same(cut.answers, answers.slice(0, cut.answers.length));
  t.equal(sound(parseDns(emitDns(full))).answers.length, 60, 'all of it over TCP');
});

t.test('additional records may go without TC, but not the glue of a referral', async (t) => {
  const additionals = Array.from({ length: 60 }, (_, i) => record('ns.server.com', { type: 'A', address: i }));
  const answer = dnsResponse(QUERY, {
    answers: [record('www.server.com', { type: 'A', address: 1 })],
    additionals,
  });
  t.equal(sound(parseDns(emitDns(answer, 512))).truncated, false);
  const authorities = [record('server.com', { type: 'NS', target: 'ns.server.com' })];
  t.equal(sound(parseDns(emitDns(dnsResponse(QUERY, { authorities, additionals }), 512))).truncated, true);
});

t.test('one line for a reader', async (t) => {
  t.equal(formatDns(QUERY), 'DNS 4660 query A www.server.com');
  const authorities = [record('com', { type: 'NS', target: 'a.gtld' })];
  const referral = dnsResponse(QUERY, { authorities });
  t.equal(isReferral(referral), true);
  t.equal(formatDns(referral), 'DNS 4660 referral A www.server.com: ask com at a.gtld.');
  t.equal(
    formatDns(dnsResponse(QUERY, { rcode: RCODE_NXDOMAIN, authoritative: true })),
    'DNS 4660 NXDOMAIN A www.server.com (authoritative)',
  );
  const answers = [record('www.server.com', { type: 'A', address: 0x0a000001 })];
  t.equal(formatDns(dnsResponse(QUERY, { answers })), 'DNS 4660 answer A www.server.com: 10.0.0.1');
  t.equal(formatDns(dnsResponse(QUERY, {})), 'DNS 4660 no data A www.server.com');
  const zone = dnsQuery(7, 'server.com', 'SOA', false);
  const times = { refresh: 1, retry: 1, expire: 1, minimum: 1 };
  const soa = record('server.com', { type: 'SOA', mname: 'ns', rname: 'admin', serial: 9, ...times });
  t.equal(formatDns({ ...zone, opcode: 4, answers: [soa] }), 'DNS 7 NOTIFY server.com serial 9');
  t.equal(formatDns({ ...zone, opcode: 4 }), 'DNS 7 NOTIFY server.com');
  t.equal(formatDns({ ...zone, opcode: 5, authorities: answers }), 'DNS 7 UPDATE server.com: 1 changes');
  const conditional = { ...zone, opcode: 5, answers, authorities: answers };
  t.equal(formatDns(conditional), 'DNS 7 UPDATE server.com: 1 changes if 1 hold');
  t.equal(formatDns(dnsResponse(conditional, { rcode: 5 })), 'DNS 7 UPDATE REFUSED server.com');
});

// ---- properties ----

const label = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
const name = fc.array(label, { maxLength: 6 }).map((labels) => (labels.length === 0 ? '.' : labels.join('.')));
const uint16 = fc.integer({ min: 0, max: 0xffff });
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const bytes = (size: object) => fc.uint8Array(size);
const data = fc.oneof(
  fc.record({ type: fc.constant('A'), address: uint32 }),
  fc.record({ type: fc.constant('AAAA'), address: bytes({ minLength: 16, maxLength: 16 }) }),
  fc.record({ type: fc.constantFrom('NS', 'CNAME', 'PTR', 'DNAME'), target: name }),
  fc.record({ type: fc.constant('SRV'), priority: uint16, weight: uint16, port: uint16, target: name }),
  fc.record({
    type: fc.constant('NAPTR'),
    order: uint16,
    preference: uint16,
    flags: bytes({ maxLength: 3 }),
    services: bytes({ maxLength: 9 }),
    regexp: bytes({ maxLength: 9 }),
    replacement: name,
  }),
  fc.record({
    type: fc.constant('CAA'),
    flags: fc.constantFrom(0, 128),
    tag: fc.stringMatching(/^[a-z0-9]{1,9}$/),
    value: bytes({ maxLength: 300 }),
  }),
  fc.record({ type: fc.constant('MX'), preference: uint16, exchange: name }),
  fc.record({ type: fc.constant('TXT'), strings: fc.array(bytes({ maxLength: 255 }), { minLength: 1, maxLength: 3 }) }),
  fc.record({ type: fc.constant('HINFO'), cpu: bytes({ maxLength: 9 }), os: bytes({ maxLength: 9 }) }),
  fc.record({
    type: fc.constant('SOA'),
    mname: name,
    rname: name,
    serial: uint32,
    refresh: uint32,
    retry: uint32,
    expire: uint32,
    minimum: uint32,
  }),
  fc.record({ type: fc.constantFrom('TYPE65280', 'TYPE65281', 'TYPE65534'), bytes: bytes({ maxLength: 40 }) }),
);
const anyRecord = fc
  .tuple(name, fc.integer({ min: 0, max: 0x7fffffff }), data)
  .map(([owner, ttl, fields]) => record(owner, fields, ttl));
const message = fc
  .tuple(
    uint16,
    uint16,
    name,
    fc.constantFrom('A', 'ANY', 'TXT', 'TYPE65'),
    fc.array(fc.array(anyRecord, { maxLength: 5 }), { minLength: 3, maxLength: 3 }),
  )
  .map(([id, bits, asked, type, [answers, authorities, additionals]]) => {
    const flags = sound(parseDns(fromHex(`0000${bits.toString(16).padStart(4, '0')}0000000000000000`)));
    const questions = [{ name: asked, type: typeFromText(type)!, class: CLASS_IN }];
    return { ...flags, id, questions, answers, authorities, additionals } as DnsMessage;
  });

t.test('what is emitted is parsed back, value for value', async () => {
  fc.assert(
    fc.property(message, (original) => {
      assert.deepEqual(parseDns(emitDns(original)), original);
    }),
    { numRuns: 300 },
  );
});

t.test('dns-packet reads what is emitted, and the reverse', async () => {
  fc.assert(
    // dns-packet takes the strings of these types for UTF-8, which they need not be.
    fc.property(
      fc.array(
        anyRecord.filter((r) => !['HINFO', 'NAPTR', 'CAA'].includes(r.type)),
        { maxLength: 6 },
      ),
      (answers) => {
        const message = dnsResponse(QUERY, { answers });
        const read = oracle.decode(Buffer.from(emitDns(message)));
        assert.equal(read.answers.length, answers.length);
        read.answers.forEach((theirs, index) => {
          assert.equal(theirs.name, answers[index].name);
          assert.equal(theirs.ttl, answers[index].ttl);
          checkData(answers[index], theirs.data);
        });
        assert.deepEqual(
          parseDns(new Uint8Array(oracle.encode(read))),
          message,
          'uncompressed, as dns-packet writes it',
        );
      },
    ),
    { numRuns: 300 },
  );
});

/** `theirs` is how dns-packet shows the data of that type. */
function checkData(ours: ResourceRecord, theirs: unknown): void {
  if (ours.type === 'A' || ours.type === 'AAAA') assert.equal(theirs, formatRecordData(ours));
  else if (ours.type === 'SRV') {
    const { priority, weight, port, target } = ours;
    assert.deepEqual(theirs, { priority, weight, port, target });
  } else if ('target' in ours) assert.equal(theirs, ours.target);
  else if (ours.type === 'MX') assert.deepEqual(theirs, { preference: ours.preference, exchange: ours.exchange });
  else if (ours.type === 'TXT')
    assert.deepEqual(
      theirs,
      ours.strings.map((string) => Buffer.from(string)),
    );
  else if (ours.type === 'SOA') {
    const { mname, rname, serial, refresh, retry, expire, minimum } = ours;
    assert.deepEqual(theirs, { mname, rname, serial, refresh, retry, expire, minimum });
  }
}

t.test('any bytes whatever: a message or a reason, never an exception', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
      const parsed = parseDns(noise);
      if (!isMalformed(parsed)) assert.equal(typeof formatDns(parsed), 'string');
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(message, fc.nat(), fc.integer({ min: 0, max: 255 }), (original, at, value) => {
      const damaged = emitDns(original);
      damaged[at % damaged.length] = value;
      const parsed = parseDns(damaged);
      if (!isMalformed(parsed)) assert.deepEqual(parseDns(emitDns(parsed)), parsed);
    }),
    { numRuns: 1000 },
  );
});

t.test('truncation to any limit leaves a message that parses and fits', async () => {
  fc.assert(
    fc.property(message, fc.integer({ min: 300, max: 700 }), (original, limit) => {
      const bytes = emitDns(original, limit);
      const parsed = sound(parseDns(bytes));
      assert.ok(bytes.length <= limit);
      assert.deepEqual(parsed.answers, original.answers.slice(0, parsed.answers.length));
      if (parsed.answers.length < original.answers.length) assert.equal(parsed.truncated, true);
    }),
    { numRuns: 300 },
  );
});
