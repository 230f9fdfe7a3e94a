/** Header fields on their way through a proxy: RFC 9110 section 7.6, RFC 9112 section 3.2. */
import type { IncomingMessage } from 'node:http';
import { PROXY_NAME } from './failure.js';

/** Field names and values in turn, as Node reads and writes them without a change. */
export type RawFields = string[];

/** RFC 9110 section 7.6.1; Trailer and TE are made anew with the framing, the proxy's own are for it alone. */
const HOP_BY_HOP = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
  'proxy-authorization',
  'proxy-authenticate',
]);

/** What says how long a body is, and for whom, is nobody's to take away. */
const NEVER_DROPPED = new Set(['content-length', 'host']);

/** Those meant for the other end: neither hop-by-hop by nature nor named by Connection. */
export function endToEnd(fields: readonly string[]): RawFields {
  const named = new Set<string>();
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i].toLowerCase() !== 'connection') continue;
    for (const option of fields[i + 1].split(',')) named.add(option.trim().toLowerCase());
  }
  return without(fields, (name) => HOP_BY_HOP.has(name) || (named.has(name) && !NEVER_DROPPED.has(name)));
}

/** The other fields, in their order. */
export function without(fields: readonly string[], drop: (lowerCaseName: string) => boolean): RawFields {
  const kept: RawFields = [];
  for (let i = 0; i < fields.length; i += 2) {
    if (!drop(fields[i].toLowerCase())) kept.push(fields[i], fields[i + 1]);
  }
  return kept;
}

/** RFC 9110 section 7.6.3. */
export function via({ httpVersion }: IncomingMessage): RawFields {
  return ['Via', `${httpVersion} ${PROXY_NAME}`];
}

/** Where a request in absolute form goes to. */
export interface ForwardTarget {
  /** The authority without its user, as the Host field has it. */
  readonly authority: string;
  readonly host: string;
  readonly port: number;
  /** As it was sent: RFC 9110 section 7.7 leaves a proxy no choice. */
  readonly originForm: string;
}

/** RFC 9112 section 3.2.2; undefined for another scheme or form. */
export function parseAbsoluteForm(target: string, method: string): ForwardTarget | undefined {
  const match = /^http:\/\/(?:[^/?#@]*@)?([^/?#@]+)(?=[/?#]|$)([^#]*)/i.exec(target);
  const endpoint = match === null ? undefined : parseAuthority(match[1], 80);
  if (match === null || endpoint === undefined) return undefined;
  const [, authority, rest] = match;
  // Section 3.2.4: OPTIONS without a path asks the server itself.
  const originForm = rest === '' && method === 'OPTIONS' ? '*' : rest.startsWith('/') ? rest : `/${rest}`;
  return { authority, ...endpoint, originForm };
}

/** `www.server.com:443`, `192.0.2.1:80`, `[2001:db8::1]:443`. Undefined when it is none, or the port is missing. */
export function parseAuthority(text: string, defaultPort?: number): { host: string; port: number } | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^\s:/?#@[\]\\]+)(?::(\d{0,5}))?$/.exec(text);
  if (match === null) return undefined;
  const port = match[2] ? Number(match[2]) : defaultPort;
  if (port === undefined || port < 1 || port > 65535) return undefined;
  return { host: match[1].replace(/^\[(.*)\]$/, '$1'), port };
}
