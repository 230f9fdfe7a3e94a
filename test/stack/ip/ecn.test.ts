/** The ECN codepoint on its way through IP: RFC 3168 sections 5 and 5.3. */
import t from 'tap';
import { Timers } from '../../../devices/stack/clock.js';
import { Counters } from '../../../devices/stack/counters.js';
import { fragment } from '../../../devices/stack/ip/fragmentation.js';
import { Reassembly } from '../../../devices/stack/ip/reassembly.js';
import type { Ipv4Packet } from '../../../devices/stack/wire/ipv4.js';
import { ipv4Packet } from '../../support/stack-bench.js';
import { StackNode } from '../../support/stack-node.js';
import { Wiring } from '../../support/wiring.js';

const NOT_ECT = 0;
const ECT_1 = 1;
const ECT_0 = 2;
const CE = 3;
/** Somebody's differentiated services, which stay. */
const DSCP = 0x28;

/** The codepoint of a datagram whose fragments carry these; undefined when it is dropped. */
function reassembled(codepoints: readonly number[]): number | undefined {
  const counters = new Counters();
  const reassembly = new Reassembly({ timers: new Timers(), counters, onTimeout: () => {} });
  const pieces = fragment(ipv4Packet('10.0.0.1', '10.0.0.2', { payload: new Uint8Array(codepoints.length * 8) }), 28);
  t.equal(pieces.length, codepoints.length);
  let whole: Ipv4Packet | undefined;
  pieces.forEach((piece, index) => {
    whole = reassembly.add({ ...piece, tos: DSCP | codepoints[index] });
  });
  if (whole === undefined) {
    t.equal(counters.get('ipv4.fragmentEcn'), 1);
    t.equal(reassembly.pending, 0, 'and forgotten');
    return undefined;
  }
  t.equal(whole.tos & ~3, DSCP);
  return whole.tos & 3;
}

t.test('section 5.3: a mark on one fragment marks the datagram', async (t) => {
  t.equal(reassembled([ECT_0, CE, ECT_0]), CE);
  t.equal(reassembled([CE, ECT_1]), CE);
  t.equal(reassembled([CE, CE]), CE);
  t.equal(reassembled([ECT_0, ECT_0]), ECT_0);
  t.equal(reassembled([ECT_1, ECT_0]), ECT_1, 'the first of two that say the same');
  t.equal(reassembled([NOT_ECT, NOT_ECT]), NOT_ECT);
});

t.test('section 5.3: fragments that are ECN-capable and others that are not: dropped', async (t) => {
  for (const odd of [ECT_0, ECT_1, CE]) {
    t.equal(reassembled([NOT_ECT, odd]), undefined);
    t.equal(reassembled([odd, NOT_ECT, odd]), undefined);
  }
});

t.test('every fragment of a marked packet is marked', async (t) => {
  const pieces = fragment(ipv4Packet('10.0.0.1', '10.0.0.2', { tos: DSCP | CE, payload: new Uint8Array(64) }), 28);
  t.ok(pieces.every((piece) => piece.tos === (DSCP | CE)));
});

t.test('a sender sets it, routers leave it as it is, the receiver sees it', async (t) => {
  const wiring = new Wiring();
  const route = (via: string) => [`default via ${via}`];
  const a = wiring.attach(new StackNode({ name: 'a', addresses: ['10.1.0.1/24'], routes: route('10.1.0.254') }));
  const r = new StackNode({ name: 'r', addresses: ['10.1.0.254/24', '10.2.0.254/24'], forwarding: true });
  wiring.attach(r);
  const b = wiring.attach(new StackNode({ name: 'b', addresses: ['10.2.0.1/24'], routes: route('10.2.0.254') }));
  wiring.link('a:eth0', 'r:eth0');
  wiring.link('r:eth1', 'b:eth0');
  const seen: number[] = [];
  b.stack.ipv4.setHandler(200, (packet) => seen.push(packet.tos));
  const payload = new Uint8Array(3000);
  for (const tos of [ECT_0, DSCP | CE, ECT_1, NOT_ECT]) {
    a.call(wiring.now, ({ ipv4 }) => ipv4.send({ dst: b.address(), protocol: 200, tos, payload }));
  }
  wiring.runSync(wiring.now + 100);
  t.same(seen, [ECT_0, DSCP | CE, ECT_1, NOT_ECT]);
});
