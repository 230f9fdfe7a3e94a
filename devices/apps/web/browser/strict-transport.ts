/** Hosts that are asked by https alone because they said so: HTTP Strict Transport Security (RFC 6797). */
import { isIP } from 'node:net';
import type { HeaderList } from '../client/message.js';

/** Hosts that are remembered; what was said longest ago makes room. */
export const MAX_STRICT_HOSTS = 1000;

interface Policy {
  /** By the wall clock, ms. */
  readonly expiresMs: number;
  readonly includeSubDomains: boolean;
}

export class StrictTransport {
  private readonly wallClock: () => number;
  private readonly hosts = new Map<string, Policy>();

  constructor(wallClock: () => number) {
    this.wallClock = wallClock;
  }

  /** Section 8.1: of a secure connection, the first header counts; an address is no host to remember. */
  receive(headers: HeaderList, url: URL): void {
    const [, value] = headers.find(([name]) => name.toLowerCase() === 'strict-transport-security') ?? [];
    if (value === undefined || url.protocol !== 'https:' || isIP(url.hostname) !== 0) return;
    const policy = readStrictTransport(value);
    if (policy === undefined) return;
    const { maxAgeSeconds, includeSubDomains } = policy;
    this.hosts.delete(url.hostname);
    if (maxAgeSeconds === 0) return;
    this.hosts.set(url.hostname, { expiresMs: this.wallClock() + maxAgeSeconds * 1000, includeSubDomains });
    for (const oldest of this.hosts.keys()) {
      if (this.hosts.size <= MAX_STRICT_HOSTS) break;
      this.hosts.delete(oldest);
    }
  }

  /** Section 8.3: what is asked instead; undefined when it may be asked. Ports that are not http's own stay. */
  secured(url: URL): URL | undefined {
    if (url.protocol !== 'http:' || !this.isStrict(url.hostname)) return undefined;
    const secure = new URL(url);
    secure.protocol = 'https:';
    return secure;
  }

  clear(): void {
    this.hosts.clear();
  }

  /** Section 8.2: the host itself, or one above it that speaks for those below. */
  private isStrict(hostname: string): boolean {
    const labels = hostname.split('.');
    return labels.some((_, index) => {
      const policy = this.hosts.get(labels.slice(index).join('.'));
      return policy !== undefined && policy.expiresMs > this.wallClock() && (index === 0 || policy.includeSubDomains);
    });
  }
}

/** Section 6.1: directives once each, in any order, those that are not known left aside. Undefined for what is malformed. */
export function readStrictTransport(
  value: string,
): { readonly maxAgeSeconds: number; readonly includeSubDomains: boolean } | undefined {
  const directives = new Map<string, string>();
  for (const part of value.split(';').map((text) => text.trim())) {
    if (part === '') continue;
    const [, name, token, quoted] = /^([^\s=";]+)\s*(?:=\s*(?:([^\s"]+)|"([^"]*)"))?$/.exec(part) ?? [];
    if (name === undefined || directives.has(name.toLowerCase())) return undefined;
    directives.set(name.toLowerCase(), token ?? quoted ?? '');
  }
  const maxAge = directives.get('max-age') ?? '';
  if (!/^\d+$/.test(maxAge)) return undefined;
  return { maxAgeSeconds: Number(maxAge), includeSubDomains: directives.has('includesubdomains') };
}
