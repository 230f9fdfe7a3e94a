import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import {
  absolute,
  CLASS_IN,
  formatRecordData,
  type RecordData,
  type ResourceRecord,
} from '../../../devices/stack/wire/dns-record.js';
import { parseTtl } from '../../../devices/stack/wire/dns-record-fields.js';
import { recordDataKey } from '../../../devices/stack/wire/dns-record-text.js';
import { formatIpv6, parseIpv6 } from '../../../devices/stack/wire/ipv6.js';
import { parseZoneFile, type ZoneFileOptions, zoneConflicts } from '../../../devices/stack/wire/zone-file.js';

function read(text: string, options: Partial<ZoneFileOptions> = {}) {
  return parseZoneFile({ file: 'z', text }, { zone: 'server.com', ...options });
}

/** `www.server.com. 300 A 192.0.2.1`, one record a line. */
function lines(text: string, options?: Partial<ZoneFileOptions>): string[] {
  const { records, problems } = read(text, options);
  assert.deepEqual(problems, []);
  return records.map(({ record }) => line(record));
}

function line(record: ResourceRecord): string {
  return `${absolute(record.name)} ${record.ttl} ${record.type} ${formatRecordData(record)}`;
}

/** `3:5 reason` */
function problems(text: string, options?: Partial<ZoneFileOptions>): string[] {
  const { problems, records } = read(text, options);
  const conflicts = zoneConflicts('server.com', records);
  return [...problems, ...conflicts].map(({ line, column, problem }) => `${line}:${column} ${problem}`);
}

t.test('a zone as a person writes it', async (t) => {
  const text = `; the zone of a shop
$TTL 1h
@       IN SOA ns1 hostmaster (
                2026112801 ; serial
                1h         ; refresh
                10m 1d     ; retry, expire
                5m )       ; how long "no" is kept
        NS      ns1
        NS      ns2.elsewhere.net.
        MX      10 mail
ns1     A       192.0.2.53
www 60 IN A     192.0.2.80
    IN 90 AAAA  2001:db8::80
    TXT         "two words" plain "a \\"quote\\", \\195\\164"
ftp     CNAME   www
_http._tcp  SRV 10 3 80 www
*.wild  A       192.0.2.9
@       CAA     0 issue "ca.example"
$ORIGIN sub
x       A       192.0.2.7
        TYPE65280 \\# 3 ab cdef
        A \\# 4 c0000201
$ORIGIN sub.server.com.
y.      300     PTR   .
`;
  t.same(lines(text, { zone: '.' }).at(-1), 'y. 300 PTR .', 'the root');
  t.same(lines(text.split('y. ')[0]), [
    'server.com. 3600 SOA ns1.server.com. hostmaster.server.com. 2026112801 3600 600 86400 300',
    'server.com. 3600 NS ns1.server.com.',
    'server.com. 3600 NS ns2.elsewhere.net.',
    'server.com. 3600 MX 10 mail.server.com.',
    'ns1.server.com. 3600 A 192.0.2.53',
    'www.server.com. 60 A 192.0.2.80',
    'www.server.com. 90 AAAA 2001:db8::80',
    'www.server.com. 3600 TXT "two words" "plain" "a \\"quote\\", \\195\\164"',
    'ftp.server.com. 3600 CNAME www.server.com.',
    '_http._tcp.server.com. 3600 SRV 10 3 80 www.server.com.',
    '*.wild.server.com. 3600 A 192.0.2.9',
    'server.com. 3600 CAA 0 issue "ca.example"',
    'x.sub.server.com. 3600 A 192.0.2.7',
    'x.sub.server.com. 3600 TYPE65280 \\# 3 abcdef',
    'x.sub.server.com. 3600 A 192.0.2.1',
  ]);
});

t.test('times to live: $TTL, else the last one, else the minimum of the SOA (RFC 2308 section 4)', async (t) => {
  t.same(lines('a 5 A 1.1.1.1\nb A 1.1.1.2\n$TTL 1w2d3h4m5s\nc A 1.1.1.3\nd 7 A 1.1.1.4\ne A 1.1.1.5'), [
    'a.server.com. 5 A 1.1.1.1',
    'b.server.com. 5 A 1.1.1.2',
    'c.server.com. 788645 A 1.1.1.3',
    'd.server.com. 7 A 1.1.1.4',
    'e.server.com. 788645 A 1.1.1.5',
  ]);
  t.match(lines('@ SOA a b 1 2 3 4 77')[0], /^server.com. 77 SOA/);
  t.same(problems('a A 1.1.1.1'), ['1:3 no TTL: neither here, nor by $TTL or a record before']);
  for (const [text, seconds] of [
    ['0', 0],
    ['1H30M', 5400],
    ['2147483647', 2147483647],
    ['2147483648', undefined],
    ['1h30', undefined],
    ['h', undefined],
    ['', undefined],
  ] as const) {
    t.equal(parseTtl(text), seconds, text);
  }
});

