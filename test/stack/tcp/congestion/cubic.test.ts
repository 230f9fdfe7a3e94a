/** CUBIC, in the figures of RFC 9438's equations. */
import t from 'tap';
import { createCongestionControl } from '../../../../devices/stack/tcp/congestion/choose.js';
import { INFINITE_SSTHRESH } from '../../../../devices/stack/tcp/congestion/congestion-control.js';
import { Cubic } from '../../../../devices/stack/tcp/congestion/cubic.js';

const MSS = 1000;
const ALPHA = 9 / 17; // 3 (1 − 0.7) / (1 + 0.7)

interface Options {
  readonly window: number;
  readonly rttMs?: number;
}

/** A flow whose window is always full, one ACK a segment, spread evenly over the round trip. */
class Flow {
  readonly cubic = new Cubic();
  now = 10_000;
  readonly rttMs: number;

  constructor({ window, rttMs = 100 }: Options) {
    this.rttMs = rttMs;
    this.cubic.setMss(MSS, true);
    this.cubic.window = window * MSS;
  }

  /** In segments. */
  get window(): number {
    return this.cubic.window / MSS;
  }

  ack(bytes = MSS, windowLimited = true, rttMs: number | undefined = this.rttMs): void {
    this.cubic.onAcked({ now: this.now, bytes, ack: 0, sndNxt: 1, rttMs, windowLimited });
  }

  /** Congestion, and the recovery after it. */
  congestion(): void {
    this.cubic.onCongestion(this.now);
    this.cubic.window = this.cubic.slowStartThreshold;
  }

  run(seconds: number): void {
    const end = this.now + seconds * 1000;
    while (this.now < end) {
      const step = this.rttMs / this.window;
      this.ack();
      this.now += step;
    }
  }
}

function near(
  t: { ok(value: boolean, message: string): void },
  value: number,
  wanted: number,
  tolerance: number,
  what: string,
): void {
  t.ok(Math.abs(value - wanted) <= tolerance, `${what}: ${value.toFixed(2)}, wanted ${wanted.toFixed(2)}`);
}

t.test('the choice: CUBIC unless Reno is wanted', async (t) => {
  t.equal(createCongestionControl().name, 'cubic');
  t.equal(createCongestionControl('cubic').name, 'cubic');
  t.equal(createCongestionControl('reno').name, 'reno');
});

t.test('a connection starts with ten segments and without a threshold', async (t) => {
  const cubic = new Cubic();
  cubic.setMss(1460, true);
  t.same([cubic.window, cubic.slowStartThreshold], [14_600, INFINITE_SSTHRESH]);
  cubic.setMss(960, false);
  t.equal(cubic.window, 14_600, 'a smaller MSS leaves the window');
});

t.test('section 4.6: congestion leaves seven tenths, two segments at least', async (t) => {
  const flow = new Flow({ window: 100 });
  flow.cubic.onCongestion(flow.now);
  t.same([flow.window, flow.cubic.slowStartThreshold], [100, 70 * MSS], 'recovery takes the window there');
  const small = new Flow({ window: 2 });
  small.congestion();
  t.equal(small.cubic.slowStartThreshold, 2 * MSS);
});

t.test('section 4.2: the curve of figure 2, concave up to W_max and convex beyond', async (t) => {
  // W_max = 1000, K = cbrt(1000 × 0.3 / 0.4) = 9.0856 s.
  const flow = new Flow({ window: 1000, rttMs: 100 });
  flow.congestion();
  t.equal(flow.window, 700);
  const startAt = flow.now;
  const k = Math.cbrt(300 / 0.4);
  const curve = (seconds: number) => 0.4 * (seconds - k) ** 3 + 1000;
  for (const seconds of [1, 3, 5, 9, 10, 12, 15]) {
    flow.run(seconds - (flow.now - startAt) / 1000);
    // The target lies a round trip ahead and is reached within one.
    const elapsed = (flow.now - startAt) / 1000;
    t.ok(
      flow.window >= curve(elapsed) - 1 && flow.window <= curve(elapsed + 0.1) + 1,
      `after ${seconds} s: ${flow.window}, curve ${curve(elapsed).toFixed(1)}`,
    );
  }
});

t.test('one ACK moves the window by (target − cwnd) / cwnd of what it acknowledges', async (t) => {
  const flow = new Flow({ window: 1000, rttMs: 100 });
  flow.congestion();
  // The curve begins with this ACK: t = 0, looked up one round trip ahead.
  const target = 0.4 * (0.1 - Math.cbrt(300 / 0.4)) ** 3 + 1000;
  flow.ack(7 * MSS);
  t.equal(flow.cubic.window, 700_000 + Math.floor((7 * MSS * (target - 700)) / 700));
});

t.test('the growth is half as much again in a round trip at most', async (t) => {
  const flow = new Flow({ window: 10, rttMs: 100 });
  flow.congestion();
  flow.ack();
  const before = flow.cubic.window;
  flow.now += 60_000;
  flow.ack(MSS);
  t.equal(flow.cubic.window - before, MSS / 2);
});

