/** Dynamic right-sizing of the receive window, as Linux does it. */
import t from 'tap';
import { Tcb } from '../../../../devices/stack/tcp/control-block/tcb.js';
import {
  MAX_RECEIVE_BUFFER_BYTES,
  ReceiveAutotuning,
} from '../../../../devices/stack/tcp/receiving/receive-autotuning.js';
import { ReceiveWindow } from '../../../../devices/stack/tcp/receiving/receive-window.js';

const MSS = 1460;
const KIB = 1024;

t.test('the round trip by timestamps: smoothed by an eighth, a tick at least', async (t) => {
  const tuning = new ReceiveAutotuning(MSS, 64_240, 0);
  t.equal(tuning.roundTripMs, 0);
  tuning.arrived(100, 1, 64_240, 40);
  t.equal(tuning.roundTripMs, 40);
  tuning.arrived(110, 1, 64_240, 48);
  t.equal(tuning.roundTripMs, 41);
  const quick = new ReceiveAutotuning(MSS, 64_240, 0);
  quick.arrived(1, 1, 64_240, 0);
  t.equal(quick.roundTripMs, 1);
});

t.test('the round trip without timestamps: the least time that a window took', async (t) => {
  const tuning = new ReceiveAutotuning(MSS, 10_000, 0);
  tuning.arrived(100, 0, 10_000, undefined);
  tuning.arrived(150, 5000, 5000, undefined);
  t.equal(tuning.roundTripMs, 0, 'half of it');
  tuning.arrived(180, 10_000, 10_000, undefined);
  t.equal(tuning.roundTripMs, 80);
  tuning.arrived(1000, 20_000, 10_000, undefined);
  t.equal(tuning.roundTripMs, 80, 'the sender paused');
  tuning.arrived(1040, 30_000, 10_000, undefined);
  t.equal(tuning.roundTripMs, 40);
});

t.test('once a round trip: twice what was taken, more while it grows', async (t) => {
  const tuning = new ReceiveAutotuning(MSS, 64_240, 0);
  tuning.arrived(0, 1, 64_240, 100);
  t.equal(tuning.took(10 * MSS, 50, 0), undefined, 'not a round trip yet');
  // 20 segments in one round trip, after 10: (2 × 20 + 16) × (1 + 2 × (20 − 10) / 10).
  t.equal(tuning.took(10 * MSS, 100, 0), 168 * MSS);
  t.equal(tuning.took(20 * MSS, 200, 0), undefined, 'the same again');
  t.equal(tuning.took(25 * MSS, 300, 3000), Math.floor(66 * MSS * 1.5) + 3000, 'and what waits behind a hole');
  t.equal(tuning.took(5 * MSS, 400, 0), undefined);
});

/** A window as a connection has it that negotiated both options. */
function opened(queue: { length: number }, bytes?: number) {
  const endpoint = { address: 1, port: 1 };
  const tcb = new Tcb(endpoint, endpoint);
  tcb.receiveMss = MSS;
  tcb.windowScaling = true;
  const window = new ReceiveWindow(tcb, bytes, queue);
  window.initial();
  tcb.rcvWndShift = window.shift;
  return { tcb, window };
}

t.test('the window follows a sender that doubles every round trip, up to 6 MiB', async (t) => {
  const queue = { length: 0 };
  const { tcb, window } = opened(queue);
  const limits: number[] = [];
  let cwnd = 10 * MSS;
  for (let round = 0; round < 12; round++) {
    const sent = Math.min(cwnd, tcb.rcvWnd);
    t.equal(sent, Math.min(cwnd, MAX_RECEIVE_BUFFER_BYTES), `round ${round}: the window never holds the sender back`);
    for (let bytes = 0; bytes < sent; bytes += MSS) {
      const at = round * 80 + (80 * bytes) / sent;
      tcb.rcvNxt += MSS;
      tcb.rcvWnd -= MSS;
      window.arrived(at, 80);
      window.taken(MSS, at, 0);
      window.advertise();
    }
    limits.push(window.limit);
    cwnd *= 2;
  }
  t.equal(limits.at(-1), MAX_RECEIVE_BUFFER_BYTES);
  t.equal(tcb.rcvWnd, MAX_RECEIVE_BUFFER_BYTES);
});

t.test('a program that does not read gets no more than the window that it has', async (t) => {
  const queue = { length: 0 };
  const { tcb, window } = opened(queue);
  for (let at = 0; at < 10_000 && tcb.rcvWnd >= MSS; at += 10) {
    queue.length += MSS;
    tcb.rcvNxt += MSS;
    tcb.rcvWnd -= MSS;
    window.arrived(at, 80);
    window.advertise();
  }
  t.equal(window.limit, 64_240);
  t.ok(queue.length <= 64_240 + 3 * MSS);
});

t.test('a buffer that was chosen stays as it is; without window scaling 65,535 bytes are the end', async (t) => {
  const chosen = opened({ length: 0 }, 32 * KIB);
  for (let at = 0; at < 1000; at += 10) {
    chosen.window.arrived(at, 80);
    chosen.window.taken(100 * MSS, at, 0);
  }
  t.equal(chosen.window.limit, 32 * KIB);
  t.equal(chosen.window.shift, 0);

  const unscaled = opened({ length: 0 });
  unscaled.tcb.rcvWndShift = 0;
  for (let at = 0; at < 1000; at += 10) {
    unscaled.window.arrived(at, 80);
    unscaled.window.taken(100 * MSS, at, 0);
  }
  t.equal(unscaled.window.limit, 0xffff);
  unscaled.tcb.rcvWnd = 0;
  t.equal(unscaled.window.advertise(), 0xffff);
});
