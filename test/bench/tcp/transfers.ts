/** One bulk transfer over a lab of its own, so that every one meets the same losses: bits a second at the receiver. */
import type { CongestionControlName } from '../../../devices/stack/tcp/congestion/congestion-control.js';
import { BenchLab } from '../bench-lab.js';
import { type Cell, topologyOf } from './cells.js';
import { type KernelCongestionControl, KernelPair } from './kernel-pair.js';

export interface TransferOptions {
  readonly cell: Cell;
  readonly seed: number;
  readonly seconds: number;
}

interface IperfReport {
  readonly end?: { readonly sum_received?: { readonly bits_per_second: number } };
  readonly error?: string;
}

/** Between two hosts of ours. */
export async function transferOfOurs(options: TransferOptions, congestion: CongestionControlName): Promise<number> {
  const { cell, seed, seconds } = options;
  const lab = await BenchLab.up(topologyOf(cell, seed));
  try {
    const words = ['iperf', '-c', '10.0.0.2', '-t', String(seconds), '-C', congestion, '--json'];
    const report = JSON.parse(await lab.exec('a', ...words)) as IperfReport;
    const rate = report.end?.sum_received?.bits_per_second;
    if (rate === undefined) throw new Error(report.error ?? 'iperf has nothing to report');
    return rate;
  } finally {
    await lab.down();
  }
}

/** Between two of Linux, over the same switches. */
export async function transferOfKernel(options: TransferOptions, congestion: KernelCongestionControl): Promise<number> {
  const { cell, seed, seconds } = options;
  const pair = await KernelPair.create(congestion, seconds);
  try {
    const lab = await BenchLab.up(topologyOf(cell, seed, pair.outsides));
    try {
      return await pair.transfer();
    } finally {
      await lab.down();
    }
  } finally {
    pair.close();
  }
}
