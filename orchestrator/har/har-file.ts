import { writeFile } from 'node:fs/promises';
import type { Har } from 'har-format';

/** An existing file is replaced. Its owner alone may read it: it has cookies. Rejects with the system's error. */
export async function writeHarFile(path: string, har: Har): Promise<void> {
  await writeFile(path, `${JSON.stringify(har, null, 2)}\n`, { mode: 0o600 });
}
