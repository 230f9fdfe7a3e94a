/** What one query of `dig` asks for, and how its answer is shown. */
import { DNS_PORT } from '../../stack/wire/dns.js';
import { CLASS_IN, type QuestionType } from '../../stack/wire/dns-record.js';
import { EDNS_UDP_SIZE } from '../../stack/wire/edns.js';
import { SECTIONS, type SectionName } from '../dns/presentation.js';

export interface DigLookup {
  /** As it was written. */
  readonly name: string;
  /** Default A. */
  readonly type?: QuestionType;
  readonly class: number;
  /** As they were written; none: those of the machine. */
  readonly servers: readonly string[];
  readonly port: number;
  readonly recursionDesired: boolean;
  readonly authenticData: boolean;
  readonly checkingDisabled: boolean;
  readonly authoritative: boolean;
  readonly reserved: boolean;
  /** Undefined: by TCP for ANY, AXFR and IXFR. */
  readonly tcp?: boolean;
  readonly ignoreTruncation: boolean;
  /** Version; none: without EDNS. */
  readonly edns: number | undefined;
  readonly ednsNegotiation: boolean;
  readonly ednsFlags: number;
  readonly bufferSize: number;
  readonly dnssec: boolean;
  readonly cookie: boolean;
  readonly nsid: boolean;
  readonly keepalive: boolean;
  /** Of `+ednsopt`. */
  readonly options: readonly { readonly code: number; readonly data: Uint8Array }[];
  readonly trace: boolean;
  readonly search: boolean;
  readonly timeoutMs: number;
  readonly tries: number;
  readonly comments: boolean;
  readonly stats: boolean;
  readonly identify: boolean;
  /** The query is shown too. */
  readonly query: boolean;
  readonly multiline: boolean;
  readonly showTtl: boolean;
  readonly ttlUnits: boolean;
  readonly showClass: boolean;
  readonly sections: ReadonlySet<SectionName>;
  /** Of `ixfr=SERIAL`. */
  readonly knownSerial?: number;
}

export const DEFAULT_LOOKUP: DigLookup = {
  name: '.',
  class: CLASS_IN,
  servers: [],
  port: DNS_PORT,
  recursionDesired: true,
  authenticData: true,
  checkingDisabled: false,
  authoritative: false,
  reserved: false,
  ignoreTruncation: false,
  edns: 0,
  ednsNegotiation: true,
  ednsFlags: 0,
  bufferSize: EDNS_UDP_SIZE,
  dnssec: false,
  cookie: true,
  nsid: false,
  keepalive: false,
  options: [],
  trace: false,
  search: false,
  timeoutMs: 5000,
  tries: 3,
  comments: true,
  stats: true,
  identify: false,
  query: false,
  multiline: false,
  showTtl: true,
  ttlUnits: false,
  showClass: true,
  sections: new Set(SECTIONS),
};
