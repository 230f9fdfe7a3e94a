import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { MAX_SLEEP_MS, SlowCpu } from '../../devices/runtime/slow-cpu.js';

/** A processor whose work is done by hand. */
function bench() {
  const state = { usedMs: 100, slept: [] as number[] };
  const cpu = new SlowCpu({ usedMs: () => state.usedMs, sleep: (ms) => state.slept.push(ms) });
  t.teardown(() => cpu.stop());
  const work = async (ms: number) => {
    state.usedMs += ms;
    cpu.worked();
    cpu.worked();
    await nextTurn();
  };
  return { cpu, state, work };
}

t.test('work takes factor times as long, turn by turn', async (t) => {
  const { cpu, state, work } = bench();
  await work(10);
  t.same(state.slept, [], 'as fast as it is');
  cpu.setFactor(4);
  await work(10);
  await work(1);
  t.same(state.slept, [30, 3]);
  cpu.setFactor(1);
  await work(10);
  t.same(state.slept, [30, 3]);
});

t.test(
  'what is too short to sleep for is put together; what is too long is slept in parts, and not for ever',
  async (t) => {
    const { cpu, state, work } = bench();
    cpu.setFactor(1.5);
    await work(0.06);
    t.same(state.slept, []);
    await work(0.06);
    t.equal(state.slept.length, 1);
    t.ok(Math.abs(state.slept[0] - 0.06) < 1e-9);
    cpu.setFactor(1000);
    state.slept = [];
    await work(100);
    await work(0.001);
    await work(0);
    t.equal(state.slept[0], MAX_SLEEP_MS);
    t.equal(state.slept[1], MAX_SLEEP_MS);
    t.ok(
      state.slept.slice(2).every((ms) => ms < 2),
      'the rest is forgiven',
    );
  },
);

t.test('work that nobody told of is found', async (t) => {
  const { cpu, state } = bench();
  cpu.setFactor(3);
  state.usedMs += 5;
  const until = Date.now() + 5000;
  while (state.slept.length === 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
  t.same(state.slept, [10]);
});

t.test('a real process is held up', async (t) => {
  const cpu = new SlowCpu();
  t.teardown(() => cpu.stop());
  cpu.setFactor(5);
  const startedAt = performance.now();
  const before = process.cpuUsage();
  while (process.cpuUsage(before).user + process.cpuUsage(before).system < 20_000);
  cpu.worked();
  await nextTurn();
  const tookMs = performance.now() - startedAt;
  t.ok(tookMs > 95, `20 ms of work took ${tookMs} ms`);
});
