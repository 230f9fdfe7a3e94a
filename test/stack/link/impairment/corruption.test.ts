import t from 'tap';
import { Timers } from '../../../../devices/stack/clock.js';
import { BitErrors } from '../../../../devices/stack/link/impairment/corruption.js';
import { Port } from '../../../../devices/stack/link/port.js';
import { Random } from '../../../../devices/stack/random.js';
import { FRAME_OFFSET } from '../../../../devices/stack/wire/ethernet.js';
import { packetOf } from '../../../support/packets.js';
import { binomial99, isWithin, ksDistance, ksLimit99, lag1Correlation } from '../../../support/statistics.js';
import { Line, PACKET_LENGTH } from './line.js';

const BITS = (PACKET_LENGTH - FRAME_OFFSET) * 8;

/** Of each of so many frames the bits that differ from what was sent. */
function damage(settings: ConstructorParameters<typeof Line>[0], frames: number): number[][] {
  return new Line(settings).offer(frames).out.map(({ packet }) => {
    const bits: number[] = [];
    packet.subarray(FRAME_OFFSET).forEach((byte, at) => {
      for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) bits.push(at * 8 + bit);
    });
    return bits;
  });
}

t.test('bit errors: as many as the rate says, all places alike, the distances geometric', async (t) => {
  for (const rate of [1e-5, 1e-3, 0.2]) {
    const frames = 20_000;
    const errors = damage({ bitErrorRate: rate }, frames).flatMap((bits, n) => bits.map((bit) => n * BITS + bit));
    t.ok(
      isWithin(errors.length, binomial99(frames * BITS, rate)),
      `${rate}: ${errors.length} of ${frames * BITS} bits`,
    );
    if (rate > 1e-3) continue;
    const gaps = errors.slice(1).map((at, i) => at - errors[i]);
    const distance = ksDistance(gaps, (gap) => 1 - (1 - rate) ** gap);
    // The distribution has steps of at most `rate`.
    t.ok(distance < ksLimit99(gaps.length) + rate, `${rate}: distance ${distance}`);
    const places = ksDistance(
      errors.map((at) => at % BITS),
      (bit) => (bit + 1) / BITS,
    );
    t.ok(places < ksLimit99(errors.length) + 1 / BITS, `${rate}: places ${places}`);
  }
  t.same(
    damage({ bitErrorRate: 1 }, 2).map((bits) => bits.length),
    [BITS, BITS],
  );
});

t.test('bit errors cost a draw each, however many bits lie between', async (t) => {
  const random = new Random('count');
  const errors = new BitErrors(random);
  let hit = 0;
  for (let n = 0; n < 1000; n++) hit += errors.next(12_000, 1e-6)?.length ?? 0;
  t.ok(isWithin(hit, binomial99(12e6, 1e-6)), `${hit} of 12 million bits`);
  // One draw is always ahead: the distance to the next error.
  const stream = random.fork('bit errors');
  let life = 0;
  for (let n = 0; n <= hit; n++) life += -Math.log((stream.uint32() + 0.5) / 0x100000000);
  t.ok(life / 1e-6 > 12e6, 'no draw but these has been used up');
});

t.test('the rate changes, and what is left of the distance to the next error is stretched', async (t) => {
  const at = (rates: [number, number][]) => {
    const errors = new BitErrors(new Random('stretch'));
    let bits = 0;
    for (const [rate, frames] of rates) {
      for (let n = 0; n < frames; n++) {
        const hit = errors.next(100, rate);
        if (hit !== undefined) return bits + hit[0];
        bits += 100;
      }
    }
    return Number.NaN;
  };
  const [slow, fast] = [at([[1e-4, 1e6]]), at([[1e-3, 1e6]])];
  t.ok(Math.abs(slow / fast - 10) < 0.1, `${slow} at a tenth of the rate of ${fast}`);
  const half = Math.floor(fast / 200);
  const both = at([
    [1e-3, half],
    [1e-4, 1e6],
  ]);
  t.ok(Math.abs((both - half * 100) / ((fast - half * 100) * 10) - 1) < 0.05, `${both}`);
});

t.test('corruption is correlated as asked', async (t) => {
  const hit = damage({ corrupt: 0.2, corruptCorrelation: 0.6 }, 20_000).map((bits) => bits.length);
  t.ok(hit.every((bits) => bits <= 1));
  t.ok(Math.abs(hit.reduce((sum, bits) => sum + bits, 0) / 20_000 - 0.2) < 0.02);
  t.ok(Math.abs(lag1Correlation(hit) - 0.6) < 0.04, `${lag1Correlation(hit)}`);
});

t.test('the receiver finds each damaged frame by its FCS', async (t) => {
  const timers = new Timers();
  const sender = new Port({ name: 'a', random: new Random(1), timers, impairment: { bitErrorRate: 1e-4 } });
  const receiver = new Port({ name: 'b', random: new Random(2), timers });
  const packet = packetOf({ dst: 1, src: 2, etherType: 0x88b5, payload: new Uint8Array(1000).fill(0x5a) });
  let damaged = 0;
  sender.transmit = (bytes) => {
    if (bytes !== packet) damaged += 1;
    receiver.receive(bytes);
  };
  for (let n = 0; n < 2000; n++) sender.send(packet);
  t.ok(isWithin(damaged, binomial99(2000, 1 - (1 - 1e-4) ** ((packet.length - FRAME_OFFSET) * 8))), `${damaged}`);
  t.same(receiver.counters.drops(), { badFcs: damaged });
  t.equal(receiver.counters.framesIn, 2000 - damaged);
});

t.test('a frame longer than the MTU vanishes, in silence and counted', async (t) => {
  const timers = new Timers();
  const port = new Port({ name: 'a', random: new Random(1), timers, impairment: { mtu: 1400 } });
  const sent: number[] = [];
  port.transmit = (bytes) => sent.push(bytes.length);
  const send = (bytes: number, etherType = 0x88b5) =>
    port.send(packetOf({ dst: 1, src: 2, etherType, payload: new Uint8Array(bytes) }));
  send(1400);
  send(1401);
  send(1404, 0x8100);
  t.same(sent, [1426, 1430], 'one VLAN tag is free');
  t.same(port.counters.drops(), { impairmentMtu: 1 });
});
