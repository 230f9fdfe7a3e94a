/** The rules of a site for caches, headers, cookies and errors, from what the file says to what the web server is told. */
import type { CacheRuleConfig, CookieConfig, SiteConfig } from '../../devices/control.js';
import type { Draft } from './draft.js';
import type { CookieFile, SiteFile } from './schema-sites.js';
import type { Path } from './source.js';
import { parseDuration, parseSize } from './units.js';

/** RFC 9110 section 5.6.2; RFC 6265 section 4.1.1 wants the same of a cookie's name. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 9110 section 5.5: visible characters, spaces between them. */
const FIELD_VALUE = /^[\x21-\x7e\x80-\xff]([\x20-\x7e\x80-\xff\t]*[\x21-\x7e\x80-\xff])?$/;
/** RFC 9111 section 5.2: directives with or without an argument. */
const CACHE_CONTROL = /^[a-z][a-z-]*(=(\d+|"[^"]*"))?(, *[a-z][a-z-]*(=(\d+|"[^"]*"))?)*$/i;
/** RFC 6265 section 4.1.1: cookie-octets. */
const COOKIE_TEXT = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;
const COOKIE_PATH = /^\/[\x20-\x3a\x3c-\x7e]*$/;
/** Those that the server makes itself, and those that frame a message (RFC 9112 section 6, RFC 9113 section 8.2.2). */
const OWN_HEADERS =
  /^(accept-ranges|connection|content-encoding|content-length|content-range|date|etag|keep-alive|last-modified|proxy-connection|set-cookie|te|trailer|transfer-encoding|upgrade)$/i;
/** What seconds can be in Max-Age, Expires and Strict-Transport-Security. */
const MAX_SECONDS = 0x7fffffff;

type LongSite = Exclude<SiteFile, string>;
type Complain = (path: Path, message: string) => void;

export function siteRules(draft: Draft, site: LongSite, path: Path): Partial<SiteConfig> {
  const complain: Complain = (at, message) => draft.problems.add('site', [...path, ...at], message);
  const { cache, headers, cookies, errors, hsts, maxBody } = site;
  return {
    ...(hsts !== undefined && { hstsSeconds: secondsOf(hsts) }),
    ...(cache && { cache: cacheRules(cache, complain) }),
    ...(headers && { headers: headerRules(headers, complain) }),
    ...(cookies && { cookies: Object.entries(cookies).map(([name, file]) => cookieRule(name, file, complain)) }),
    ...(errors && { errorPages: errorPages(errors, complain) }),
    ...(maxBody !== undefined && { maxBodyBytes: parseSize(maxBody)! }),
  };
}

function secondsOf(duration: string): number {
  return Math.min(MAX_SECONDS, Math.floor(parseDuration(duration)! / 1000));
}

function cacheRules(rules: NonNullable<LongSite['cache']>, complain: Complain): CacheRuleConfig[] {
  return Object.entries(rules).map(([match, value]) => {
    if (parseDuration(value) !== undefined) {
      const seconds = secondsOf(value);
      return { match, control: `max-age=${seconds}`, expiresSeconds: seconds };
    }
    if (!CACHE_CONTROL.test(value)) {
      complain(
        ['cache', match],
        `"${value}" is neither a duration nor a Cache-Control: write 1d, no-cache or no-store`,
      );
    }
    return { match, control: value };
  });
}

function headerRules(rules: NonNullable<LongSite['headers']>, complain: Complain): SiteConfig['headers'] {
  return Object.entries(rules).map(([match, set]) => {
    for (const [name, value] of Object.entries(set)) {
      if (!TOKEN.test(name)) complain(['headers', match, name], `"${name}" is not the name of a header`);
      else if (OWN_HEADERS.test(name)) complain(['headers', match, name], `the web server sets ${name} by itself`);
      else if (!FIELD_VALUE.test(value)) complain(['headers', match, name], `"${value}" cannot stand in a header`);
    }
    return { match, set };
  });
}

function cookieRule(name: string, file: CookieFile, complain: Complain): CookieConfig {
  if (!TOKEN.test(name)) complain(['cookies', name], `"${name}" is not the name of a cookie`);
  if (typeof file === 'string') return { name, value: file };
  const { value, text, for: match, path, maxAge, httpOnly, secure, sameSite } = file;
  if ((value === undefined) === (text === undefined)) {
    complain(['cookies', name], 'a cookie needs a "value:" (session or visits) or a "text:", and not both');
  }
  if (text !== undefined && !COOKIE_TEXT.test(text)) {
    complain(['cookies', name, 'text'], `"${text}" cannot stand in a cookie: no spaces, quotes, commas, semicolons`);
  }
  if (path !== undefined && !COOKIE_PATH.test(path)) {
    complain(['cookies', name, 'path'], `"${path}" is not a path: write /shop`);
  }
  if (sameSite === 'None' && secure !== true) {
    complain(['cookies', name, 'sameSite'], 'browsers refuse SameSite=None without "secure: true"');
  }
  return {
    name,
    ...(value !== undefined && { value }),
    ...(text !== undefined && { text }),
    ...(match !== undefined && { match }),
    ...(path !== undefined && { path }),
    ...(maxAge !== undefined && { maxAgeSeconds: secondsOf(maxAge) }),
    ...(httpOnly !== undefined && { httpOnly }),
    ...(secure !== undefined && { secure }),
    ...(sameSite !== undefined && { sameSite }),
  };
}

function errorPages(pages: NonNullable<LongSite['errors']>, complain: Complain): Record<string, string> {
  for (const [status, page] of Object.entries(pages)) {
    if (!/^[45]\d\d$/.test(status))
      complain(['errors', status], `"${status}" is not the status of an error: 400 to 599`);
    if (!page.startsWith('/')) complain(['errors', status], `"${page}" is not a path in the site: write /${page}`);
  }
  return pages;
}
