/** The same packets, the same expressions, the same verdicts: ours and Wireshark's. */
import t from 'tap';
import { fromHex } from '../../../../devices/stack/wire/bytes.js';
import { compileFilter, FILTER_FIELDS, isFilterError } from '../../../../devices/stack/wire/filter/filter.js';
import { assortedPackets, captureFileOf, tlsPackets } from '../../../support/assorted-packets.js';
import { MODERN_FLIGHTS, OLD_FLIGHTS } from '../../../support/recorded-tls.js';
import { Wireshark } from '../../../support/wireshark.js';
import { INVALID, VALID } from './expressions.js';

const wireshark = await Wireshark.start();
/** Records by hand: an alert, application data, and what is too short for one. */
const RECORDS = ['15030300020230', '1703030004aabbccdd', '16030300'].map(fromHex);
const packets = [...assortedPackets(), ...tlsPackets(...MODERN_FLIGHTS, ...OLD_FLIGHTS, ...RECORDS)];
const { matching } = wireshark.judge(captureFileOf(packets));

/** Numbers of the frames that match. */
function ours(text: string): number[] {
  const filter = compileFilter(text);
  if (isFilterError(filter)) throw new Error(`${text}: column ${filter.column}: ${filter.message}`);
  return packets.flatMap((packet, index) => {
    const direction = index % 2 === 0 ? 'in' : 'out';
    const meta = { number: index + 1, timeMs: index, direction, interface: 'a:eth0' } as const;
    return filter.matches(packet, meta) ? [index + 1] : [];
  });
}

t.test('every field is one of Wireshark', async (t) => {
  for (const { name } of FILTER_FIELDS) {
    if (name === 'frame.drop_reason' || name === 'frame.fault') continue;
    t.equal(wireshark.complaintAbout(name), '', name);
    // Wireshark shows a response what was asked for; here a packet is judged alone.
    const expression = name === 'http.request.uri' ? 'http.request && http.request.uri' : name;
    t.same(ours(expression), matching(expression), name);
  }
});

t.test('the same frames match', async (t) => {
  for (const expression of VALID) {
    t.equal(wireshark.complaintAbout(expression), '', `Wireshark takes ${expression}`);
    t.same(ours(expression), matching(expression), expression);
  }
});

t.test('what Wireshark refuses is refused here', async (t) => {
  for (const expression of INVALID) {
    t.not(wireshark.complaintAbout(expression), '', `Wireshark refuses ${expression}`);
    t.ok(isFilterError(compileFilter(expression)), expression);
  }
});
