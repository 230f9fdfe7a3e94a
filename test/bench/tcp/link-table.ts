/** Our TCP beside Linux's over the impaired links of cells.ts, in real time: the same frames are lost for both. */
import { quantile } from '../measure.js';
import { CEILINGS, type Cell, type Measured } from './cells.js';
import { type TransferOptions, transferOfKernel, transferOfOurs } from './transfers.js';

export interface LinkOptions {
  readonly seconds: number;
  readonly seeds: number;
  /** Transfers at the same time. */
  readonly lanes: number;
  readonly cells: readonly Cell[];
  /** Without it only ours is measured. */
  readonly kernel: boolean;
  readonly onProgress: (line: string) => void;
}

type Kind = 'ours reno' | 'Linux reno' | 'ours cubic' | 'Linux cubic' | 'Linux bbr';

const MEASURES: Readonly<Record<Kind, (options: TransferOptions) => Promise<Measured>>> = {
  'ours reno': (options) => transferOfOurs(options, 'reno'),
  'Linux reno': (options) => transferOfKernel(options, 'reno'),
  'ours cubic': (options) => transferOfOurs(options, 'cubic'),
  'Linux cubic': (options) => transferOfKernel(options, 'cubic'),
  'Linux bbr': (options) => transferOfKernel(options, 'bbr'),
};
const KINDS = Object.keys(MEASURES) as Kind[];

class Results {
  private readonly all = new Map<string, Measured[]>();

  add(cell: Cell, kind: Kind, measured: Measured): void {
    const key = `${cell.name} ${kind}`;
    this.all.set(key, [...this.of(cell, kind), measured]);
  }

  /** Median over the seeds. */
  rate(cell: Cell, kind: Kind): number {
    return median(this.of(cell, kind).map(({ rate }) => rate));
  }

  /** The same of several kinds. */
  rttMs(cell: Cell, ...kinds: readonly Kind[]): number {
    return median(kinds.flatMap((kind) => this.of(cell, kind)).map(({ rttMs }) => rttMs));
  }

  private of(cell: Cell, kind: Kind): Measured[] {
    return this.all.get(`${cell.name} ${kind}`) ?? [];
  }
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export async function linkTable(options: LinkOptions): Promise<string[]> {
  const { seconds, seeds, cells, onProgress } = options;
  const kinds = KINDS.filter((kind) => options.kernel || kind.startsWith('ours'));
  const results = new Results();
  const measure = async (cell: Cell, kind: Kind, seed: number) => {
    try {
      const measured = await MEASURES[kind]({ cell, seed, seconds });
      results.add(cell, kind, measured);
      const rtt = measured.rttMs.toFixed(1);
      onProgress(`${cell.name}, seed ${seed}: ${kind} ${mbps(measured.rate)} Mbit/s, round trip ${rtt} ms`);
    } catch (error) {
      onProgress(`${cell.name}, seed ${seed}: ${kind} not measured: ${(error as Error).message}`);
    }
  };
  const cubics = kinds.filter((kind) => kind.endsWith('cubic'));
  // What the machine carries is measured while it does nothing else.
  for (const cell of CEILINGS) for (const kind of cubics) await measure(cell, kind, 1);
  // BBR fills the link whatever is lost, and with it the machine: it must not run beside what is compared.
  const compared = kinds.filter((kind) => kind !== 'Linux bbr');
  const others = kinds.filter((kind) => kind === 'Linux bbr');
  const queue = [compared, others].flatMap((some) =>
    range(seeds).flatMap((seed) => cells.flatMap((cell) => some.map((kind) => ({ cell, kind, seed })))),
  );
  const lane = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      await measure(next.cell, next.kind, next.seed);
    }
  };
  await Promise.all(range(options.lanes).map(lane));
  return [
    `Goodput of one connection in Mbit/s over ${seconds} s from the handshake on; medians of ${seeds} seeds.`,
    ...table(cells, results),
    '',
    'The same without losses other than by the queue:',
    ...CEILINGS.map((cell) => ceiling(cell, cubics, results)),
  ];
}

const LABEL = 36;

function table(cells: readonly Cell[], results: Results): string[] {
  const titles = ['ours', 'Linux', 'ratio', 'ours', 'Linux', 'ratio', 'Linux', 'ours', 'Linux'];
  const groups = `${'reno'.padStart(27)}${'cubic'.padStart(27)}${'bbr'.padStart(9)}${'round trip, ms'.padStart(18)}`;
  const head = `${'loss, round trip, rate'.padEnd(LABEL)}${titles.map((title) => title.padStart(9)).join('')}`;
  const lines = cells.map((cell) => {
    const [ours, linux, oursCubic, linuxCubic, bbr] = KINDS.map((kind) => results.rate(cell, kind));
    const numbers = [mbps(ours), mbps(linux), ratio(ours / linux), mbps(oursCubic), mbps(linuxCubic)];
    const rtts = [results.rttMs(cell, 'ours reno', 'ours cubic'), results.rttMs(cell, 'Linux reno', 'Linux cubic')];
    const all = [...numbers, ratio(oursCubic / linuxCubic), mbps(bbr), ...rtts.map(tenths)];
    return cell.name.padEnd(LABEL) + all.map((text) => text.padStart(9)).join('');
  });
  return [''.padEnd(LABEL) + groups, head, ...lines];
}

function ceiling(cell: Cell, kinds: readonly Kind[], results: Results): string {
  const rates = kinds.map((kind) => `${kind} ${mbps(results.rate(cell, kind))}`);
  return `  ${cell.rttMs} ms, ${cell.mbps} Mbit/s: ${rates.join(', ')}`;
}

function mbps(bitsPerSecond: number): string {
  return Number.isNaN(bitsPerSecond) ? '-' : (bitsPerSecond / 1e6).toFixed(2);
}

function tenths(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(1);
}

function ratio(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(2);
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
