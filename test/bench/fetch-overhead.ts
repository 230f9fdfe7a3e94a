/** What `netarium fetch` adds to a page load: the command itself, the capture on all devices, the story. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { FetchResult } from '../../devices/control.js';
import { packageRoot, shippedTopology } from '../../orchestrator/lab/paths.js';
import { loadTopology } from '../../orchestrator/topology/index.js';
import { BenchLab } from './bench-lab.js';
import { quantile } from './measure.js';
import type { Row } from './results.js';

const URL = 'http://www.server.com/';
const ROUNDS = 5;

export async function measureFetch(): Promise<Row[]> {
  const lab = await BenchLab.up(loadTopology(shippedTopology('mini-internet')));
  try {
    const program = join(packageRoot(), 'build', 'netarium.js');
    const run = async (...argv: string[]) => {
      const startedAt = performance.now();
      const { stdout } = await promisify(execFile)(process.execPath, [program, ...argv], { maxBuffer: 1e8 });
      return { ms: performance.now() - startedAt, stdout };
    };
    const alone = async () => {
      const result = await lab.call<FetchResult>('client', 'fetch', { url: URL });
      if (!result.ok) throw new Error(`${URL}: ${result.error?.message ?? result.status}`);
      return result.endAt - result.startAt;
    };
    // The caches are filled, and what is compiled is compiled.
    for (let i = 0; i < 3; i++) await alone();
    const times = { alone: [] as number[], captured: [] as number[], command: [] as number[], help: [] as number[] };
    for (let i = 0; i < ROUNDS; i++) {
      times.alone.push(await alone());
      const { ms, stdout } = await run('fetch', URL, '--from', 'client', '--lab', lab.name, '--json');
      times.command.push(ms);
      times.captured.push(JSON.parse(stdout).durationMs);
      times.help.push((await run('--help')).ms);
    }
    const [base, captured, command, help] = [times.alone, times.captured, times.command, times.help].map((values) =>
      quantile(values, 0.5),
    );
    const of = 'without capture';
    return [
      { what: 'page load without capture', value: base, unit: 'ms' },
      { what: 'page load while all is captured', value: captured, unit: 'ms', ratio: captured / base, of },
      { what: 'the whole command', value: command, unit: 'ms', ratio: command / base, of },
      { what: '`netarium --help`', value: help, unit: 'ms', ratio: help / base, of },
    ];
  } finally {
    await lab.down();
  }
}
