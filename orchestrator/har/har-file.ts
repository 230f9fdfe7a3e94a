import type { Har } from 'har-format';
import { writePrivateFile } from '../capture/private-file.js';

/** An existing file is replaced. Its owner alone may read it: it has cookies. Rejects with the system's error. */
export async function writeHarFile(path: string, har: Har): Promise<void> {
  await writePrivateFile(path, `${JSON.stringify(har, null, 2)}\n`);
}
