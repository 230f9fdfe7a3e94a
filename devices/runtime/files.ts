import { createReadStream } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import type { FileStore, FoundFile } from '../apps/machine.js';

/** What a server may not know the reason of: for it, such a file is not there. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EACCES', 'ELOOP', 'ERR_INVALID_ARG_VALUE']);

/** The file system as programs on devices see it: files by absolute path; folders do not exist as files. */
export const diskFiles: Required<FileStore> = {
  read: (path, root) =>
    unlessAbsent(async () => {
      const file = await find(path, root);
      return file && { bytes: await file.whole(), modifiedMs: file.modifiedMs };
    }),
  find: (path, root) => unlessAbsent(() => find(path, root)),
};

async function find(path: string, root: string | undefined): Promise<FoundFile | undefined> {
  // On Windows what follows a colon is another stream of the file, or a drive.
  if (root !== undefined && sep === '\\' && path.slice(root.length).includes(':')) return undefined;
  const real = await realpath(path);
  if (root !== undefined && !real.startsWith((await realpath(root)) + sep)) return undefined;
  const info = await stat(real);
  if (!info.isFile()) return undefined;
  return {
    size: info.size,
    modifiedMs: info.mtimeMs,
    whole: () => readFile(real),
    part: (start, end) => createReadStream(real, { start, end }),
  };
}

async function unlessAbsent<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (ABSENT.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
