import t from 'tap';
import { parseLimits } from '../../../orchestrator/capture/limits.js';

t.test('sizes, times and numbers of frames, in any mixture', async (t) => {
  t.same(parseLimits([]), {});
  t.same(parseLimits(['10MB']), { bytes: 10_000_000 });
  t.same(parseLimits(['500kB', '2m', '100']), { bytes: 500_000, durationMs: 120_000, frames: 100 });
  t.same(parseLimits(['1GiB, 1.5s']), { bytes: 1024 ** 3, durationMs: 1500 });
  t.same(parseLimits(['5min', '0.5h']), { durationMs: 300_000 }, 'of two of one sort the smaller');
});

t.test('anything else is refused, with what can be written', async (t) => {
  for (const text of ['10x', '', 'MB', '-5', '0', '0s', '10 MBit', '1e3', '30 seconds', '1.5', '10s,,5']) {
    t.throws(() => parseLimits([text]), { exitStatus: 2, message: /is not a limit/, hint: /10MB.*30s.*100/ }, text);
  }
});