t.test('section 4.3: where Reno would have more, its share is the measure', async (t) => {
  // W_max = 10, K = cbrt(3 / 0.4) = 1.96 s: at 10 ms a round trip Reno is far ahead of the curve.
  const flow = new Flow({ window: 10, rttMs: 10 });
  flow.congestion();
  flow.run(0.01);
  near(t, flow.window, 7 + ALPHA, 0.15, 'one round trip');
  flow.run(0.04);
  near(t, flow.window, 7 + 5 * ALPHA, 0.3, 'five round trips');
  flow.run(0.01);
  const reached = flow.window;
  t.ok(reached > 10, 'the window at the congestion is reached in six');
  flow.run(0.1);
  near(t, flow.window, reached + 10, 0.6, 'from there on a whole segment a round trip');
});

t.test('section 4.7, fast convergence: a second congestion below W_max aims lower', async (t) => {
  const flow = new Flow({ window: 1000, rttMs: 100 });
  flow.congestion();
  flow.run(1);
  const second = flow.window;
  t.ok(second < 1000);
  flow.congestion();
  flow.run(60);
  const plateau = second * 0.85;
  const k = Math.cbrt((plateau - Math.floor(second * 700) / 1000) / 0.4);
  near(t, flow.window, plateau + 0.4 * (60 - k) ** 3, 0.01 * flow.window, 'the curve around 85 % of the second W_max');
});

t.test(
  'section 4.8: a timeout goes down to one segment, slow start back to the threshold, then without a plateau',
  async (t) => {
    const flow = new Flow({ window: 100, rttMs: 100 });
    flow.cubic.onTimeout(true, flow.now);
    t.same([flow.window, flow.cubic.slowStartThreshold], [1, 70 * MSS]);
    flow.cubic.onTimeout(false, flow.now);
    t.equal(flow.cubic.slowStartThreshold, 70 * MSS, 'once for one loss');
    flow.ack(20 * MSS);
    t.equal(flow.window, 21, 'slow start, no limit for one ACK');
    flow.ack(49 * MSS);
    t.equal(flow.window, 70);
    flow.ack(70 * MSS);
    near(t, flow.window, 73.5, 0.1, 'as Linux a twentieth in a round trip while no plateau is known');
  },
);

t.test('section 4.9: a mistaken reduction is taken back with its curve', async (t) => {
  const flow = new Flow({ window: 1000, rttMs: 100 });
  flow.congestion();
  flow.run(5);
  const twin = new Flow({ window: 1000, rttMs: 100 });
  twin.congestion();
  twin.run(5);
  const { window } = flow;
  for (const reduce of [() => flow.congestion(), () => flow.cubic.onTimeout(true, flow.now)]) {
    reduce();
    t.ok(flow.window < window);
    flow.cubic.undo();
    t.same([flow.window, flow.cubic.slowStartThreshold], [window, 700 * MSS]);
  }
  flow.run(5);
  twin.run(5);
  near(t, flow.window, twin.window, 1, 'as if nothing had happened');
  flow.cubic.window = 5 * MSS;
  flow.cubic.undo();
  t.equal(flow.window, 5, 'once');
});

t.test('a window that is not used does not grow, and its curve stands still meanwhile', async (t) => {
  const flow = new Flow({ window: 1000, rttMs: 100 });
  flow.congestion();
  flow.run(5);
  const { window } = flow;
  for (let i = 0; i < 100; i++) {
    flow.ack(MSS, false);
    flow.now += 100;
  }
  t.equal(flow.window, window);
  const limited = flow.now;
  flow.ack(MSS, false);
  flow.now += flow.rttMs / flow.window;
  flow.run(1);
  const k = Math.cbrt(300 / 0.4);
  t.ok(flow.window <= 0.4 * (6.3 - k) ** 3 + 1000, 'not where ten more seconds would have taken it');
  t.ok(flow.window > window);
  t.ok(flow.now > limited);
});

t.test('idle time stops the curve; more than a timeout takes the window down as well', async (t) => {
  const flow = new Flow({ window: 1000, rttMs: 100 });
  flow.congestion();
  flow.run(5);
  const { window } = flow;
  flow.now += 150;
  flow.cubic.onIdle(150, 300, flow.now);
  t.equal(flow.window, window);
  flow.now += 700;
  flow.cubic.onIdle(700, 300, flow.now);
  t.equal(flow.cubic.window, Math.floor((window * MSS) / 4), 'halved for each timeout begun after the first');
  t.equal(flow.cubic.slowStartThreshold, Math.floor(window * MSS * 0.75));
  flow.run(1);
  const k = Math.cbrt(300 / 0.4);
  t.ok(flow.window <= 0.4 * (6.3 - k) ** 3 + 1000);
});

t.test('a program that needs less takes the window half of the way down', async (t) => {
  const flow = new Flow({ window: 100 });
  flow.cubic.onApplicationLimited(50 * MSS);
  t.equal(flow.window, 75);
  flow.cubic.onApplicationLimited(200 * MSS);
  t.equal(flow.window, 75);
});
