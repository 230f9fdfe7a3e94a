/** Whether what a run wants to write can be written: known before a lab is launched for it. */
import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmdirSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { cannotWrite } from '../file-errors.js';

/**
 * Makes a folder and those above it that are missing. Node's own `recursive` never ends where the system says that a
 * folder does not exist which does, as below /proc.
 *
 * @returns those that were not there, the uppermost first
 */
export function makeFolders(path: string, mode = 0o700): string[] {
  const missing: string[] = [];
  for (let folder = resolve(path); !isFolder(folder); folder = dirname(folder)) missing.unshift(folder);
  for (const folder of missing) mkdirSync(folder, { mode });
  return missing;
}

/** Throws a CliError of status 2 where no folder can be made in it. Nothing is left of the attempt. */
export function mustTakeFolders(path: string): void {
  try {
    const made = makeFolders(path);
    try {
      rmdirSync(mkdtempSync(join(path, '.netarium-')));
    } finally {
      for (const folder of made.reverse()) rmdirSync(folder);
    }
  } catch (error) {
    throw cannotWrite(path, error, 2);
  }
}

/** Makes the folders of a file; throws a CliError of status 2 where the file cannot be written. One that is there stays as it is. */
export function mustTakeFile(path: string): void {
  try {
    makeFolders(dirname(resolve(path)), 0o777);
    const known = statSync(path, { throwIfNoEntry: false });
    if (known === undefined) {
      closeSync(openSync(path, 'wx'));
      unlinkSync(path);
    } else if (known.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    else accessSync(path, constants.W_OK);
  } catch (error) {
    throw cannotWrite(path, error, 2);
  }
}

/** Throws when something else is there. */
function isFolder(path: string): boolean {
  const known = statSync(path, { throwIfNoEntry: false });
  if (known === undefined) return false;
  if (!known.isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
  return true;
}
