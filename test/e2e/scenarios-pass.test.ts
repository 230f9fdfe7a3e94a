/** Each shipped scenario passes, with real processes; in one call, as CI does it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { netarium } from './netarium.js';
import { SHIPPED, SHIPPED_NAMES, type TestReport, temporaryFolder } from './scenario-files.js';

t.test('the shipped scenarios pass', async (t) => {
  const net = netarium(t);
  const folder = temporaryFolder(t);
  const junit = join(folder, 'results', 'junit.xml');
  const { exitStatus, stdout, stderr } = await net.run('test', SHIPPED, '--json', '--output', folder, '--junit', junit);
  const { ok, scenarios } = JSON.parse(stdout) as TestReport;
  for (const { name, outcome, failure } of scenarios)
    t.match({ outcome, failure }, { outcome: 'passed', failure: undefined }, name);
  t.same(scenarios.map(({ name }) => name).sort(), SHIPPED_NAMES);
  t.equal(scenarios.length, 10);
  t.equal(ok, true);
  t.equal(exitStatus, 0);
  t.equal(stderr, '');
  const xml = readFileSync(junit, 'utf8');
  t.match(xml, '<testsuites name="netarium" tests="10" failures="0" errors="0"');
  t.equal(xml.match(/<testcase /g)?.length, 10);
  t.same(net.files(), [], 'no lab is left');
});
