/** `netarium diff` as it is called: what it prints and where, and its exit status, which is that of diff(1). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Comparison } from '../../orchestrator/diff/index.js';
import { buildReport } from '../../orchestrator/story/build.js';
import { smallPage } from '../orchestrator/story/small-page.js';
import { netarium } from './netarium.js';

t.test('diff: 0 alike, 1 they differ, 2 what cannot be compared', async (t) => {
  const net = netarium(t);
  const folder = mkdtempSync(join(tmpdir(), 'nt-diff-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const report = buildReport(smallPage(), 'test');
  const file = (name: string, value: unknown) => {
    writeFileSync(join(folder, name), JSON.stringify(value));
    return join(folder, name);
  };
  const a = file('a.json', report);
  const b = file('b.json', { ...report, ok: false, status: 503 });
  t.match(await net.run('diff', a, a), { exitStatus: 0, stdout: /^no difference that matters/, stderr: '' });
  t.match(await net.run('diff', a, b), { exitStatus: 1, stdout: /^they differ {2}503 after/, stderr: '' });
  t.match(await net.run('diff', a, b, '--quiet'), { exitStatus: 1, stdout: '', stderr: '' });
  const { exitStatus, stdout } = await net.run('diff', a, b, '--json');
  t.match(JSON.parse(stdout) as Comparison, { equal: false, results: [{ what: 'the load', a: '200', b: '503' }] });
  t.equal(exitStatus, 1);
  const other = file('other.json', { ...report, url: 'http://other/' });
  t.match(await net.run('diff', a, other), {
    exitStatus: 2,
    stdout: '',
    stderr: /not the same fetch: .*http:\/\/other\//,
  });
  t.match(await net.run('diff', a, other, '--force'), { exitStatus: 0 });
  t.match(await net.run('diff', a, join(folder, 'none')), { exitStatus: 2, stderr: /no such file/ });
});
