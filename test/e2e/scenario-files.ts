/** Shipped scenarios, as they are and with something changed. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Test } from 'tap';
import type { ScenarioResult } from '../../orchestrator/scenario/result.js';

export const SHIPPED = 'topologies/scenarios';

export const SHIPPED_NAMES = readdirSync(SHIPPED)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.slice(0, -'.yaml'.length))
  .sort();

/** What `netarium test --json` prints. */
export interface TestReport {
  readonly ok: boolean;
  readonly scenarios: readonly ScenarioResult[];
}

/** A folder that goes with the test. */
export function temporaryFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'nt-s-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A copy in a folder of its own; each text to be replaced must be there. */
export function changedScenario(
  t: Test,
  name: string,
  edits: readonly (readonly [from: string, to: string])[],
): string {
  let text = readFileSync(join(SHIPPED, `${name}.yaml`), 'utf8');
  for (const [from, to] of edits) {
    if (!text.includes(from)) throw new Error(`${name} has no ${from}`);
    text = text.replace(from, to);
  }
  text = text
    .replaceAll('../sites/', resolve('topologies/sites/').concat('/'))
    .replaceAll('apps/', resolve(SHIPPED, 'apps').concat('/'));
  const file = join(temporaryFolder(t), `${name}.yaml`);
  writeFileSync(file, text);
  return file;
}
