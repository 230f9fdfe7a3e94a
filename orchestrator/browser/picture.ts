/** The picture that a browser makes of a page: where it goes, and whether it is one of the page at all. */
import { accessSync, constants, copyFileSync, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { CliError } from '../errors.js';
import { cannotWrite } from '../file-errors.js';
import { plainReason } from '../network-words.js';
import type { Dial } from '../proxy/relay.js';

/** Whether a server was reached, as its dialer tells: browsers make a picture of their error pages, too. */
export class Reached {
  private readonly end: string;
  private wasReached = false;
  private failure: Error | undefined;

  /** @param url of the page */
  constructor(url: string) {
    this.end = endOf(url);
  }

  watch(dial: Dial): Dial {
    return async (host, port, signal) => {
      const isMine = `${host.toLowerCase()}:${port}` === this.end;
      try {
        const stream = await dial(host, port, signal);
        this.wasReached ||= isMine;
        return stream;
      } catch (error) {
        if (isMine) this.failure = error as Error;
        throw error;
      }
    };
  }

  /** Why it was never reached; undefined when it was, or nobody wanted to. */
  get problem(): string | undefined {
    return this.wasReached || this.failure === undefined ? undefined : plainReason(this.failure.message);
  }
}

function endOf(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
}

/** Before a browser is started for it. Throws a CliError. */
export function checkWritable(path: string): void {
  try {
    if (existsSync(path) && statSync(path).isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    accessSync(existsSync(path) ? path : dirname(path), constants.W_OK);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/** What the browser has made goes where the user wants it. Throws a CliError when it is none of the page. */
export function keepPicture(made: string, path: string, url: string, { problem }: Reached): void {
  if (problem !== undefined) throw new CliError(1, `no picture of ${url}: ${problem}`);
  if (!existsSync(made)) throw new CliError(1, `no picture of ${url}: the browser has made none`);
  try {
    copyFileSync(made, path);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}
