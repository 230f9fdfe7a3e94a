import { readFile, realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import type { FileStore } from '../apps/machine.js';

/** What a server may not know the reason of: for it, such a file is not there. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EACCES', 'ELOOP', 'ERR_INVALID_ARG_VALUE']);

/** The file system as programs on devices see it: whole files by absolute path; folders do not exist as files. */
export const diskFiles: FileStore = {
  async read(path, root) {
    try {
      const real = await realpath(path);
      if (root !== undefined && !real.startsWith((await realpath(root)) + sep)) return undefined;
      const info = await stat(real);
      if (!info.isFile()) return undefined;
      return { bytes: await readFile(real), modifiedMs: info.mtimeMs };
    } catch (error) {
      if (ABSENT.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
      throw error;
    }
  },
};
