/** HyStart++ (RFC 9406), and the ACK train of Linux's HyStart: conversations of round trips. */
import t from 'tap';
import { INFINITE_SSTHRESH } from '../../../../devices/stack/tcp/congestion/congestion-control.js';
import { Cubic } from '../../../../devices/stack/tcp/congestion/cubic.js';
import { HyStart } from '../../../../devices/stack/tcp/congestion/hystart.js';

const MSS = 1000;

/** A sender in slow start whose rounds of ten segments come back with the round trip that the test says. */
class Rounds {
  readonly hystart = new HyStart();
  private una = 0;
  private readonly segments: number;

  constructor(segments = 10) {
    this.segments = segments;
  }

  /** The whole round is sent before its first ACK comes. */
  round(rttMs: number): this {
    const sndNxt = this.una + this.segments * MSS;
    for (let i = 0; i < this.segments; i++) this.ack(rttMs, sndNxt);
    return this;
  }

  ack(rttMs: number | undefined, sndNxt: number): void {
    this.una += MSS;
    const next = sndNxt + (this.una === sndNxt ? this.segments * MSS : 0);
    this.hystart.onAck({ now: 0, ack: this.una, sndNxt: next, rttMs });
  }
}

t.test('a steady round trip never ends slow start', async (t) => {
  const rounds = new Rounds();
  for (let i = 0; i < 50; i++) rounds.round(80);
  t.same([rounds.hystart.conservative, rounds.hystart.done], [false, false]);
});

t.test('the threshold is an eighth of the round trip, 4 ms at least and 16 ms at most', async (t) => {
  const cases = [
    { rttMs: 8, below: 11.9, above: 12 },
    { rttMs: 80, below: 89.9, above: 90 },
    { rttMs: 400, below: 415.9, above: 416 },
  ];
  for (const { rttMs, below, above } of cases) {
    t.notOk(new Rounds().round(rttMs).round(rttMs).round(below).hystart.conservative, `${rttMs} → ${below} ms`);
    t.ok(new Rounds().round(rttMs).round(rttMs).round(above).hystart.conservative, `${rttMs} → ${above} ms`);
  }
});

t.test('fewer than eight round trips measured in a round prove nothing', async (t) => {
  t.notOk(new Rounds(7).round(80).round(80).round(200).hystart.conservative);
  t.ok(new Rounds(9).round(80).round(80).round(200).hystart.conservative);
});

t.test('one slow segment is no queue: the least of the round counts', async (t) => {
  const rounds = new Rounds(10).round(80).round(80);
  for (let i = 0; i < 4; i++) rounds.ack(300, 1_000_000);
  for (let i = 0; i < 6; i++) rounds.ack(82, 1_000_000);
  t.notOk(rounds.hystart.conservative);
});

t.test('conservative slow start: a quarter of the growth, and after five rounds it was the right window', async (t) => {
  const rounds = new Rounds().round(80).round(80);
  t.equal(rounds.hystart.growth(4 * MSS), 4 * MSS, 'no limit for one ACK');
  rounds.round(100);
  t.equal(rounds.hystart.growth(4 * MSS), MSS);
  for (let i = 0; i < 4; i++) rounds.round(100);
  t.notOk(rounds.hystart.done, 'five rounds with the one in which it began');
  rounds.ack(100, 1_000_000);
  t.ok(rounds.hystart.done);
});

t.test('the round trip comes down again: it was a burst, slow start goes on and may end later', async (t) => {
  const rounds = new Rounds().round(80).round(80).round(100);
  t.ok(rounds.hystart.conservative);
  rounds.round(81);
  t.same([rounds.hystart.conservative, rounds.hystart.growth(MSS)], [false, MSS]);
  for (let i = 0; i < 10; i++) rounds.round(81);
  t.notOk(rounds.hystart.done);
  t.ok(rounds.round(95).hystart.conservative);
});

t.test('ACKs that measure nothing count for the round, not for the round trip', async (t) => {
  const rounds = new Rounds(20).round(80).round(80);
  for (let i = 0; i < 12; i++) rounds.ack(undefined, 1_000_000);
  for (let i = 0; i < 7; i++) rounds.ack(200, 1_000_000);
  t.notOk(rounds.hystart.conservative);
  rounds.ack(200, 1_000_000);
  t.ok(rounds.hystart.conservative);
});

