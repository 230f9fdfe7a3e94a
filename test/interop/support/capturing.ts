/** A capture of a lab that runs beside what a test does. NETARIUM_KEEP=FOLDER keeps a copy of the files. */
import { copyFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Netarium } from '../../e2e/netarium.js';
import { waitFor } from '../../e2e/netarium.js';

export interface CaptureSummary {
  readonly frames: number;
  readonly missed: number;
}

export interface Capturing {
  /** Ends it in order. */
  stop(): Promise<CaptureSummary>;
}

/** `ends` as in `netarium capture`; all of the lab when there are none. Resolves when frames are being written. */
export async function capturing(world: Netarium, file: string, ...ends: string[]): Promise<Capturing> {
  const running = world.start('capture', ...ends, '-w', file, '--json');
  let told = '';
  running.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    told += chunk;
  });
  await waitFor('the capture to begin', () => told.includes('capturing '));
  return {
    async stop() {
      running.kill('SIGINT');
      const { stdout, exitCode } = await running;
      if (exitCode !== 0) throw new Error(`capture: status ${exitCode}\n${told}`);
      const { NETARIUM_KEEP } = process.env;
      if (NETARIUM_KEEP) copyFileSync(file, join(NETARIUM_KEEP, basename(file)));
      return JSON.parse(String(stdout)) as CaptureSummary;
    },
  };
}
