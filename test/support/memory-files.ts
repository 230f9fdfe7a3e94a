import { Readable } from 'node:stream';
import type { FileStore, FoundFile, StoredFile } from '../../devices/apps/machine.js';

const encoder = new TextEncoder();

/** The files of a test's machines: `files.put('/srv/www/index.html', '<h1>…')`. */
export class MemoryFiles implements FileStore {
  private readonly files = new Map<string, StoredFile>();

  /** `modifiedMs` since 1970; default 2026-01-01. */
  put(path: string, content: string | Uint8Array, modifiedMs = Date.UTC(2026, 0, 1)): void {
    this.files.set(path, { bytes: typeof content === 'string' ? encoder.encode(content) : content, modifiedMs });
  }

  /** Parts of it come in pieces, as from a disk. */
  async find(path: string, root?: string): Promise<FoundFile | undefined> {
    const file = await this.read(path, root);
    if (file === undefined) return undefined;
    const { bytes, modifiedMs } = file;
    return {
      size: bytes.length,
      modifiedMs,
      whole: async () => bytes,
      part: (start, end) => Readable.from(pieces(bytes, start, end)),
    };
  }

  async read(path: string, root?: string): Promise<StoredFile | undefined> {
    if (root !== undefined && !path.startsWith(`${root}/`)) return undefined;
    return this.files.get(path);
  }
}

const PIECE_BYTES = 65_536;

function* pieces(bytes: Uint8Array, start: number, end: number): Iterable<Uint8Array> {
  for (let at = start; at <= end; at += PIECE_BYTES) yield bytes.subarray(at, Math.min(at + PIECE_BYTES, end + 1));
}
