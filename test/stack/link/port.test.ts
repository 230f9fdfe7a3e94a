import t from 'tap';
import { Timers } from '../../../devices/stack/clock.js';
import type { LinkFault } from '../../../devices/stack/link/impairment/settings.js';
import { type Direction, Port } from '../../../devices/stack/link/port.js';
import type { Impairment } from '../../../devices/stack/link-settings.js';
import { Random } from '../../../devices/stack/random.js';
import { BROADCAST_MAC } from '../../../devices/stack/wire/address.js';
import { crc32 } from '../../../devices/stack/wire/fcs.js';
import { packetOf } from '../../support/packets.js';
import { TEST_ETHERTYPE } from '../../support/port-node.js';

const packet = packetOf({
  dst: BROADCAST_MAC,
  src: 0x020000000001,
  etherType: TEST_ETHERTYPE,
  payload: new Uint8Array(100),
});

class Bench {
  readonly timers = new Timers();
  readonly port = new Port({ name: 'eth0', random: new Random(1), timers: this.timers });
  readonly sent: Uint8Array[] = [];
  readonly delivered: Uint8Array[] = [];
  readonly tapped: [Direction, string, number][] = [];

  constructor() {
    this.port.transmit = (bytes) => this.sent.push(bytes);
    this.port.deliver = (bytes) => this.delivered.push(bytes);
    this.port.addTap((_, direction, dropped, at) => this.tapped.push([direction, dropped, at]));
  }
}

t.test('a sound packet is counted, shown to the tap and delivered as it is', async (t) => {
  const { port, timers, delivered, tapped } = new Bench();
  timers.advance(7);
  port.receive(packet);
  t.equal(delivered[0], packet);
  t.same(tapped, [['in', '', 7]]);
  t.match(port.counters, { framesIn: 1, bytesIn: 114, framesOut: 0, droppedIn: 0 });
});

t.test('what is not sound is counted by its fault, tapped with it, and not delivered', async (t) => {
  const { port, delivered, tapped } = new Bench();
  const badFcs = packet.slice();
  badFcs[30] ^= 1;
  const badPreamble = packet.slice();
  badPreamble[3] = 0x54;
  const badDelimiter = packet.slice();
  badDelimiter[7] = 0x55;
  const giant = packetOf({ dst: BROADCAST_MAC, src: 2, etherType: TEST_ETHERTYPE, payload: new Uint8Array(1505) });
  for (const bad of [badFcs, badPreamble, badDelimiter, packet.slice(0, 60), giant, new Uint8Array(0)])
    port.receive(bad);
  t.same(delivered, []);
  t.same(
    tapped.map(([direction, reason]) => `${direction} ${reason}`),
    ['in badFcs', 'in badPreamble', 'in badPreamble', 'in runt', 'in giant', 'in runt'],
  );
  t.same(port.counters.drops(), { badFcs: 1, badPreamble: 2, runt: 2, giant: 1 });
  t.match(port.counters, { framesIn: 0, droppedIn: 6, droppedOut: 0 });
});

t.test('the largest frame of the MTU passes both ways, with room for one VLAN tag', async (t) => {
  const { port, delivered, sent } = new Bench();
  const full = packetOf({ dst: BROADCAST_MAC, src: 2, etherType: 0x8100, payload: new Uint8Array(1504) });
  const untagged = packetOf({ dst: BROADCAST_MAC, src: 2, etherType: TEST_ETHERTYPE, payload: new Uint8Array(1501) });
  port.receive(untagged);
  t.same(port.counters.drops(), { giant: 1 }, 'one byte too many is a giant');
  port.receive(full);
  port.send(full);
  t.equal(delivered.length, 1);
  t.equal(sent.length, 1);
  port.mtu = 1499;
  port.send(full);
  t.equal(sent.length, 1);
  t.same(port.counters.drops(), { giant: 2 });
});

t.test('without carrier all that is sent is dropped as noCarrier, until the carrier is back', async (t) => {
  const { port, sent, tapped } = new Bench();
  const changes: boolean[] = [];
  port.onCarrier = (up) => changes.push(up);
  port.setCarrier(false);
  port.setCarrier(false);
  port.send(packet);
  t.same(sent, []);
  t.same(port.counters.dropsOut, new Map([['noCarrier', 1]]));
  t.same(tapped, [['out', 'noCarrier', 0]]);
  port.setCarrier(true);
  port.send(packet);
  t.same(sent, [packet]);
  t.same(changes, [false, true]);
  t.match(port.counters, { framesOut: 1, bytesOut: 114, droppedOut: 1 });
});

