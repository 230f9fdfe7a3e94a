import { createWriteStream, type WriteStream } from 'node:fs';
import type { LogFiles, Logger } from '../apps/machine.js';

/** Text that waits for a slow disk; what comes on top is lost and counted. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

interface LogFile {
  readonly stream: WriteStream;
  lost: number;
}

/** Log files of programs, opened when the first line comes. */
export class DiskLogs implements LogFiles {
  private readonly log: Logger;
  private readonly files = new Map<string, LogFile>();

  constructor(log: Logger) {
    this.log = log;
  }

  append(path: string, text: string): void {
    const file = this.files.get(path) ?? this.open(path);
    if (file.stream.writableLength > MAX_WAITING_BYTES) {
      file.lost += 1;
      return;
    }
    if (file.lost > 0) this.log.warn({ path, lost: file.lost }, 'lines of a log are lost: the disk is too slow');
    file.lost = 0;
    file.stream.write(text);
  }

  private open(path: string): LogFile {
    const file = { stream: createWriteStream(path, { flags: 'a', mode: 0o600 }), lost: 0 };
    file.stream.on('error', (error) => this.log.error({ err: error, path }, `cannot write ${path}: ${error.message}`));
    this.files.set(path, file);
    return file;
  }
}
