/** The first few hundred random worlds; `make soak` runs ten thousand. */
import t from 'tap';
import { runWorld } from './world.js';

const WORLDS = Number(process.env.SOAK_WORLDS ?? 400);

t.test('random worlds', async (t) => {
  const errors: Record<string, number> = {};
  let complete = 0;
  let bytes = 0;
  for (let seed = 0; seed < WORLDS; seed++) {
    try {
      const summary = runWorld(String(seed));
      complete += summary.complete;
      bytes += summary.bytes;
      for (const [code, count] of Object.entries(summary.errors)) errors[code] = (errors[code] ?? 0) + count;
    } catch (error) {
      t.fail(`world ${seed}: ${(error as Error).message}`, { repeat: `node build/js/test/soak/run.js world ${seed}` });
    }
    // Other tests' timers and reports may run too.
    if (seed % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  t.comment(`${complete} connections whole, ${bytes} bytes`, errors);
  t.ok(complete > WORLDS, `${complete} connections whole`);
  for (const code of ['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH']) t.ok(errors[code] > 0, code);
});

t.test('the same seed gives the same world and the same end', async (t) => {
  for (const seed of ['3', '17', '42']) t.strictSame(runWorld(seed), runWorld(seed));
});