t.test('CRLF, a byte order mark, escapes in names, blank lines', async (t) => {
  t.same(
    lines(
      '\ufeff$TTL 5\r\n\r\n  ; nothing\r\na\\.b A 1.1.1.1\r\n\\097\\;c A 1.1.1.2\r\n\\@ A 1.1.1.3\r\n\\\\. A 1.1.1.4',
      { zone: '.' },
    ),
    ['a\\046b. 5 A 1.1.1.1', 'a\\;c. 5 A 1.1.1.2', '\\@. 5 A 1.1.1.3', '\\092. 5 A 1.1.1.4'],
  );
});

t.test('$INCLUDE: its own origin and owner, and what was before comes back', async (t) => {
  const files: Record<string, string> = {
    'sub/a': ' TXT first\nx 5 A 1.1.1.1\n$ORIGIN deeper\ny A 1.1.1.2\n',
    loop: 'l A 1.1.1.3\n$INCLUDE loop\n',
  };
  const include = (file: string) =>
    files[file] === undefined ? `there is no file ${file}` : { file, text: files[file] };
  t.same(lines('www 5 A 1.1.1.9\n$INCLUDE sub/a sub\n TXT back\nz A 1.1.1.8', { include }), [
    'www.server.com. 5 A 1.1.1.9',
    'www.server.com. 5 TXT "first"',
    'x.sub.server.com. 5 A 1.1.1.1',
    'y.deeper.sub.server.com. 5 A 1.1.1.2',
    'www.server.com. 5 TXT "back"',
    'z.server.com. 5 A 1.1.1.8',
  ]);
  t.same(problems('$INCLUDE gone', { include }), ['1:10 there is no file gone']);
  t.same(problems('$TTL 5\n$INCLUDE loop', { include }), ['2:10 loop includes itself']);
  t.same(problems('$INCLUDE x'), ['1:10 files cannot be included here']);
  let made = 0;
  const deep = () => ({ file: `f${made++}`, text: '$INCLUDE next\n' });
  t.same(problems('$INCLUDE f', { include: deep }), ['1:10 more than 10 files within each other']);
  const wide = (name: string) => ({ file: `${name}${made++}`, text: name === 'w' ? '$INCLUDE v\n$INCLUDE v\n' : '' });
  t.match(problems('$INCLUDE w\n'.repeat(40), { include: wide })[0], /more than 100 files/);
});

