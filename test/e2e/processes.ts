/** Who is alive on this machine, as far as a lab is concerned. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface LiveProcess {
  readonly pid: number;
  /** The command line; a device's title takes its place. */
  readonly title: string;
  /** Empty where the system does not tell it. */
  readonly environment: string;
}

/** All processes but those that have ended and wait for their parent to ask (zombies). */
export function liveProcesses(): LiveProcess[] {
  return process.platform === 'linux' ? fromProc() : fromPs();
}

function fromProc(): LiveProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        if (/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) return [];
        const title = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return [{ pid: Number(pid), title, environment: readFileSync(`/proc/${pid}/environ`, 'utf8') }];
      } catch {
        // It has just ended, or is another user's.
        return [];
      }
    });
}

function fromPs(): LiveProcess[] {
  const listing = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,stat=,command='], { encoding: 'utf8' });
  return listing.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line);
    if (match === null || match[2].startsWith('Z')) return [];
    return [{ pid: Number(match[1]), title: match[3].trim(), environment: '' }];
  });
}
