/** Files that people write, topologies and scenarios: their text, and the name that they give to what is in them. */
import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { FileError } from './errors.js';
import { LONGEST_NAME, NAME_PATTERN } from './schema-fields.js';

/** A file that is larger than this is neither a topology nor a scenario. */
const LARGEST_FILE = 8 * 1024 * 1024;

/** Throws an `ErrorClass`. `what` the file should be, for messages. */
export function readFileText(file: string, what: string, ErrorClass = FileError): string {
  const fail = (message: string) => new ErrorClass(file, [{ code: 'file', message }]);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw fail('there is no such file');
    if (code === 'EISDIR') throw fail(`this is a folder, not a ${what} file`);
    throw fail(`the file cannot be read (${code ?? String(error)})`);
  }
  if (bytes.length > LARGEST_FILE) throw fail(`the file is too large for a ${what}`);
  return new TextDecoder().decode(bytes);
}

/** `mini-internet` of `topologies/mini-internet.yaml`; characters that a name cannot have become hyphens. */
export function nameOf(file: string): string {
  const name = basename(file, extname(file))
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, LONGEST_NAME)
    .replace(/^-+|-+$/g, '');
  return NAME_PATTERN.test(name) ? name : 'lab';
}
