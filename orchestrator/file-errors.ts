/** What the operating system says of a file, in words for people instead of codes. */
import { CliError, type ExitStatus } from './errors.js';

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  EEXIST: 'there is something else by that name',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its links go in a circle',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
};

/** `cannot write x/page.har: no such folder`. Who asks for a file to be written makes it: what is missing is its folder. */
export function cannotWrite(path: string, error: unknown, status: ExitStatus = 1): CliError {
  return new CliError(status, `cannot write ${path}: ${reason(error, 'no such folder')}`);
}

/** `cannot read list.csv: no such file`; as a mistake in the command line, of status 2. */
export function cannotRead(path: string, error: unknown): CliError {
  return new CliError(2, `cannot read ${path}: ${reason(error, 'no such file')}`);
}

function reason(error: unknown, whenMissing: string): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? whenMissing : (WORDS[code] ?? message);
}
