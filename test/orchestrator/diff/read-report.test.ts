/** What is no report of a fetch is refused, and said what it is. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { checkReport, readReport } from '../../../orchestrator/diff/index.js';
import { buildReport } from '../../../orchestrator/story/build.js';
import { smallPage } from '../story/small-page.js';

const report = JSON.parse(JSON.stringify(buildReport(smallPage(), 'test')));

t.test('a report', async (t) => {
  t.equal(checkReport('a.json', report), report);
});

t.test('other JSON', async (t) => {
  const refused = (value: unknown) => {
    try {
      checkReport('a.json', value);
      return 'taken';
    } catch (error) {
      t.equal((error as { exitStatus: number }).exitStatus, 2);
      return (error as Error).message;
    }
  };
  t.equal(refused([]), 'a.json is a list, not the report of a fetch');
  t.equal(refused(null), 'a.json is a single value, not the report of a fetch');
  t.equal(refused({}), 'a.json is not the report of a fetch: it has no fields');
  t.equal(refused({ log: {} }), 'a.json is a HAR file, not the report of a fetch');
  t.equal(
    refused({ a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 }),
    'a.json is not the report of a fetch: it has a, b, c, d, e, …',
  );
  t.match(refused({ ...report, durationMs: '5' }), /^a\.json is no report that can be compared: durationMs: /);
  const { event: _, ...older } = report.steps[0];
  t.match(refused({ ...report, steps: [older] }), /steps\.0\.event: /);
  t.match(refused({ ...report, capture: { ...report.capture, waitMs: -1 } }), /capture\.waitMs: /);
});

t.test('files', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'netarium-diff-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  t.same(await readReport(file('report.json', JSON.stringify(report))), report);
  await t.rejects(readReport(join(folder, 'none.json')), { exitStatus: 2, message: /none\.json: no such file$/ });
  await t.rejects(readReport(folder), { exitStatus: 2, message: /it is a folder$/ });
  await t.rejects(readReport(file('empty.json', ' \n')), { exitStatus: 2, message: /empty\.json is empty$/ });
  await t.rejects(readReport(file('text.json', 'hello')), { exitStatus: 2, message: /text\.json is not JSON: / });
});
