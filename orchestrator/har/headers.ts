/** What HAR takes apart of header lines: cookies, the query, how long a head is. */
import type { Cookie as HarCookie, Header, QueryString } from 'har-format';
import { Cookie } from 'tough-cookie';
import type { HeaderPairs } from '../../devices/control.js';

export function headerValue(headers: HeaderPairs, name: string): string | undefined {
  return headers.find(([each]) => each.toLowerCase() === name)?.[1];
}

export function harHeaders(headers: HeaderPairs): Header[] {
  return headers.map(([name, value]) => ({ name, value }));
}

/** Of `Cookie` lines: names and values alone. HTTP/2 may send one a line (RFC 9113 section 8.2.3). */
export function sentCookies(headers: HeaderPairs): HarCookie[] {
  return headers
    .filter(([name]) => name.toLowerCase() === 'cookie')
    .flatMap(([, value]) => value.split(';'))
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      return equals < 0 ? { name: '', value: pair } : { name: pair.slice(0, equals), value: pair.slice(equals + 1) };
    });
}

/** Of `Set-Cookie` lines (RFC 6265 section 5.2); those that cannot be read set nothing. `at`: when they came, for Max-Age. */
export function setCookies(headers: HeaderPairs, at: Date): HarCookie[] {
  return headers
    .filter(([name]) => name.toLowerCase() === 'set-cookie')
    .flatMap(([, line]) => {
      const cookie = Cookie.parse(line, { loose: true });
      if (cookie === undefined) return [];
      const expiry = cookie.expiryTime(at);
      const expires = expiry === undefined || !Number.isFinite(expiry) ? undefined : isoDate(expiry);
      return [
        {
          name: cookie.key,
          value: cookie.value,
          ...(cookie.path && { path: cookie.path }),
          ...(cookie.domain && { domain: cookie.domain }),
          ...(expires !== undefined && { expires }),
          httpOnly: cookie.httpOnly,
          secure: cookie.secure,
          ...(cookie.sameSite && { sameSite: cookie.sameSite }),
        },
      ];
    });
}

/** Undefined for what no Date can hold. */
export function isoDate(epochMs: number): string | undefined {
  const date = new Date(epochMs);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** Decoded; of several of one name each. */
export function queryOf(url: string): QueryString[] {
  return URL.canParse(url) ? [...new URL(url).searchParams].map(([name, value]) => ({ name, value })) : [];
}

/** Bytes of an HTTP/1 head with its first line and the empty one at its end. */
export function headLength(firstLine: string, headers: HeaderPairs): number {
  const lines = [firstLine, ...headers.map(([name, value]) => `${name}: ${value}`), '', ''];
  return Buffer.byteLength(lines.join('\r\n'), 'latin1');
}
