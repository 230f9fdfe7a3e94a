/** What is kept of a failure: capture, logs and tables as they were at that moment, the scenario, and what came of it. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { TableName } from '../../devices/control.js';
import { writeCaptureFile } from '../capture/capture-file.js';
import { cannotWrite } from '../file-errors.js';
import { labDirectory } from '../lab/paths.js';
import type { HeldLab } from '../lab/supervise.js';
import type { FrameLog } from './frame-log.js';
import type { Scenario } from './model.js';
import type { ScenarioResult } from './result.js';
import type { CommandOutcome, PageOutcome } from './stage.js';
import { makeFolders } from './writable.js';

type Outcome = PageOutcome | CommandOutcome;

const ANSWER_LIMIT_MS = 2000;

/** What changes while files are written: taken first, as soon as something has failed. */
export interface Moment {
  readonly devices: Readonly<
    Record<string, { readonly state: string; readonly tables: Readonly<Record<string, unknown>> }>
  >;
  readonly faults: readonly object[];
}

export async function momentOf({ lab, chaos }: HeldLab): Promise<Moment> {
  const devices = await Promise.all(
    lab.devices.map(async ({ config: { name }, state, client }) => {
      const call = <T>(method: string, params = {}) => client?.call<T>(method, params, ANSWER_LIMIT_MS);
      const tables: Record<string, unknown> = {};
      try {
        // One that is paused would not answer.
        const names = state === 'running' ? ((await call<TableName[]>('tables')) ?? []) : [];
        const rows = await Promise.all(names.map((table) => call('inspect', { table })));
        names.forEach((table, index) => {
          tables[table] = rows[index];
        });
      } catch {
        // It has gone meanwhile; what it has told is there.
      }
      return [name, { state, tables }] as const;
    }),
  );
  const counts = new Map((await chaos.counts()).map((count) => [count.id, count]));
  return {
    devices: Object.fromEntries(devices),
    faults: chaos.list().map((fault) => ({ ...fault, ...counts.get(fault.id) })),
  };
}

/**
 * A folder that was not there before, nor anything else by that name, also when others make theirs at the same time:
 * `<output>/<scenario>`, else with a number behind. Throws a CliError.
 */
export function makeFolder(output: string, scenario: string): string {
  try {
    makeFolders(output);
    for (let n = 1; ; n++) {
      const folder = join(output, n === 1 ? scenario : `${scenario}-${n}`);
      if (isMade(folder)) return folder;
    }
  } catch (error) {
    throw cannotWrite(output, error);
  }
}

/** False when something is there already, were it a link to nothing. */
function isMade(folder: string): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Before the lab is taken down: its logs are in its folder. Throws a CliError. */
export async function writeEvidence(
  folder: string,
  scenario: Scenario,
  result: ScenarioResult,
  moment: Moment,
  frames: FrameLog,
): Promise<void> {
  const json = (name: string, value: unknown) =>
    writeFileSync(join(folder, name), `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  try {
    // First: a scenario may be called result.json, too.
    if (existsSync(scenario.file)) copyFileSync(scenario.file, join(folder, basename(scenario.file)));
    json('result.json', result);
    json('tables.json', moment.devices);
    json('faults.json', moment.faults);
    await writeCaptureFile(join(folder, 'capture.pcapng'), frames.capture());
  } catch (error) {
    throw cannotWrite(folder, error);
  }
}

/** The JSON of each page load that has a name, as `netarium fetch --json` and `netarium diff` have it. */
export async function writeFetches(folder: string, outcomes: ReadonlyMap<string, Outcome>): Promise<void> {
  for (const [name, outcome] of outcomes) {
    if (outcome.kind !== 'page') continue;
    const report = await outcome.report();
    try {
      makeFolders(join(folder, 'fetches'));
      writeFileSync(join(folder, 'fetches', `${name}.json`), `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600 });
    } catch (error) {
      throw cannotWrite(folder, error);
    }
  }
}

/** The logs of all devices, and the lab's own. */
export function copyLogs(folder: string, lab: string): void {
  try {
    const logs = readdirSync(labDirectory(lab)).filter((name) => name.endsWith('.log'));
    makeFolders(join(folder, 'logs'));
    for (const log of logs) copyFileSync(join(labDirectory(lab), log), join(folder, 'logs', log));
  } catch (error) {
    throw cannotWrite(folder, error);
  }
}
