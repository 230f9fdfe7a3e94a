/**
 * Debian's dig, host and nslookup with our servers. What they print is in test/apps/dns/golden, by which our own are
 * measured; NETARIUM_UPDATE=1 writes those files anew.
 */
import { writeFileSync } from 'node:fs';
import { netarium } from '../e2e/netarium.js';
import { formatRun, GOLDEN_FILES, GOLDEN_TOPOLOGY, goldenRuns, shown, wordsOf } from '../support/dig-golden.js';
import { KernelHost } from './support/kernel-host.js';
import { interopTest, LIMIT_MS } from './support/needs.js';

const TOOLS = ['ip', 'ethtool', 'dig', 'host', 'nslookup'];

interopTest('what dig, host and nslookup print about our servers', { root: true, tools: TOOLS }, async (t) => {
  const host = KernelHost.open(t);
  host.configure('10.0.0.8/24', undefined, '10.0.0.53');
  const net = netarium(t, { launcher: host.labLauncher, limitMs: LIMIT_MS });
  await net.up('interop-dig', GOLDEN_TOPOLOGY);
  t.match(await net.run('attach', 'sw', ...host.attachOptions), { exitStatus: 0 });
  for (const file of GOLDEN_FILES) {
    const seen: string[] = [];
    for (const run of goldenRuns(file)) {
      const { stdout, stderr, exitStatus = -1 } = await host.run(wordsOf(run.line));
      const output = shown({ stdout, stderr, status: exitStatus });
      seen.push(formatRun({ line: run.line, output }));
      if (!process.env.NETARIUM_UPDATE) t.equal(output, run.output, run.line);
    }
    if (process.env.NETARIUM_UPDATE) writeFileSync(file, seen.join(''));
    t.ok(seen.length > 10);
  }
});