t.test('Linux: ACKs that take half of the least round trip to come: the window fills the path', async (t) => {
  /** How long ACKs come at that pace, from the start of a round on, until slow start ends; undefined: never. */
  const endsAfter = (gapMs: number, leastRttMs: number) => {
    const hystart = new HyStart();
    hystart.onAck({ now: 0, ack: 0, sndNxt: 1_000_000, rttMs: leastRttMs });
    for (let now = 0; now <= leastRttMs; now += gapMs) {
      hystart.onTrain(now, leastRttMs);
      if (hystart.done) return now;
    }
    return undefined;
  };
  t.equal(endsAfter(1, 80), 41);
  t.equal(endsAfter(0.25, 10), 5.25);
  t.equal(endsAfter(2, 80), 42);
  t.equal(endsAfter(2.5, 80), undefined, 'too slow for a train');

  const pausing = new HyStart();
  pausing.onAck({ now: 0, ack: 0, sndNxt: 1000, rttMs: 80 });
  for (const now of [1, 2, 3, 39, 40, 41, 42]) pausing.onTrain(now, 80);
  t.notOk(pausing.done, 'a train that is broken says nothing for the rest of its round');
  pausing.onAck({ now: 90, ack: 1000, sndNxt: 5000, rttMs: 80 });
  pausing.onAck({ now: 100, ack: 1001, sndNxt: 5000, rttMs: 80 });
  for (let now = 100; now <= 140; now++) pausing.onTrain(now, 80);
  t.notOk(pausing.done, 'every round has its own, from the first ACK behind the last of the round before');
  pausing.onTrain(141, 80);
  t.ok(pausing.done);
});

t.test('in CUBIC: the train of a window of 16 segments or more ends slow start', async (t) => {
  const cubic = new Cubic();
  cubic.setMss(MSS, true);
  let una = 0;
  /** A round whose ACKs, one a millisecond, come back after 20 ms. */
  const round = (startsAt: number) => {
    const segments = Math.floor(cubic.window / MSS);
    const end = una + segments * MSS;
    for (let i = 0; i < segments; i++) {
      una += MSS;
      cubic.onAcked({
        now: startsAt + i,
        bytes: MSS,
        ack: una,
        sndNxt: end + 2 * i * MSS,
        rttMs: 20,
        windowLimited: true,
      });
    }
  };
  round(0);
  t.equal(cubic.slowStartThreshold, INFINITE_SSTHRESH);
  round(20);
  t.equal(cubic.slowStartThreshold, 31 * MSS, 'the twelfth ACK of the second round comes 11 ms after the first');
});

t.test('in CUBIC: doubling, then a quarter more a round trip for five rounds, then avoidance', async (t) => {
  const cubic = new Cubic();
  cubic.setMss(MSS, true);
  let una = 0;
  let now = 0;
  const windows: number[] = [];
  const round = (rttMs: number) => {
    const segments = Math.floor(cubic.window / MSS);
    const end = una + segments * MSS;
    for (let i = 0; i < segments; i++) {
      una += MSS;
      const sndNxt = end + (i + 1) * MSS;
      cubic.onAcked({ now, bytes: MSS, ack: una, sndNxt, rttMs, windowLimited: true });
    }
    now += rttMs;
    windows.push(Math.floor(cubic.window / MSS));
  };
  round(80);
  round(80);
  t.same(windows, [20, 40]);
  for (let i = 0; i < 4; i++) round(100);
  t.equal(cubic.slowStartThreshold, INFINITE_SSTHRESH);
  for (let i = 0; i < 3; i++) round(100);
  t.not(cubic.slowStartThreshold, INFINITE_SSTHRESH);
  const [before, after] = windows.slice(-2);
  t.ok(after <= before * 1.06, `avoidance: ${windows.join(' ')}`);
});

t.test('after a loss slow start knows its end: HyStart++ is out, its quarter too', async (t) => {
  const cubic = new Cubic();
  cubic.setMss(MSS, true);
  let una = 0;
  const acks = (count: number, rttMs: number) => {
    for (let i = 0; i < count; i++) {
      una += MSS;
      cubic.onAcked({ now: 0, bytes: MSS, ack: una, sndNxt: una + 10 * MSS, rttMs, windowLimited: true });
    }
  };
  acks(21, 80);
  acks(8, 120);
  const before = cubic.window;
  acks(4, 120);
  t.equal(cubic.window, before + MSS, 'conservative');
  cubic.onTimeout(true, 0);
  acks(4, 120);
  t.equal(cubic.window, 5 * MSS);
});
