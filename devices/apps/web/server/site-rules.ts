/** What a site's rules add to an answer with a file: Cache-Control, Expires, other headers, cookies. */
import type { CookieConfig, SiteConfig } from '../../../control/config.js';
import type { Random } from '../../../stack/random.js';
import { httpDate } from './dates.js';

const DEFAULT_COOKIE_MATCH = '*.html';
/** Of 32 random bits each. */
const SESSION_WORDS = 4;
const MAX_VISITS = 999_999_999;

/** Name and value pairs; Set-Cookie may be there more than once. */
export type HeaderPair = readonly [name: string, value: string];

/** See {@link SiteConfig}: `*` is any text, and a pattern without a leading "/" is that of the path's end. */
export function matches(pattern: string, path: string): boolean {
  if (pattern.startsWith('/') || pattern.startsWith('*')) return isLike(pattern, path);
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    if (isLike(pattern, path.slice(at + 1))) return true;
  }
  return false;
}

/** In one go, whatever the pattern: the texts between the stars, each at its first place behind the one before. */
function isLike(pattern: string, text: string): boolean {
  const [first, ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

/** `path` is that of the file in its site: "/books/index.html". */
export function headersFor(site: SiteConfig, path: string, now: number): HeaderPair[] {
  const pairs: HeaderPair[] = [];
  const cache = site.cache?.find(({ match }) => matches(match, path));
  if (cache !== undefined) pairs.push(['Cache-Control', cache.control]);
  if (cache?.expiresSeconds !== undefined) pairs.push(['Expires', httpDate(now + cache.expiresSeconds * 1000)]);
  for (const { match, set } of site.headers ?? []) if (matches(match, path)) pairs.push(...Object.entries(set));
  return pairs;
}

/** The values of Set-Cookie (RFC 6265 section 4.1). `header` is the request's Cookie. */
export function cookiesFor(site: SiteConfig, path: string, header: string | undefined, random: Random): string[] {
  const rules = (site.cookies ?? []).filter(({ match }) => matches(match ?? DEFAULT_COOKIE_MATCH, path));
  if (rules.length === 0) return [];
  const sent = sentCookies(header ?? '');
  return rules.flatMap((rule) => {
    const value = newValue(rule, sent.get(rule.name), random);
    return value === undefined ? [] : [setCookie(rule, value)];
  });
}

/** Section 5.4: what the browser says that it has; the first one of a name is the most specific. */
function sentCookies(header: string): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, Math.max(at, 0)).trim();
    if (name !== '' && !cookies.has(name)) cookies.set(name, pair.slice(at + 1).trim());
  }
  return cookies;
}

/** Undefined: the browser keeps what it has. */
function newValue({ value, text = '' }: CookieConfig, sent: string | undefined, random: Random): string | undefined {
  if (value === 'visits') {
    const before = sent !== undefined && /^\d{1,9}$/.test(sent) ? Number(sent) : 0;
    return String(Math.min(before + 1, MAX_VISITS));
  }
  if (value === 'session') return sent ? undefined : randomToken(random);
  return sent === text ? undefined : text;
}

/** 32 hexadecimal digits, from the lab's seed. */
export function randomToken(random: Random): string {
  const words = Array.from({ length: SESSION_WORDS }, () => random.below(0x1_0000_0000));
  return words.map((word) => word.toString(16).padStart(8, '0')).join('');
}

function setCookie(rule: CookieConfig, value: string): string {
  const { name, path = '/', maxAgeSeconds, httpOnly, secure, sameSite } = rule;
  const parts = [`${name}=${value}`, `Path=${path}`];
  if (maxAgeSeconds !== undefined) parts.push(`Max-Age=${maxAgeSeconds}`);
  if (httpOnly) parts.push('HttpOnly');
  if (secure) parts.push('Secure');
  if (sameSite !== undefined) parts.push(`SameSite=${sameSite}`);
  return parts.join('; ');
}
