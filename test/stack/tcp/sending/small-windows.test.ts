/**
 * Cells of the table that `make bench-tcp windows` prints, those that take no time: a window is used in full when nothing
 * is lost, and losses cost what they cost, to the byte. Virtual time is exact: other figures mean another behaviour.
 */
import t from 'tap';
import { SMOLTCP } from '../../../bench/tcp/small-window-table.js';
import { runSmallWindow, SMALL_WINDOW_RTT_MS } from '../../../bench/tcp/small-windows.js';

const MIB = 1024 * 1024;

for (const bufferBytes of [2048, 4096, 8192, 16_384, 32_768]) {
  t.test(`${bufferBytes} bytes without losses: all of the window in every round trip`, async (t) => {
    const { goodput, retransmissions } = runSmallWindow({ bufferBytes, loss: 0, bytes: 10 * MIB });
    const perfect = (bufferBytes * 1000) / SMALL_WINDOW_RTT_MS;
    t.ok(goodput > 0.99 * perfect && goodput <= perfect, `${goodput} of ${perfect}`);
    t.ok(goodput >= SMOLTCP[bufferBytes][0]);
    t.equal(retransmissions, 0);
  });
}

/** Buffer, loss in per cent, bytes; milliseconds and retransmissions. */
const cells: readonly (readonly [number, number, number, number, number])[] = [
  [128, 5, 16_384, 18_393, 18],
  [512, 20, 16_384, 12_208, 19],
  [1024, 30, 16_384, 10_476, 20],
  [4096, 2, MIB, 28_450, 18],
  [16_384, 10, MIB, 23_248, 77],
  [32_768, 1, MIB, 4350, 6],
  [32_768, 30, MIB / 8, 19_419, 60],
];

for (const [bufferBytes, percent, bytes, ms, retransmissions] of cells) {
  t.test(`${bytes} bytes through ${bufferBytes}, ${percent} % lost`, async (t) => {
    const result = runSmallWindow({ bufferBytes, loss: percent / 100, bytes });
    t.same([Math.floor(result.ms), result.retransmissions], [ms, retransmissions]);
  });
}

t.test('without congestion control, as in the tests of smoltcp, losses alone cost less than there', async (t) => {
  const result = runSmallWindow({ bufferBytes: 32_768, loss: 0.02, bytes: 10 * MIB, congestion: 'none' });
  t.ok(result.goodput > 1.4 * SMOLTCP[32_768][3], String(result.goodput));
});