t.test('what is wrong is told with its place', async (t) => {
  const wrong = (text: string) => problems(`$TTL 5\n${text}`);
  t.same(wrong('www A 192.0.2.256'), ['2:7 A: "192.0.2.256" is not an IPv4 address']);
  t.same(wrong('www A'), ['2:5 A: the record ends where an IPv4 address is expected']);
  t.same(wrong('www A 1.1.1.1 2.2.2.2'), ['2:15 A: "2.2.2.2" is more than such a record has']);
  t.same(wrong('www AAAA 1::2::3'), ['2:10 AAAA: "1::2::3" is not an IPv6 address']);
  t.same(wrong('www CNAM x'), ['2:5 "CNAM" is not a record type. Did you mean "CNAME"?']);
  t.same(wrong('www 5x A 1.1.1.1'), ['2:5 "5x" is neither a TTL nor a type']);
  t.same(wrong('www CH TXT x'), ['2:5 the class is CH: only IN is served']);
  t.same(wrong('www'), ['2:1 the type of the record is missing']);
  t.same(wrong(' A 1.1.1.1'), ['2:2 no owner: no record stands before this one']);
  t.same(wrong('a..b A 1.1.1.1'), ['2:1 "a..b" is not a domain name']);
  t.same(wrong('www.other.com. A 1.1.1.1'), ['2:1 www.other.com lies outside the zone server.com']);
  t.same(wrong('a MX ten mail'), ['2:6 MX: "ten" is not the preference, 0 to 65535']);
  t.same(wrong('a SRV 1 2 65536 x'), ['2:11 SRV: "65536" is not the port, 0 to 65535']);
  t.same(wrong('a CAA 0 is-sue x'), ['2:9 CAA: "is-sue" is not a tag of letters and digits']);
  t.same(wrong('@ SOA a b 1 2 3 4'), [
    '2:3 SOA: the record ends where the minimum, a time in seconds or as 1h30m is expected',
  ]);
  t.same(wrong('a TXT "open\n'), ['2:7 this quote is not closed on its line']);
  t.same(wrong('a TXT (x\ny'), ['2:7 this parenthesis is not closed']);
  t.same(wrong('a TXT x)'), ['2:8 this parenthesis was not opened']);
  t.same(wrong('a TXT ((x))'), ['2:8 a parenthesis within parentheses']);
  t.same(wrong('a TXT x\x01'), ['2:8 a control character']);
  t.same(wrong(`a TXT ${'x'.repeat(256)}`), ['2:7 TXT: 256 bytes are more than the 255 of one string']);
  t.same(wrong('a TXT \\300'), ['2:7 TXT: a backslash stands before one character, or three digits up to 255']);
  t.same(wrong('a TYPE99 hello'), [
    '2:10 TYPE99: the data of TYPE99 are written in the generic form: \\# length hexadecimal (RFC 3597)',
  ]);
  t.same(wrong('a A \\# 4 0102'), ['2:10 A: 4 digits are not 4 bytes']);
  t.same(wrong('a A \\# 2 0102'), ['2:10 A: these bytes are no A data (dns A length)']);
  t.same(wrong('a ANY x'), ["2:7 ANY: this is no type of a zone's records"]);
  t.same(wrong('$TLL 5'), ['2:1 there is no directive $TLL. Did you mean "$TTL"?']);
  t.same(wrong('$TTL'), ['2:1 $TTL needs a time']);
  t.same(wrong('$ORIGIN a b'), ['2:11 $ORIGIN takes a name alone']);
  t.same(wrong('$TTL soon'), ['2:6 "soon" is not a time, such as 3600 or 1h']);
  t.same(wrong('@ CNAME x'), ['2:1 the zone itself cannot be an alias (RFC 1034 section 3.6.2)']);
  t.same(wrong('a CNAME x\na A 1.1.1.1'), ['3:1 a record beside a CNAME (RFC 1034 section 3.6.2)']);
  t.same(wrong('a A 1.1.1.1\n  CNAME x'), ['3:3 a CNAME beside other records (RFC 1034 section 3.6.2)']);
  t.same(wrong('a CNAME x\na CNAME X'), [], 'the same twice');
  t.same(wrong('a CNAME x\na CNAME y'), ['3:1 a name has one CNAME record (RFC 2181 section 10.1)']);
  t.same(wrong('a CNAME x\na RRSIG \\# 1 00\na NSEC \\# 1 00\na TYPE25 \\# 1 00'), [], 'DNSSEC (RFC 4034)');
  t.same(wrong('a RRSIG \\# 1 00\na CNAME x\na A 1.1.1.1'), ['4:1 a record beside a CNAME (RFC 1034 section 3.6.2)']);
  t.same(wrong('a TYPE250 \\# 0'), ["2:11 TYPE250: this is no type of a zone's records"]);
  t.same(wrong('a SOA a b 1 2 3 4 5'), ['2:1 an SOA record stands only at the zone itself']);
  t.equal(wrong('x Y\n'.repeat(1000)).length, 20, 'not more than anybody reads');
  t.same(problems('a 5 A 1.1.1.1\n'.repeat(3), { maxRecords: 2 }), ['3:1 more than 2 records']);
});

t.test('of two records of one type, names may differ in case, strings may not (RFC 3403 section 4.1)', async (t) => {
  const [a, b, c] = ['"u" "sip" "!x!" T', '"u" "sip" "!x!" t', '"u" "sip" "!X!" t'].map((data) => {
    const { records } = read(`$TTL 60\nn NAPTR 1 1 ${data}`);
    return recordDataKey(records[0].record);
  });
  t.equal(a, b);
  t.not(b, c);
});

t.test('IPv6 addresses', async (t) => {
  for (const text of ['::', '::1', '2001:db8::1', '1:2:3:4:5:6:7:8', '1::8', 'fe80::1:0:0:1']) {
    const bytes = parseIpv6(text);
    t.ok(bytes !== undefined && formatIpv6(bytes) === text, text);
  }
  t.equal(formatIpv6(parseIpv6('::ffff:192.0.2.1')!), '::ffff:c000:201');
  t.equal(formatIpv6(parseIpv6('2001:DB8:0:0:0:0:0:1')!), '2001:db8::1');
  for (const text of [
    '',
    ':',
    ':::',
    '1',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '::1:2:3:4:5:6:7:8',
    'g::',
    '1.2.3.4',
    '::1.2.3',
    '12345::',
  ]) {
    t.equal(parseIpv6(text), undefined, text);
  }
});

