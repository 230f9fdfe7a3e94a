/**
 * Debian's dig with our servers. What it prints is in test/apps/dns/golden/dig.txt, by which our own dig is measured;
 * NETARIUM_UPDATE=1 writes that file anew.
 */
import { writeFileSync } from 'node:fs';
import { netarium } from '../e2e/netarium.js';
import { formatRun, GOLDEN_FILE, GOLDEN_TOPOLOGY, goldenRuns, shown, wordsOf } from '../support/dig-golden.js';
import { KernelHost } from './support/kernel-host.js';
import { interopTest, LIMIT_MS } from './support/needs.js';

interopTest('what dig prints about our servers', { root: true, tools: ['ip', 'ethtool', 'dig'] }, async (t) => {
  const host = KernelHost.open(t);
  host.configure('10.0.0.8/24', undefined, '10.0.0.53');
  const net = netarium(t, { launcher: host.labLauncher, limitMs: LIMIT_MS });
  await net.up('interop-dig', GOLDEN_TOPOLOGY);
  t.match(await net.run('attach', 'sw', ...host.attachOptions), { exitStatus: 0 });
  const seen: string[] = [];
  for (const run of goldenRuns()) {
    const { stdout, stderr, exitStatus = -1 } = await host.run(['dig', ...wordsOf(run.line)]);
    const output = shown({ stdout, stderr, status: exitStatus });
    seen.push(formatRun({ line: run.line, output }));
    if (!process.env.NETARIUM_UPDATE) t.equal(output, run.output, run.line);
  }
  if (process.env.NETARIUM_UPDATE) writeFileSync(GOLDEN_FILE, seen.join(''));
  t.ok(seen.length > 20);
});
