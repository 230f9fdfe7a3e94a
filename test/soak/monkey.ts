/**
 * A thousand page loads under the chaos monkey, in real processes; part of `make soak`.
 *
 *     node build/js/test/soak/monkey.js               1,000 loads, seed 1
 *     node build/js/test/soak/monkey.js 200 7         200 loads, seed 7
 *     node build/js/test/soak/monkey.js 200 7 300     the same, a fault every 300 ms on average
 */
import { Netarium } from '../e2e/command.js';
import { monkeyLoads } from './monkey-loads.js';

const [loads = 1_000, seed = 1, intervalMs = 300] = process.argv.slice(2).map(Number);
const print = (line: string) => process.stdout.write(`${line}\n`);

const net = new Netarium();
try {
  const result = await monkeyLoads(net, {
    loads,
    seed,
    parallel: 8,
    quietLoads: 25,
    interval: `${intervalMs}ms`,
    progress: print,
  });
  for (const line of result.growth) print(line);
  for (const [error, count] of [...result.errors].sort((a, b) => b[1] - a[1])) print(`  ${count} ended with ${error}`);
  const ratio = result.afterMs / result.beforeMs;
  print(`before ${result.beforeMs.toFixed(1)} ms, after ${result.afterMs.toFixed(1)} ms: ratio ${ratio.toFixed(3)}`);
  print(`${result.whole} of ${result.loads} loads whole, ${result.faults} lines of the monkey`);
  for (const violation of result.violations) print(`VIOLATION: ${violation}`);
  process.exitCode = result.violations.length === 0 ? 0 : 1;
} finally {
  await net.end();
}
