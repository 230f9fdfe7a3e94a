/**
 * The access log of a web server, one line an answer, in the formats that all tools for logs read: the common log format
 * (of NCSA httpd) and the combined one (of Apache), which adds Referer and User-Agent.
 *
 *     192.168.1.100 - - [22/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 1234
 */
import type { AccessLogConfig } from '../../../control/config.js';
import type { LogFiles } from '../../machine.js';

export interface AccessLogEntry {
  readonly remoteAddress: string;
  /** When the request came; milliseconds since 1970. */
  readonly atMs: number;
  /** "GET / HTTP/1.1" */
  readonly requestLine: string;
  readonly status: number;
  /** Of the body; undefined when there was none, or nobody counted. */
  readonly bytes?: number;
  readonly referer?: string;
  readonly userAgent?: string;
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
/** Of a text that a stranger wrote: the rest is cut. */
const MAX_TEXT = 2_048;

export class AccessLog {
  private readonly files: LogFiles;
  private readonly config: AccessLogConfig;

  constructor(files: LogFiles, config: AccessLogConfig) {
    this.files = files;
    this.config = config;
  }

  write(entry: AccessLogEntry): void {
    this.files.append(this.config.file, `${formatEntry(entry, this.config.format ?? 'common')}\n`);
  }
}

export function formatEntry(entry: AccessLogEntry, format: NonNullable<AccessLogConfig['format']>): string {
  const { remoteAddress, atMs, requestLine, status, bytes, referer, userAgent } = entry;
  const common = `${remoteAddress} - - [${logTime(atMs)}] ${quoted(requestLine)} ${status} ${bytes ?? '-'}`;
  return format === 'common' ? common : `${common} ${quoted(referer ?? '-')} ${quoted(userAgent ?? '-')}`;
}

/** "22/Nov/2026:12:00:00 +0000" */
function logTime(ms: number): string {
  const time = new Date(ms).toISOString();
  return `${time.slice(8, 10)}/${MONTHS[Number(time.slice(5, 7)) - 1]}/${time.slice(0, 4)}:${time.slice(11, 19)} +0000`;
}

/** As Apache: what would end the text or the line, or move a terminal's cursor, is escaped. */
function quoted(text: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}...` : text;
  const escaped = cut.replace(/["\\]/g, '\\$&').replace(/[^\x20-\x7e]/g, (character) => {
    const bytes = Buffer.from(character, character.charCodeAt(0) < 0x100 ? 'latin1' : 'utf8');
    return [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  });
  return `"${escaped}"`;
}
