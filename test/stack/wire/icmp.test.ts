import fc from 'fast-check';
import t from 'tap';
import { fromHex, toHex } from '../../../devices/stack/wire/bytes.js';
import {
  echoIdentifier,
  echoRest,
  echoSequence,
  emitIcmp,
  formatIcmp,
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  ICMP_PARAMETER_PROBLEM,
  ICMP_REDIRECT,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  type IcmpMessage,
  isIcmpError,
  nextHopMtuOf,
  parseIcmp,
  UNREACHABLE_FRAGMENTATION_NEEDED,
} from '../../../devices/stack/wire/icmp.js';
import {
  bytes,
  parsesOrRefuses,
  parsesOrRefusesMutations,
  roundTrips,
  u8,
  u16,
  u32,
} from '../../support/arbitraries.js';

const ECHO: IcmpMessage = {
  type: ICMP_ECHO_REQUEST,
  code: 0,
  rest: echoRest(0x1234, 1),
  body: new TextEncoder().encode('abcdefgh'),
};
const GOLDEN_ECHO = '08 00 5435 1234 0001 6162636465666768';
const TOO_BIG: IcmpMessage = {
  type: ICMP_UNREACHABLE,
  code: UNREACHABLE_FRAGMENTATION_NEEDED,
  rest: 1400,
  body: Uint8Array.from({ length: 28 }, (_, i) => i),
};
const GOLDEN_TOO_BIG = '03 04 40bf 0000 0578 000102030405060708090a0b0c0d0e0f101112131415161718191a1b';

const messages: fc.Arbitrary<IcmpMessage> = fc.record({ type: u8, code: u8, rest: u32, body: bytes(80) });

t.test('golden: an echo request, and fragmentation needed with the next MTU', async (t) => {
  t.equal(toHex(emitIcmp(ECHO)), toHex(fromHex(GOLDEN_ECHO)));
  t.same(parseIcmp(fromHex(GOLDEN_ECHO)), ECHO);
  t.equal(toHex(emitIcmp(TOO_BIG)), toHex(fromHex(GOLDEN_TOO_BIG)));
  t.same(parseIcmp(fromHex(GOLDEN_TOO_BIG)), TOO_BIG);
  t.equal(nextHopMtuOf(TOO_BIG), 1400);
});

t.test('identifier and sequence number of an echo', async () => {
  fc.assert(
    fc.property(u16, u16, (identifier, sequence) => {
      const message = { ...ECHO, rest: echoRest(identifier, sequence) };
      return echoIdentifier(message) === identifier && echoSequence(message) === sequence && message.rest >= 0;
    }),
  );
});

t.test('as lines', async (t) => {
  t.equal(formatIcmp(ECHO), 'ICMP echo request id 4660 seq 1 8 bytes');
  t.equal(formatIcmp({ ...ECHO, type: ICMP_ECHO_REPLY }), 'ICMP echo reply id 4660 seq 1 8 bytes');
  t.equal(formatIcmp(TOO_BIG), 'ICMP fragmentation needed');
  t.equal(formatIcmp({ ...TOO_BIG, code: 99 }), 'ICMP unreachable code 99');
  t.equal(formatIcmp({ ...TOO_BIG, type: ICMP_TIME_EXCEEDED, code: 0 }), 'ICMP time to live exceeded');
  t.equal(formatIcmp({ ...TOO_BIG, type: ICMP_TIME_EXCEEDED, code: 1 }), 'ICMP reassembly time exceeded');
  t.equal(formatIcmp({ ...TOO_BIG, type: 42 }), 'ICMP type 42 code 4');
});

t.test('errors are told from questions and answers', async (t) => {
  for (const type of [ICMP_UNREACHABLE, ICMP_REDIRECT, ICMP_TIME_EXCEEDED, ICMP_PARAMETER_PROBLEM, 4]) {
    t.ok(isIcmpError(type), `${type}`);
  }
  for (const type of [ICMP_ECHO_REPLY, ICMP_ECHO_REQUEST, 13, 14, 17]) t.notOk(isIcmpError(type), `${type}`);
});

t.test('truncated and damaged messages are refused', async (t) => {
  t.same(parseIcmp(fromHex(GOLDEN_ECHO).subarray(0, 7)), { malformed: 'icmp truncated' });
  t.same(parseIcmp(fromHex(GOLDEN_ECHO.replace('5435', '5436'))), { malformed: 'icmp checksum' });
});

t.test('parse and emit are inverse; any bytes parse or are refused', async () => {
  roundTrips(messages, emitIcmp, parseIcmp);
  parsesOrRefuses(parseIcmp);
  parsesOrRefusesMutations(messages, emitIcmp, parseIcmp);
});
