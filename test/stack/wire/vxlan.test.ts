import fc from 'fast-check';
import t from 'tap';
import { fromHex, toHex } from '../../../devices/stack/wire/bytes.js';
import { emitVxlan, formatVxlan, MAX_VNI, parseVxlan, vxlanHeader } from '../../../devices/stack/wire/vxlan.js';
import { bytes, parsesOrRefuses, parsesOrRefusesMutations, roundTrips } from '../../support/arbitraries.js';

const packets = fc.record({ vni: fc.integer({ min: 0, max: MAX_VNI }), frame: bytes(60) });

t.test('golden: VNI 42', async (t) => {
  const golden = fromHex('08000000 00002a00 ffffffffffff 020000000001 0806');
  const frame = golden.subarray(8);
  t.equal(toHex(emitVxlan({ vni: 42, frame })), toHex(golden));
  t.same(parseVxlan(golden), { vni: 42, frame });
  t.equal(toHex(vxlanHeader(0xabcdef)), '08000000abcdef00');
  t.equal(formatVxlan({ vni: 42, frame }), 'VXLAN vni 42 14 bytes');
});

t.test('what is reserved is ignored on receipt', async (t) => {
  t.same(parseVxlan(fromHex('ffabcdef ffffffff 01')), { vni: MAX_VNI, frame: fromHex('01') });
});

t.test('a header that is cut short, and one that says that there is no VNI', async (t) => {
  for (let length = 0; length < 8; length++) {
    t.same(parseVxlan(vxlanHeader(1).subarray(0, length)), { malformed: 'vxlan header truncated' });
  }
  t.same(parseVxlan(fromHex('f7000000 00002a00 00')), { malformed: 'vxlan without a vni' });
});

t.test('a header with nothing behind it is a frame without any byte', async (t) => {
  t.same(parseVxlan(vxlanHeader(7)), { vni: 7, frame: new Uint8Array(0) });
});

t.test('parse gives back what was emitted; any bytes are parsed or refused', async () => {
  roundTrips(packets, emitVxlan, parseVxlan);
  parsesOrRefuses(parseVxlan, 40);
  parsesOrRefusesMutations(packets, emitVxlan, parseVxlan);
});
