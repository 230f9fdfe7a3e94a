/** Reno: RFC 5681, and what is common to every congestion control. */
import t from 'tap';
import {
  INFINITE_SSTHRESH,
  initialWindow,
  windowAfterIdle,
} from '../../../../devices/stack/tcp/congestion/congestion-control.js';
import { Reno } from '../../../../devices/stack/tcp/congestion/reno.js';

const MSS = 1000;

function reno(window = 10 * MSS): Reno {
  const control = new Reno();
  control.setMss(MSS, true);
  control.window = window;
  return control;
}

function acked(control: Reno, bytes: number, windowLimited = true): void {
  control.onAcked({ now: 0, bytes, ack: 0, sndNxt: 0, rttMs: undefined, windowLimited });
}

t.test('the initial window (RFC 6928): ten segments, 14,600 bytes, two large segments', async (t) => {
  t.equal(initialWindow(536), 5360);
  t.equal(initialWindow(1460), 14_600);
  t.equal(initialWindow(9000), 18_000);
});

t.test('slow start doubles the window in a round trip, however few ACKs tell of it', async (t) => {
  const control = reno();
  t.same([control.window, control.slowStartThreshold], [10 * MSS, INFINITE_SSTHRESH]);
  for (let i = 0; i < 10; i++) acked(control, MSS);
  t.equal(control.window, 20 * MSS);
  acked(control, 20 * MSS);
  t.equal(control.window, 40 * MSS);
});

t.test('a window that is not used does not grow', async (t) => {
  const control = reno();
  acked(control, MSS, false);
  t.equal(control.window, 10 * MSS);
});

t.test('congestion avoidance: one segment a round trip', async (t) => {
  const control = reno();
  control.onCongestion(0);
  t.same([control.window, control.slowStartThreshold], [10 * MSS, 5 * MSS], 'the window is recovery’s business');
  control.window = control.slowStartThreshold;
  for (let i = 0; i < 4; i++) acked(control, MSS);
  t.equal(control.window, 5 * MSS);
  acked(control, MSS);
  t.equal(control.window, 6 * MSS);
  acked(control, 13 * MSS);
  t.equal(control.window, 8 * MSS, 'one ACK for two round trips: 6 and 7 segments');
});

t.test(
  'half of an odd number of segments: the threshold counts whole ones, as Linux; a half would never be used',
  async (t) => {
    const control = reno(7 * MSS);
    control.onCongestion(0);
    t.equal(control.slowStartThreshold, 3 * MSS);
    control.window = control.slowStartThreshold;
    acked(control, 3 * MSS);
    t.equal(control.window, 4 * MSS, 'three segments are a round trip');
  },
);

t.test('an ACK that reaches across the threshold counts partly as slow start, partly as avoidance', async (t) => {
  const control = reno(16 * MSS);
  control.onTimeout(true, 0);
  t.same([control.window, control.slowStartThreshold], [MSS, 8 * MSS]);
  acked(control, 7 * MSS + 8 * MSS);
  t.equal(control.window, 9 * MSS);
});

t.test('timeouts: the threshold falls once, never below two segments', async (t) => {
  const control = reno();
  control.onTimeout(true, 0);
  control.onTimeout(false, 0);
  t.same([control.window, control.slowStartThreshold], [MSS, 5 * MSS]);
  control.onTimeout(true, 0);
  t.equal(control.slowStartThreshold, 2 * MSS);
});

t.test('a reduction that was a mistake is taken back, once', async (t) => {
  const control = reno(30 * MSS);
  control.onTimeout(true, 0);
  control.undo();
  t.same([control.window, control.slowStartThreshold], [30 * MSS, INFINITE_SSTHRESH]);
  control.window = 5 * MSS;
  control.undo();
  t.equal(control.window, 5 * MSS);
});

t.test('idle: the window is halved for every timeout that went by, down to the initial one (RFC 2861)', async (t) => {
  t.equal(windowAfterIdle(80 * MSS, MSS, 200, 200), 80 * MSS, 'not longer than a timeout');
  t.equal(windowAfterIdle(80 * MSS, MSS, 201, 200), 40 * MSS);
  t.equal(windowAfterIdle(80 * MSS, MSS, 401, 200), 20 * MSS);
  t.equal(windowAfterIdle(80 * MSS, MSS, 60_000, 200), 10 * MSS);
  t.equal(windowAfterIdle(4 * MSS, MSS, 60_000, 200), 4 * MSS, 'never up');
  const control = reno(80 * MSS);
  control.onCongestion(0);
  control.onIdle(150, 200, 0);
  t.equal(control.window, 80 * MSS);
  control.onIdle(500, 200, 0);
  t.same([control.window, control.slowStartThreshold], [20 * MSS, 60 * MSS], 'three quarters are remembered');
});

t.test('a program that needs less takes the window half of the way down to that (RFC 2861)', async (t) => {
  const control = reno(80 * MSS);
  control.onApplicationLimited(40 * MSS);
  t.equal(control.window, 60 * MSS);
  control.onApplicationLimited(MSS);
  t.equal(control.window, 35 * MSS, 'towards the initial window at least');
  control.onApplicationLimited(36 * MSS);
  t.equal(control.window, 35 * MSS);
});