// ---- properties ----

const label = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((bytes) => [...bytes].map((byte) => `\\${String(byte).padStart(3, '0')}`).join(''));
/** Names as this project keeps them, any bytes in their labels. */
const name = fc
  .array(fc.oneof(fc.stringMatching(/^[a-z0-9$@"();*_-]{1,8}$/), label), { minLength: 1, maxLength: 4 })
  .map((labels) => {
    const { records } = parseZoneFile({ file: '', text: `x 1 NS ${labels.map(escaped).join('.')}.` }, { zone: '.' });
    const [{ record }] = records;
    return 'target' in record ? record.target : '.';
  });
function escaped(text: string): string {
  return text.startsWith('\\') ? text : text.replace(/[$@"();]/g, '\\$&');
}
const u16 = fc.integer({ min: 0, max: 0xffff });
const time = fc.integer({ min: 0, max: 0x7fffffff });
const string = fc.uint8Array({ maxLength: 255 });
const data: fc.Arbitrary<RecordData> = fc.oneof(
  fc.record({ type: fc.constant('A' as const), address: fc.integer({ min: 0, max: 0xffffffff }) }),
  fc.record({ type: fc.constant('AAAA' as const), address: fc.uint8Array({ minLength: 16, maxLength: 16 }) }),
  fc.record({ type: fc.constantFrom('NS' as const, 'CNAME' as const, 'PTR' as const, 'DNAME' as const), target: name }),
  fc.record({ type: fc.constant('MX' as const), preference: u16, exchange: name }),
  fc.record({ type: fc.constant('SRV' as const), priority: u16, weight: u16, port: u16, target: name }),
  fc.record({ type: fc.constant('TXT' as const), strings: fc.array(string, { minLength: 1, maxLength: 3 }) }),
  fc.record({ type: fc.constant('HINFO' as const), cpu: string, os: string }),
  fc.record({
    type: fc.constant('CAA' as const),
    flags: fc.integer({ min: 0, max: 255 }),
    tag: fc.stringMatching(/^[a-z0-9]{1,9}$/),
    value: fc.uint8Array({ maxLength: 400 }),
  }),
  fc.record({
    type: fc.constant('NAPTR' as const),
    order: u16,
    preference: u16,
    flags: string,
    services: string,
    regexp: string,
    replacement: name,
  }),
  fc.record({
    type: fc.constant('SOA' as const),
    mname: name,
    rname: name,
    serial: fc.integer({ min: 0, max: 0xffffffff }),
    ...{ refresh: time, retry: time, expire: time, minimum: time },
  }),
  fc.record({ type: fc.constantFrom('TYPE65280' as const, 'DS' as const), bytes: fc.uint8Array({ maxLength: 60 }) }),
);

t.test('what is formatted is read back, value for value', async () => {
  const record = fc
    .tuple(name, time, data)
    .map(([owner, ttl, fields]): ResourceRecord => ({ name: owner, class: CLASS_IN, ttl, ...fields }));
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 4 }), (records) => {
      const text = records.map((one) => `${line(one).replace(/ /, ' IN ')}\r\n`).join('');
      const content = parseZoneFile({ file: 'z', text }, { zone: '.' });
      assert.deepEqual(content.problems, []);
      assert.deepEqual(
        content.records.map((one) => one.record),
        records,
      );
    }),
    { numRuns: 200 },
  );
});

t.test('no text makes it throw, hang, or lose the place', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '$TTL 5\n',
      '$INCLUDE a b\n',
      '$ORIGIN ',
      '(',
      ')',
      '"',
      ';',
      '\\',
      '\n',
      ' ',
      '\t',
      '@',
      'A ',
      'TXT ',
      '\\# ',
      '1.1.1.1',
    ),
    fc.string({ maxLength: 6, unit: 'binary' }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join('');
      const rows = text.split('\n');
      for (const problem of read(text, { include: () => ({ file: 'i', text: '$INCLUDE i' }) }).problems) {
        if (problem.file !== 'z') continue;
        assert.ok(problem.line >= 1 && problem.line <= rows.length);
        assert.ok(problem.column >= 1 && problem.column <= rows[problem.line - 1].length + 1);
      }
    }),
    { numRuns: 500 },
  );
});
