/** One bulk transfer over a lab of its own, so that every one meets the same losses: bits a second at the receiver. */

import type { SocketRow } from '../../../devices/control.js';
import type { CongestionControlName } from '../../../devices/stack/tcp/congestion/congestion-control.js';
import { meanOf } from '../../support/statistics.js';
import { BenchLab } from '../bench-lab.js';
import { sleep } from '../measure.js';
import { type Cell, type Measured, topologyOf } from './cells.js';
import { type KernelCongestionControl, KernelPair } from './kernel-pair.js';

export interface TransferOptions {
  readonly cell: Cell;
  readonly seed: number;
  readonly seconds: number;
}

/** Beyond what is measured: the sender must not pause before its time. */
const SPARE_SECONDS = 5;
const LOOK_MS = 5;
const SAMPLE_MS = 250;
/** How long the connections of a test may take to come about. */
const PATIENCE_MS = 30_000;

/** Between two hosts of ours. Counted from outside, as iperf itself would also count how long the end takes to arrive. */
export async function transferOfOurs(options: TransferOptions, congestion: CongestionControlName): Promise<Measured> {
  const { cell, seed, seconds } = options;
  const lab = await BenchLab.up(topologyOf(cell, seed));
  try {
    const words = ['iperf', '-c', '10.0.0.2', '-t', String(seconds + SPARE_SECONDS), '-C', congestion];
    // It ends with the lab.
    let failure: Error | undefined;
    lab.exec('a', ...words).catch((error: Error) => {
      failure = error;
    });
    const connections = async (device: string) => {
      if (failure !== undefined) throw failure;
      const sockets = await lab.call<SocketRow[]>(device, 'inspect', { table: 'sockets' });
      return sockets.filter(({ state }) => state === 'ESTABLISHED');
    };
    // One for the arrangements, one for the data.
    const limit = performance.now() + PATIENCE_MS;
    while ((await connections('b')).length < 2) {
      if (performance.now() > limit) throw new Error('iperf has not begun');
      await sleep(LOOK_MS);
    }
    const startedAt = performance.now();
    const samples: number[] = [];
    for (let elapsed = 0; elapsed < seconds * 1000; elapsed = performance.now() - startedAt) {
      await sleep(Math.min(SAMPLE_MS, seconds * 1000 - elapsed));
      const rows = await connections('a');
      const row = rows.find(({ bytesSent }) => bytesSent === Math.max(...rows.map((other) => other.bytesSent)));
      if (row !== undefined) samples.push(row.rttMs);
    }
    const received = (await connections('b')).reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
    return { rate: (received * 8000) / (performance.now() - startedAt), rttMs: meanOf(samples) };
  } finally {
    await lab.down();
  }
}

/** Between two of Linux, over the same switches. */
export async function transferOfKernel(
  options: TransferOptions,
  congestion: KernelCongestionControl,
): Promise<Measured> {
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
