import type { FileStore, StoredFile } from '../../devices/apps/machine.js';

const encoder = new TextEncoder();

/** The files of a test's machines: `files.put('/srv/www/index.html', '<h1>…')`. */
export class MemoryFiles implements FileStore {
  private readonly files = new Map<string, StoredFile>();

  /** `modifiedMs` since 1970; default 2026-01-01. */
  put(path: string, content: string | Uint8Array, modifiedMs = Date.UTC(2026, 0, 1)): void {
    this.files.set(path, { bytes: typeof content === 'string' ? encoder.encode(content) : content, modifiedMs });
  }

  async read(path: string, root?: string): Promise<StoredFile | undefined> {
    if (root !== undefined && !path.startsWith(`${root}/`)) return undefined;
    return this.files.get(path);
  }
}
