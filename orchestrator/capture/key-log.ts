/**
 * Secrets of TLS connections as lines of an NSS key log file (draft-ietf-tls-keylogfile), with which Wireshark decrypts a
 * capture. Devices tell them in `tls-secret` events.
 */
import { writePrivateFile } from './private-file.js';
import type { LabTrace } from './session.js';

/** Label, the client's random value, the secret: nothing else may come into a file by this way. */
const LINE = /^[A-Z][A-Z0-9_]* [0-9a-f]{64} [0-9a-f]{64,256}$/;

export class KeyLog {
  private readonly known = new Set<string>();

  /** False for a line that is known, since both ends of a connection tell theirs, and for what is no such line. */
  add(line: string): boolean {
    const text = line.trim();
    if (!LINE.test(text) || this.known.has(text)) return false;
    this.known.add(text);
    return true;
  }

  get lines(): readonly string[] {
    return [...this.known];
  }
}

export function keyLogOf(traces: readonly LabTrace[]): KeyLog {
  const log = new KeyLog();
  for (const { event } of traces) if (event.event === 'tls-secret') log.add(event.line);
  return log;
}

/** An existing file is replaced; its owner alone may read it. Rejects with the system's error. */
export async function writeKeyLogFile(path: string, lines: readonly string[]): Promise<void> {
  await writePrivateFile(path, lines.map((line) => `${line}\n`).join(''));
}
