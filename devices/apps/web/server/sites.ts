/**
 * Which site answers, which of its redirects applies, which file a path means: decisions of the web server
 * that need no I/O. Everything that comes in here was written by a stranger.
 */
import type { IncomingMessage } from 'node:http';
import type { RedirectConfig, SiteConfig } from '../../../control/config.js';

/** Asked for in this order when a path ends in "/". */
export const DEFAULT_DOCUMENTS = ['index.html', 'default.html'] as const;

/** The site that a Host header names, without regard to case, port and the final dot of an absolute name. */
export function findSite(sites: readonly SiteConfig[], host: string | undefined): SiteConfig | undefined {
  const name = hostName(host ?? '');
  return sites.find((site) => site.names.some((candidate) => hostName(candidate) === name));
}

/** Without its port, in lower case. */
export function hostName(host: string): string {
  return host.trim().toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
}

/** RFC 9112 section 3.2: with more than one Host field, or one that is no host, there is no telling who is asked. */
export function hasValidHost({ rawHeaders, headers }: IncomingMessage, host = headers.host ?? ''): boolean {
  const fields = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host');
  return fields.length <= 1 && [host, headers.host ?? ''].every((text) => HOST.test(text));
}

/** RFC 3986 section 3.2.2, and a port; empty where a target has no host. */
const HOST = /^(\[[0-9a-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(:\d*)?$/i;

/** A request target taken apart. */
export interface Target {
  /** Only in absolute form: `GET http://host/path`; it then replaces the Host header (RFC 9112 section 3.2.2). */
  readonly host?: string;
  /** As it was sent, still percent-encoded; begins with "/". */
  readonly path: string;
  /** With its "?"; empty when there is none. */
  readonly query: string;
}

/** Origin form or absolute form; undefined for anything else. */
export function parseTarget(target: string): Target | undefined {
  const absolute = /^https?:\/\/([^/?#]+)(.*)$/i.exec(target);
  const rest = absolute ? absolute[2] : target;
  const origin = /^(\/[^?#]*|(?=\?)|$)(\?[^#]*)?$/.exec(rest);
  if (origin === null || (absolute === null && !rest.startsWith('/'))) return undefined;
  return { host: absolute?.[1], path: origin[1] || '/', query: origin[2] ?? '' };
}

interface Redirect {
  readonly status: number;
  readonly location: string;
}

/** The first redirect of the site that matches; the query goes along unless the redirect has one of its own. */
export function findRedirect(redirects: readonly RedirectConfig[], target: Target): Redirect | undefined {
  for (const { from, to, status } of redirects) {
    const prefix = from.endsWith('*') ? from.slice(0, -1) : undefined;
    if (prefix === undefined ? target.path !== from : !target.path.startsWith(prefix)) continue;
    const rest = prefix === undefined ? '' : target.path.slice(prefix.length);
    const joined = to.endsWith('*') ? to.slice(0, -1) + rest : to;
    // What a stranger wrote behind the prefix must not turn a path into another host: `/old//evil.com`.
    const location = /^\/(?!\/)/.test(to) ? joined.replace(/^\/+/, '/') : joined;
    return { status, location: location.includes('?') ? location : location + target.query };
  }
  return undefined;
}

/**
 * The decoded segments of a path below the site's folder, `[]` for "/"; a final "/" ends in an empty segment.
 * Undefined for a path that is not decodable, or that tries to leave the folder, by whatever spelling:
 * "..", "%2e%2e", "..%2f", a backslash, a NUL. What ":" means in names of files is for the {@link FileStore} to know.
 */
export function pathSegments(path: string): string[] | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  if (/[\u0000-\u001f\u007f\\]/.test(decoded)) return undefined;
  const folder = decoded.endsWith('/');
  const segments = decoded.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) return undefined;
  return folder ? [...segments, ''] : segments;
}

/** Names that begin with a dot are the author's own affair (.git, .htaccess); RFC 8615's folder is public. */
export function isHidden(segments: readonly string[]): boolean {
  return segments.some((segment) => segment.startsWith('.') && segment !== '.well-known');
}
