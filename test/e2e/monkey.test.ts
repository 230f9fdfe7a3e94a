/** Page loads while random faults of all kinds come and go; a thousand of them are part of `make soak`. */
import t from 'tap';
import { monkeyLoads } from '../soak/monkey-loads.js';
import { netarium } from './netarium.js';

t.test('loads under the monkey end whole, or with an error that names its step; then all is as before', async (t) => {
  const net = netarium(t);
  const result = await monkeyLoads(net, { loads: 9, seed: 3, parallel: 3, interval: '300ms', quietLoads: 1 });
  t.same(result.violations, []);
  const failed = [...result.errors.values()].reduce((sum, count) => sum + count, 0);
  t.equal(result.whole + failed, result.loads);
  t.ok(result.faults > result.loads, `${result.faults} lines of the monkey`);
});
