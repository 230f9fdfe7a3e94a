/** Our dig, host and nslookup against Debian's, on the same names: what a terminal shows is the same, line by line. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { parseTopology, planTopology } from '../../../orchestrator/topology/index.js';
import { GOLDEN_FILES, GOLDEN_TOPOLOGY, goldenRuns, shown } from '../../support/dig-golden.js';
import { World } from '../../support/world.js';

t.test('dig, host and nslookup print what those of BIND 9.18 print', async (t) => {
  const topology = parseTopology(readFileSync(GOLDEN_TOPOLOGY, 'utf8'), GOLDEN_TOPOLOGY);
  const world = World.fromConfigs(planTopology(topology, { lab: 'dig', runDir: '/run/netarium', basePort: 20_000 }), {
    seed: 'dig',
  });
  t.teardown(() => world.stop());
  for (const { line, output } of GOLDEN_FILES.flatMap(goldenRuns)) {
    t.equal(shown(await world.exec('client', line)), output, line);
  }
});
