/**
 * What is attached to a device, in a file beside its socket: so that a device that is started again has the same cables as
 * before, as a machine has that is switched off and on. What is detached is not in it.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { AttachRequest } from '../control.js';

export class AttachedFile {
  private readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Empty when there is no such file. Throws an Error when there is one that is none of ours. */
  read(): AttachRequest[] {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list)) throw new Error(`${this.path}: expected a list of what is attached`);
    return list;
  }

  /** In one step: a device that is killed meanwhile leaves the old list or the new one. */
  write(attached: readonly AttachRequest[]): void {
    if (attached.length === 0) {
      rmSync(this.path, { force: true });
      return;
    }
    writeFileSync(`${this.path}.new`, JSON.stringify(attached, null, 2), { mode: 0o600 });
    renameSync(`${this.path}.new`, this.path);
  }
}
