/** Names of the cookies in a head. Their values are for the two ends alone. */

import { headValues } from './head.js';

/** Of the `Cookie` lines of a request; HTTP/2 may send one a line (RFC 9113 section 8.2.3). */
export function cookiesSent(head: string): string[] {
  return headValues(head, 'cookie')
    .flatMap((value) => value.split(';').map(nameOf))
    .filter((name) => name !== '');
}

/** Of the `Set-Cookie` lines of a response. */
export function cookiesSet(head: string): string[] {
  return headValues(head, 'set-cookie')
    .map((value) => nameOf(value.split(';')[0]))
    .filter((name) => name !== '');
}

function nameOf(pair: string): string {
  return pair.split('=')[0].trim();
}
