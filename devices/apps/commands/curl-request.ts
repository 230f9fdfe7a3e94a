/** What `curl` asks for, and the header fields that it asks with. */
import type { HeaderList } from '../web/client/message.js';

const USER_AGENT = 'curl/8.5.0';

export interface CurlRequest {
  readonly url: URL;
  readonly method: string;
  /** Replacing curl's own ones; an empty value leaves one out. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly data: string | undefined;
}

/** Credentials are for the server that they were given for. */
export function isForAnyServer([name]: readonly [name: string, value: string]): boolean {
  return !/^(host|authorization|cookie)$/i.test(name);
}

/** In curl's order; the caller's own replace those of the same name. */
export function headersOf({ url, data, headers }: CurlRequest, compressed: boolean): HeaderList {
  const list = new Map<string, readonly [string, string]>();
  const set = (name: string, value: string) => list.set(name.toLowerCase(), [name, value]);
  set('Host', url.host);
  set('User-Agent', USER_AGENT);
  set('Accept', '*/*');
  if (compressed) set('Accept-Encoding', 'deflate, gzip, br');
  if (data !== undefined) {
    set('Content-Length', String(Buffer.byteLength(data)));
    set('Content-Type', 'application/x-www-form-urlencoded');
  }
  for (const [name, value] of headers) {
    if (value === '') list.delete(name.toLowerCase());
    else set(name, value);
  }
  return [...list.values()];
}
