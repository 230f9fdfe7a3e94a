/** The browser's cookies (RFC 6265, with what browsers made of it in RFC 6265bis), by tough-cookie on the machine's clock. */
import type { Cookie, CookieJar } from 'tough-cookie';
import type { CookieRow } from '../../../control/tables.js';
import type { Libraries } from './libraries.js';

/** Chromium's limits: of a domain, of all, and of a cookie's name and value, bytes. */
export const MAX_DOMAIN_COOKIES = 180;
export const MAX_COOKIES = 3000;
export const MAX_COOKIE_BYTES = 4096;
/** RFC 6265bis section 5.5: no cookie lives longer than 400 days. */
const MAX_AGE_MS = 400 * 24 * 3600 * 1000;

/**
 * Whose request it is (RFC 6265bis section 5.2): `strict` for one of the same site, or of a person; `lax` for going to
 * another site's page by a safe method; `none` for everything else across sites.
 */
export type SameSiteContext = 'strict' | 'lax' | 'none';

export class Cookies {
  private readonly library: Libraries['cookies'];
  private readonly jar: CookieJar;
  private readonly wallClock: () => number;

  constructor(library: Libraries['cookies'], wallClock: () => number) {
    this.library = library;
    this.wallClock = wallClock;
    this.jar = new library.CookieJar(undefined, { prefixSecurity: 'silent', rejectPublicSuffixes: true });
  }

  /** The Cookie header of a request; undefined when there are none for it. */
  header(url: URL, sameSiteContext: SameSiteContext): string | undefined {
    const options = { expire: false, sort: true, sameSiteContext };
    const cookies = this.jar.getCookiesSync(url.href, options).filter((cookie) => !this.isOver(cookie));
    return cookies.length === 0 ? undefined : cookies.map((cookie) => cookie.cookieString()).join('; ');
  }

  /** Takes what a response sets, as far as it may be set. What is malformed is ignored. */
  receive(setCookies: readonly string[], url: URL, sameSiteContext: SameSiteContext): void {
    for (const text of setCookies) {
      const cookie = this.library.Cookie.parse(text, { loose: true });
      if (cookie === undefined || cookie.key.length + cookie.value.length > MAX_COOKIE_BYTES) continue;
      // Browsers' default, and what they ask of those who want none of it.
      cookie.sameSite ??= 'lax';
      if (cookie.sameSite === 'none' && !cookie.secure) continue;
      if (url.protocol !== 'https:' && (cookie.secure || this.hidesSecure(cookie, url))) continue;
      const now = new Date(this.wallClock());
      cookie.expires = expiresAt(cookie, now.getTime());
      cookie.maxAge = null;
      try {
        this.jar.setCookieSync(cookie, url.href, { now, ignoreError: true, sameSiteContext });
      } catch {
        // A domain that is none.
      }
    }
    if (setCookies.length > 0) this.evict();
  }

  rows(): CookieRow[] {
    return this.all()
      .filter((cookie) => !this.isOver(cookie))
      .map((cookie) => ({
        name: cookie.key,
        value: cookie.value,
        domain: `${cookie.hostOnly ? '' : '.'}${cookie.domain}`,
        path: cookie.path ?? '/',
        ...(cookie.expires instanceof Date && { expiresMs: cookie.expires.getTime() }),
        secure: cookie.secure,
        httpOnly: cookie.httpOnly,
        sameSite: cookie.sameSite ?? 'lax',
      }));
  }

  clear(): void {
    this.jar.removeAllCookiesSync();
  }

  /** Scheme and registrable domain (HTML standard, section 7.1.1.2): what belongs to one owner. */
  siteOf(url: URL): string {
    const host = url.hostname;
    return `${url.protocol}//${this.library.getPublicSuffix(host, { ignoreError: true }) ?? host}`;
  }

  private all(): Cookie[] {
    let found: Cookie[] = [];
    this.jar.store.getAllCookies((_error, cookies) => {
      found = cookies ?? [];
    });
    return found;
  }

  /**
   * RFC 6265bis section 5.7: what is not encrypted leaves secure cookies alone. Nobody can put one of the same name in the
   * place of a secure one, or where it would be sent beside it.
   */
  private hidesSecure(cookie: Cookie, url: URL): boolean {
    const { domainMatch, pathMatch, defaultPath } = this.library;
    const domain = cookie.domain ?? url.hostname;
    const path = cookie.path ?? defaultPath(url.pathname);
    return this.all().some(
      (kept) =>
        kept.secure &&
        kept.key === cookie.key &&
        (domainMatch(domain, kept.domain) || domainMatch(kept.domain, domain)) &&
        pathMatch(path, kept.path ?? '/') &&
        !this.isOver(kept),
    );
  }

  private isOver(cookie: Cookie): boolean {
    return cookie.expires instanceof Date && cookie.expires.getTime() <= this.wallClock();
  }

  /** Those that are over go first, then the oldest ones: of a domain with too many, then of all. */
  private evict(): void {
    const remove = ({ domain, path, key }: Cookie) =>
      this.jar.store.removeCookie(domain ?? '', path ?? '/', key, () => {});
    const kept = this.all().filter((cookie) => {
      if (this.isOver(cookie)) remove(cookie);
      return !this.isOver(cookie);
    });
    const byDomain = new Map<string, number>();
    kept.reverse().forEach((cookie, index) => {
      const domain = cookie.domain ?? '';
      const count = (byDomain.get(domain) ?? 0) + 1;
      byDomain.set(domain, count);
      if (count > MAX_DOMAIN_COOKIES || index >= MAX_COOKIES) remove(cookie);
    });
  }
}

/** Max-Age comes first (RFC 6265 section 5.3), told from the machine's present. */
function expiresAt({ maxAge, expires }: Cookie, now: number): Date | 'Infinity' {
  const latest = now + MAX_AGE_MS;
  if (maxAge === '-Infinity') return new Date(0);
  if (maxAge === 'Infinity') return new Date(latest);
  if (maxAge !== null && maxAge !== undefined) return new Date(maxAge <= 0 ? 0 : Math.min(now + maxAge * 1000, latest));
  return expires instanceof Date ? new Date(Math.min(expires.getTime(), latest)) : 'Infinity';
}
