import { readFileSync } from 'node:fs';

/** Proportional set size in bytes, where the system tells it (Linux); shared pages count by their share. */
export function readPss(pid: number): number | undefined {
  try {
    const match = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
    return match === null ? undefined : Number(match[1]) * 1024;
  } catch {
    return undefined;
  }
}