t.test('a delayed packet is dropped when the carrier has gone meanwhile', async (t) => {
  const { port, timers, sent } = new Bench();
  port.setImpairment({ delayMs: 10 });
  port.send(packet);
  timers.advance(5);
  port.setCarrier(false);
  timers.advance(10);
  t.same(sent, []);
  t.same(port.counters.drops(), { noCarrier: 1 });
});

t.test('impairment drops reach the tap; a corrupted packet leaves and is refused by the receiver', async (t) => {
  const { port, sent, tapped } = new Bench();
  port.setImpairment({ loss: 1 });
  port.send(packet);
  t.same(tapped, [['out', 'impairmentLoss', 0]]);
  t.same(sent, []);
  port.setImpairment({ corrupt: 1 });
  const before = packet.slice();
  for (let i = 0; i < 200; i++) port.send(packet);
  t.same(packet, before, 'the shared packet itself is left alone');
  const receiver = new Bench();
  for (const damaged of sent) receiver.port.receive(damaged);
  t.same(receiver.port.counters.drops(), { badFcs: 200 });
});

t.test('the same reason in both directions is one row in the table and two counters', async (t) => {
  const { port } = new Bench();
  port.countDrop('in', 'giant');
  port.countDrop('out', 'giant');
  port.countDrop('in', 'badRecord');
  t.same(port.counters.drops(), { giant: 2, badRecord: 1 });
  t.equal(port.counters.droppedIn, 2);
  t.equal(port.counters.droppedOut, 1);
});

t.test('a CRC of the caller is used for the check', async (t) => {
  let calls = 0;
  const port = new Port({
    name: '1',
    random: new Random(1),
    timers: new Timers(),
    crc32: (bytes) => {
      calls += 1;
      return crc32(bytes);
    },
  });
  port.receive(packet);
  t.equal(calls, 1);
  t.equal(port.counters.framesIn, 1);
});

t.test('several taps see the same packets, and each ends alone, the same function added twice as well', async (t) => {
  const { port, tapped } = new Bench();
  let seen = 0;
  const count = () => {
    seen += 1;
  };
  const [removeOne, removeOther] = [port.addTap(count), port.addTap(count)];
  port.send(packet);
  t.equal(seen, 2);
  removeOne();
  removeOne();
  port.send(packet);
  t.equal(seen, 3);
  removeOther();
  port.send(packet);
  t.equal(seen, 3);
  t.equal(tapped.length, 3);
  t.ok(port.tapped, 'the first tap is still there');
});

t.test('a tap that ends itself does not keep the next one from the packet', async (t) => {
  const { port } = new Bench();
  const story: string[] = [];
  const remove = port.addTap(() => {
    story.push('once');
    remove();
  });
  port.addTap(() => story.push('always'));
  port.send(packet);
  port.send(packet);
  t.same(story, ['once', 'always', 'always']);
});

t.test('what arrives can be impaired here, where the other end cannot', async (t) => {
  const timers = new Timers();
  const delivered: number[] = [];
  const make = (impairmentIn: Impairment, impairment: Impairment = {}) => {
    const port = new Port({ name: 'eth0', random: new Random(1), timers, impairment, impairmentIn });
    port.deliver = () => delivered.push(timers.now);
    return port;
  };
  const slow = make({ delayMs: 20 });
  let sent = 0;
  slow.transmit = () => {
    sent += 1;
  };
  slow.send(packet);
  slow.receive(packet);
  t.same([sent, delivered.length, slow.counters.framesIn], [1, 0, 0], 'the other direction is not delayed');
  timers.advance(20);
  t.same(delivered, [20]);

  const bad = make({ corrupt: 1 });
  bad.receive(packet);
  bad.receive(packet.subarray(0, 8));
  t.same(bad.counters.drops(), { badFcs: 1, runt: 1 }, 'what has no frame has no bit to be flipped');
  const lossy = make({ loss: 1 });
  const tapped: string[] = [];
  lossy.addTap((_, direction, dropped) => tapped.push(`${direction} ${dropped}`));
  lossy.receive(packet);
  t.same(tapped, ['in impairmentLoss']);
  t.equal(delivered.length, 1);
});

