/** Files with what is nobody else's business: frames, cookies, keys of TLS. */
import { type FileHandle, open } from 'node:fs/promises';

/**
 * Opens for writing; what was there is replaced, and its owner alone may read it from now on. A named pipe opens when
 * somebody reads. Rejects with the system's error.
 */
export async function openPrivateFile(path: string): Promise<FileHandle> {
  const file = await open(path, 'w', 0o600);
  try {
    // The mode above is that of new files.
    if ((await file.stat()).isFile()) await file.chmod(0o600);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The same for what is written in one go. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const file = await openPrivateFile(path);
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}
