import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { fromHex, toHex } from '../../../devices/stack/wire/bytes.js';
import {
  type DnsMessage,
  dnsQuery,
  dnsResponse,
  emitDns,
  parseDns,
  RCODE_BADVERS,
  rcodeName,
} from '../../../devices/stack/wire/dns.js';
import { type Edns, edns, ednsOption, extendedErrorName } from '../../../devices/stack/wire/edns.js';
import { isMalformed } from '../../../devices/stack/wire/malformed.js';

const QUERY = dnsQuery(0x1234, 'a', 'A', true);
const HEAD = '1234 0100 0001 0000 0000';
const QUESTION = '01 61 00 0001 0001';

function sound(bytes: Uint8Array): DnsMessage {
  const message = parseDns(bytes);
  if (isMalformed(message)) throw new Error(message.malformed);
  return message;
}

/** The query with these additional records, the number of which is told. */
function withRecords(count: number, hex: string) {
  return parseDns(fromHex(`${HEAD} ${String(count).padStart(4, '0')} ${QUESTION} ${hex}`));
}

t.test('golden bytes: the OPT record that dig 9.18 sends', async (t) => {
  const golden = `${HEAD} 0001 ${QUESTION} 00 0029 04d0 00 00 0000 000c 000a 0008 0102030405060708`.replace(/ /g, '');
  const cookie = { kind: 'cookie' as const, client: fromHex('0102030405060708'), server: new Uint8Array(0) };
  const query = { ...QUERY, edns: edns({ options: [cookie] }) };
  t.equal(toHex(emitDns(query)), golden);
  t.same(parseDns(fromHex(golden)), query);
});

t.test('each option, as its RFC draws it', async (t) => {
  const opt = (hex: string) => {
    const length = fromHex(hex).length.toString(16).padStart(4, '0');
    const parsed = withRecords(1, `00 0029 0200 00 00 8000 ${length} ${hex}`);
    return isMalformed(parsed) ? parsed : parsed.edns?.options;
  };
  t.same(opt('0003 0000'), [{ kind: 'nsid', id: new Uint8Array(0) }]);
  t.same(opt('0003 0002 6e73'), [{ kind: 'nsid', id: fromHex('6e73') }]);
  t.same(opt('000b 0000'), [{ kind: 'tcp-keepalive' }]);
  t.same(opt('000b 0002 0064'), [{ kind: 'tcp-keepalive', timeoutMs: 10_000 }]);
  t.same(opt('000f 0006 0012 6e6f7065'), [{ kind: 'extended-error', infoCode: 18, text: 'nope' }]);
  t.same(opt('000f 0003 0012 ff'), [{ kind: 'other', code: 15, data: fromHex('0012ff') }], 'not UTF-8: kept as it is');
  t.same(opt('000c 0003 000000'), [{ kind: 'other', code: 12, data: fromHex('000000') }]);
  t.same(opt('000a 0007 01020304050607'), { malformed: 'dns COOKIE length' });
  t.same(opt('000a 000c 010203040506070801020304'), { malformed: 'dns COOKIE length' }, 'a server’s cookie of 4 bytes');
  t.same(opt('000b 0001 00'), { malformed: 'dns TCP-KEEPALIVE length' });
  t.same(opt('000f 0001 00'), { malformed: 'dns EDE length' });
  t.same(opt('0003 0001'), { malformed: 'dns OPT option truncated' });
  t.same(opt('0003 00'), { malformed: 'dns OPT option truncated' });
});

t.test('RFC 6891 section 6.1.1: one OPT record, of the root, in the additional section', async (t) => {
  const opt = '00 0029 04d0 00000000 0000';
  t.match(withRecords(1, opt), { additionals: [], edns: edns() });
  t.same(withRecords(2, `${opt} ${opt}`), { malformed: 'dns OPT records' });
  t.same(withRecords(1, `01 62 ${opt}`), { malformed: 'dns OPT owner' });
  const inAnswers = fromHex(`1234 8000 0000 0001 0000 0000 ${opt}`);
  t.same(parseDns(inAnswers), { malformed: 'dns OPT records' });
});

