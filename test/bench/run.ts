/**
 * `make bench`: measures speed and size in one run and prints them beside what they can be compared with. It asserts
 * nothing: times differ between machines and from run to run, ratios within one run less so.
 *
 *     node build/js/test/bench/run.js [--json] [SECTION…]
 */
import { parseArgs } from 'node:util';
import { BenchLab } from './bench-lab.js';
import { measureChain } from './chain.js';
import { measureCodecs } from './codecs.js';
import { measureDelay } from './delay.js';
import { measureFetch } from './fetch-overhead.js';
import { measureForwarding } from './forwarding.js';
import { measureGoodput } from './goodput.js';
import { formatSections, type Row, type Section } from './results.js';
import { measureStartUp } from './start-up.js';
import { measureTransfers } from './transfers.js';

const LIMIT_MS = 120_000;
const EXIT_USAGE = 2;

const SECTIONS: Readonly<Record<string, readonly [title: string, measure: () => Row[] | Promise<Row[]>]>> = {
  codecs: ['Codecs: 1500 bytes', measureCodecs],
  forwarding: ['Forwarding inside one process', measureForwarding],
  transfers: ['Transfers inside one process', measureTransfers],
  'start-up': ['Start-up of a device', measureStartUp],
  chain: ['Frames through real processes', measureChain],
  goodput: ['Bulk transfer between real processes', measureGoodput],
  delay: ['Delay of a link', measureDelay],
  fetch: ['netarium fetch', measureFetch],
};

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true });
  const unknown = positionals.find((name) => SECTIONS[name] === undefined);
  if (unknown !== undefined) throw new Error(`no section ${unknown}: ${Object.keys(SECTIONS).join(', ')}`);
  const chosen = Object.entries(SECTIONS).filter(([name]) => positionals.length === 0 || positionals.includes(name));
  const startedAt = performance.now();
  const sections: Section[] = [];
  for (const [, [title, measure]] of chosen) {
    if (!values.json) process.stderr.write(`${title} …\n`);
    sections.push(await measureSection(title, measure, LIMIT_MS - (performance.now() - startedAt)));
  }
  process.stdout.write(values.json ? `${JSON.stringify(sections, null, 2)}\n` : `\n${formatSections(sections)}`);
  // A section that was given up may have left something that holds the process.
  process.exit(sections.some(({ error }) => error !== undefined) ? 1 : 0);
}

async function measureSection(
  title: string,
  measure: () => Row[] | Promise<Row[]>,
  remainingMs: number,
): Promise<Section> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the time is up')), Math.max(0, remainingMs));
  });
  try {
    if (remainingMs <= 0) throw new Error('the time is up');
    return { title, rows: await Promise.race([measure(), limit]) };
  } catch (error) {
    await BenchLab.downAll();
    return { title, rows: [], error: (error as Error).message };
  } finally {
    clearTimeout(timer);
  }
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(EXIT_USAGE);
});
