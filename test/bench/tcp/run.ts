/**
 * `make bench-tcp`: our TCP beside Linux's over impaired links of ours, and beside smoltcp's in small windows. It asserts
 * nothing. The second part is virtual time and exact; the first is real time and takes about a quarter of an hour.
 *
 *     node build/js/test/bench/tcp/run.js [--seconds N] [--seeds N] [--lanes N] [--cells TEXT]… [links|windows]…
 */
import { parseArgs } from 'node:util';
import { BenchLab } from '../bench-lab.js';
import { CELLS } from './cells.js';
import { KernelPair } from './kernel-pair.js';
import { linkTable } from './link-table.js';
import { enterPrivateNetwork, lackForKernel } from './private-network.js';
import { smallWindowTable } from './small-window-table.js';

const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;
const SECTIONS = ['links', 'windows'];

function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '10' },
      seeds: { type: 'string', default: '3' },
      lanes: { type: 'string', default: '2' },
      cells: { type: 'string', multiple: true, default: [] },
    },
  });
  const unknown = positionals.find((name) => !SECTIONS.includes(name));
  if (unknown !== undefined) throw new Error(`no section ${unknown}: ${SECTIONS.join(', ')}`);
  const [seconds, seeds, lanes] = [values.seconds, values.seeds, values.lanes].map(positive);
  const cells = CELLS.filter(({ name }) => values.cells.every((text) => name.includes(text)));
  if (cells.length === 0) throw new Error(`no cell has all of ${values.cells.join(', ')} in its name`);
  const wanted = (section: string) => positionals.length === 0 || positionals.includes(section);
  if (wanted('links')) {
    const lack = lackForKernel();
    if (lack === undefined) await enterPrivateNetwork();
    else print(`Linux's TCP is not measured: ${lack}.`);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void interrupted());
    const onProgress = (line: string) => process.stderr.write(`${line}\n`);
    const lines = await linkTable({ seconds, seeds, lanes, cells, kernel: lack === undefined, onProgress });
    for (const line of lines) print(line);
  }
  if (wanted('windows')) {
    for (const congestion of ['cubic', 'none'] as const) {
      print();
      print(
        `Small buffers at 100 ms, bytes a second and the same as a multiple of smoltcp's; congestion: ${congestion}`,
      );
      for (const line of smallWindowTable(congestion)) print(line);
    }
  }
}

function positive(text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value > 0)) throw new Error(`${text}: write a whole number above 0`);
  return value;
}

async function interrupted(): Promise<void> {
  KernelPair.closeAll();
  await BenchLab.downAll();
  process.exit(EXIT_INTERRUPTED);
}

main().then(
  () => process.exit(0),
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_USAGE);
  },
);