t.test('an rcode above 15 rides half in the header, half in the OPT record', async (t) => {
  const bytes = emitDns(dnsResponse(QUERY, { rcode: RCODE_BADVERS, edns: edns() }));
  t.equal(bytes[3] & 0xf, 0);
  t.match(sound(bytes), { rcode: 16, edns: { version: 0 } });
  t.equal(rcodeName(16), 'BADVERS');
  t.throws(() => emitDns(dnsResponse(QUERY, { rcode: RCODE_BADVERS })), RangeError);
});

t.test('the OPT record stays when records are cut', async (t) => {
  const answers = Array.from({ length: 60 }, (_, i) => ({
    name: 'a',
    class: 1,
    ttl: 1,
    type: 'A' as const,
    address: i,
  }));
  const bytes = emitDns(dnsResponse(QUERY, { answers, edns: edns() }), 512);
  const message = sound(bytes);
  t.ok(bytes.length <= 512 && bytes.length > 512 - 16);
  t.match(message, { truncated: true, edns: { udpSize: 1232 } });
});

t.test('options are found by their kind, and errors have names', async (t) => {
  const message = { edns: edns({ options: [{ kind: 'extended-error', infoCode: 22, text: '' }] }) };
  t.equal(ednsOption(message, 'extended-error')?.infoCode, 22);
  t.equal(ednsOption(message, 'nsid'), undefined);
  t.equal(ednsOption({}, 'nsid'), undefined);
  t.equal(extendedErrorName(22), 'No Reachable Authority');
  t.equal(extendedErrorName(99), undefined);
});

const bytes = (constraints: object) => fc.uint8Array(constraints);
const option = fc.oneof(
  fc.record({ kind: fc.constant('nsid'), id: bytes({ maxLength: 20 }) }),
  fc.record({
    kind: fc.constant('cookie'),
    client: bytes({ minLength: 8, maxLength: 8 }),
    server: fc.oneof(fc.constant(new Uint8Array(0)), bytes({ minLength: 8, maxLength: 32 })),
  }),
  fc.constant({ kind: 'tcp-keepalive' }),
  fc.record({ kind: fc.constant('tcp-keepalive'), timeoutMs: fc.integer({ min: 0, max: 65535 }).map((n) => n * 100) }),
  fc.record({
    kind: fc.constant('extended-error'),
    infoCode: fc.integer({ min: 0, max: 65535 }),
    text: fc.string({ unit: 'grapheme', maxLength: 20 }),
  }),
  fc.record({ kind: fc.constant('other'), code: fc.integer({ min: 20, max: 65535 }), data: bytes({ maxLength: 20 }) }),
);
const anyEdns = fc
  .record({
    udpSize: fc.integer({ min: 0, max: 65535 }),
    version: fc.integer({ min: 0, max: 255 }),
    dnssecOk: fc.boolean(),
    reserved: fc.integer({ min: 0, max: 0x7fff }),
    options: fc.array(
      option.map((fields) => ({ ...fields })),
      { maxLength: 5 },
    ),
  })
  .map((fields) => ({ ...fields })) as fc.Arbitrary<Edns>;

t.test('what is emitted is parsed back, value for value', async () => {
  fc.assert(
    fc.property(anyEdns, fc.integer({ min: 0, max: 4095 }), (opt, rcode) => {
      const message = dnsResponse(QUERY, { rcode, edns: opt });
      assert.deepEqual(parseDns(emitDns(message)), message);
    }),
    { numRuns: 300 },
  );
});

t.test('any bytes in an OPT record: a message or a reason, never an exception', async () => {
  fc.assert(
    fc.property(bytes({ maxLength: 40 }), (noise) => {
      const parsed = withRecords(
        1,
        `00 0029 0200 00000000 ${noise.length.toString(16).padStart(4, '0')} ${toHex(noise)}`,
      );
      if (!isMalformed(parsed)) assert.deepEqual(parseDns(emitDns(parsed)), parsed);
    }),
    { numRuns: 300 },
  );
});