t.test('what arrives draws from a stream of its own', async (t) => {
  const losses = (withIn: boolean) => {
    const impairment = { loss: 0.5 };
    const options = { name: 'eth0', random: new Random(1), timers: new Timers(), impairment };
    const port = new Port({ ...options, ...(withIn && { impairmentIn: impairment }) });
    let pattern = '';
    port.transmit = () => {
      pattern += '.';
    };
    for (let i = 0; i < 50; i++) {
      pattern += ' ';
      port.send(packet);
      if (withIn) port.receive(packet);
    }
    return pattern;
  };
  t.equal(losses(true), losses(false));
});

function linkFault(more: Partial<LinkFault>): LinkFault {
  return { fault: 'fault-1', title: 'test', seed: 'fault-1', direction: 'out', ...more };
}

t.test('down: no carrier whatever the cable says; what is on the line and what arrives is lost', async (t) => {
  const { port, timers, sent, delivered, tapped } = new Bench();
  const changes: boolean[] = [];
  port.onCarrier = (up) => changes.push(up);
  const marks: string[] = [];
  port.addTap((_packet, direction, dropped, _at, fault) => marks.push(`${direction} ${dropped} ${fault}`));
  port.setImpairment({ delayMs: 10 });
  port.send(packet);
  port.setFaults([linkFault({ state: 'down' })]);
  t.same(port.counters.dropsOut, new Map([['noCarrier', 1]]), 'what was on the line is lost at once');
  port.send(packet);
  port.launch(packet);
  port.receive(packet);
  port.accept(packet);
  t.notOk(port.carrier);
  t.same(marks, [...Array(3).fill('out noCarrier fault-1: test'), ...Array(2).fill('in noCarrier fault-1: test')]);
  t.same(port.faultCounts, [{ fault: 'fault-1', title: 'test', direction: 'out', matched: 5, hit: 5 }]);
  port.setCarrier(false);
  port.setCarrier(true);
  t.notOk(port.carrier, 'the cable does not lift it');
  port.setCarrier(false);
  port.send(packet);
  t.equal(marks.at(-1), 'out noCarrier ', 'without the cable the fault takes nothing');
  port.setFaults([]);
  t.notOk(port.carrier, 'nor does the end of the fault bring the cable back');
  port.setCarrier(true);
  t.same(changes, [false, true]);
  port.send(packet);
  port.receive(packet);
  timers.advance(20);
  t.same([sent.length, delivered.length], [1, 1]);
  t.equal(tapped.length, marks.length);
});

t.test('a black hole: the carrier stays, frames vanish in the direction that it is for', async (t) => {
  const { port, sent, delivered } = new Bench();
  port.setFaults([linkFault({ state: 'blackhole' })]);
  port.send(packet);
  port.receive(packet);
  t.ok(port.carrier);
  t.same([sent.length, delivered.length], [0, 1]);
  t.same(port.counters.drops(), { blackhole: 1 });
  port.setFaults([linkFault({ state: 'blackhole', direction: 'in' })]);
  port.send(packet);
  port.receive(packet);
  port.receive(packet.subarray(0, 8));
  t.same([sent.length, delivered.length], [1, 1]);
  t.same(port.counters.drops(), { blackhole: 3 });
  t.match(port.faultCounts, [{ direction: 'in', matched: 2, hit: 2 }]);
  port.setFaults([]);
  port.receive(packet);
  t.equal(delivered.length, 2);
  t.same(port.faultCounts, []);
});

t.test('faults of both directions; what the topology says of one that arrives is what is left', async (t) => {
  const timers = new Timers();
  const port = new Port({ name: 'eth0', random: new Random(1), timers, impairmentIn: { delayMs: 5 } });
  const at: number[] = [];
  port.deliver = () => at.push(timers.now);
  port.setFaults([
    linkFault({ impairment: { loss: 1 } }),
    linkFault({ fault: 'fault-2', direction: 'in', impairment: { delayMs: 50 } }),
  ]);
  port.send(packet);
  port.receive(packet);
  timers.advance(50);
  port.setFaults([]);
  port.receive(packet);
  timers.advance(55);
  t.same(at, [50, 55]);
  t.same(port.counters.drops(), { impairmentLoss: 1 });
});
