/**
 * DNS messages (RFC 1035 section 4). Names are in dns-name.ts, records in dns-record.ts.
 *
 * ```
 *  | id 2 | QR 1 OPCODE 4 AA 1 TC 1 RD 1 | RA 1 Z 1 AD 1 CD 1 RCODE 4 | counts 4 × 2 | questions | answers | authority | additional |
 * ```
 */
import { readU16 } from './bytes.js';
import { parseName } from './dns-name.js';
import {
  CLASS_IN,
  emitRecord,
  parseRecord,
  type QuestionType,
  type ResourceRecord,
  typeName,
  typeNumber,
} from './dns-record.js';
import { DnsWriter } from './dns-writer.js';
import { type Edns, type OptRecord, optRecord, parseOpt } from './edns.js';
import { isMalformed, type Malformed, malformed } from './malformed.js';

export const DNS_PORT = 53;
export const DNS_HEADER_LENGTH = 12;
/** RFC 1035 section 4.2.1: the largest message in a UDP datagram, without EDNS. */
export const MAX_UDP_MESSAGE = 512;
/** RFC 1035 section 4.2.2: TCP puts two length bytes before each message. */
export const MAX_TCP_MESSAGE = 65535;
/** RFC 6891 section 6.1.2: an OPT record without options. */
const OPT_HEADER_LENGTH = 11;

export const OPCODE_QUERY = 0;
/** RFC 1996: a primary tells that its zone has changed. */
export const OPCODE_NOTIFY = 4;
/** RFC 2136: a change of a zone. */
export const OPCODE_UPDATE = 5;

/** RFC 1035 section 4.1.1. */
export const RCODE_NOERROR = 0;
export const RCODE_FORMERR = 1;
export const RCODE_SERVFAIL = 2;
export const RCODE_NXDOMAIN = 3;
export const RCODE_NOTIMP = 4;
export const RCODE_REFUSED = 5;
/** RFC 2136 section 2.2; YXDOMAIN also for a DNAME that makes a name too long (RFC 6672 section 2.2). */
export const RCODE_YXDOMAIN = 6;
export const RCODE_YXRRSET = 7;
export const RCODE_NXRRSET = 8;
export const RCODE_NOTAUTH = 9;
export const RCODE_NOTZONE = 10;
/** RFC 6891 section 9: needs an OPT record, as all from 16 on. */
export const RCODE_BADVERS = 16;
/** RFC 7873 section 8. */
export const RCODE_BADCOOKIE = 23;

const RCODE_NAMES = [
  ...['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'],
  ...['YXDOMAIN', 'YXRRSET', 'NXRRSET', 'NOTAUTH', 'NOTZONE'],
];
const EXTENDED_RCODE_NAMES = new Map([
  [RCODE_BADVERS, 'BADVERS'],
  [RCODE_BADCOOKIE, 'BADCOOKIE'],
]);
const OPCODE_NAMES = ['QUERY', 'IQUERY', 'STATUS', 'RESERVED3', 'NOTIFY', 'UPDATE'];

export interface DnsQuestion {
  readonly name: string;
  readonly type: QuestionType;
  readonly class: number;
}

export interface DnsFlags {
  /** QR: false for a query. */
  readonly response: boolean;
  /** 0 … 15. */
  readonly opcode: number;
  /** AA. */
  readonly authoritative: boolean;
  /** TC. */
  readonly truncated: boolean;
  /** RD. */
  readonly recursionDesired: boolean;
  /** RA. */
  readonly recursionAvailable: boolean;
  /** Z: reserved, must be zero. */
  readonly reserved: boolean;
  /** AD and CD: RFC 4035 section 3. */
  readonly authenticData: boolean;
  readonly checkingDisabled: boolean;
  /** 0 … 4095; more than 15 only with EDNS. */
  readonly rcode: number;
}

export interface DnsMessage extends DnsFlags {
  /** 0 … 65535. */
  readonly id: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  /** Without the OPT record, which is {@link edns}. */
  readonly additionals: readonly ResourceRecord[];
  readonly edns?: Edns;
}

const NO_FLAGS: DnsFlags = {
  response: false,
  opcode: OPCODE_QUERY,
  authoritative: false,
  truncated: false,
  recursionDesired: false,
  recursionAvailable: false,
  reserved: false,
  authenticData: false,
  checkingDisabled: false,
  rcode: RCODE_NOERROR,
};

/** A query with one question of class IN. */
export function dnsQuery(id: number, name: string, type: QuestionType, recursionDesired: boolean): DnsMessage {
  const questions = [{ name, type, class: CLASS_IN }];
  return { ...NO_FLAGS, id, recursionDesired, questions, answers: [], authorities: [], additionals: [] };
}

/** An answer to `query`, empty but for what `content` adds: same id, opcode, RD, CD and questions (RFC 1035 section 4.1.1). */
export function dnsResponse(query: DnsMessage, content: Partial<DnsMessage>): DnsMessage {
  const { id, opcode, recursionDesired, checkingDisabled, questions } = query;
  return {
    ...NO_FLAGS,
    ...{ id, opcode, recursionDesired, checkingDisabled, questions },
    response: true,
    answers: [],
    authorities: [],
    additionals: [],
    ...content,
  };
}

/** Bytes behind the last record are ignored, as servers do. */
export function parseDns(message: Uint8Array): DnsMessage | Malformed {
  // A plain view, whatever subclass came in: slices of it are copies, which do not keep a whole packet in memory.
  const bytes = new Uint8Array(message.buffer, message.byteOffset, message.length);
  if (bytes.length < DNS_HEADER_LENGTH) return malformed('dns header truncated');
  const flags = parseFlags(readU16(bytes, 2));
  const questions: DnsQuestion[] = [];
  let at = DNS_HEADER_LENGTH;
  for (let count = readU16(bytes, 4); count > 0; count--) {
    const name = parseName(bytes, at);
    if (isMalformed(name)) return name;
    at = name.next + 4;
    if (at > bytes.length) return malformed('dns question truncated');
    questions.push({
      name: name.name,
      type: typeName(readU16(bytes, at - 4)),
      class: readU16(bytes, at - 2),
    });
  }
  const sections: ResourceRecord[][] = [];
  for (const countAt of [6, 8, 10]) {
    const section: ResourceRecord[] = [];
    for (let count = readU16(bytes, countAt); count > 0; count--) {
      const parsed = parseRecord(bytes, at);
      if (isMalformed(parsed)) return parsed;
      section.push(parsed.record);
      at = parsed.next;
    }
    sections.push(section);
  }
  const [answers, authorities, additionals] = sections;
  const parsed = { id: readU16(bytes, 0), ...flags, questions, answers, authorities, additionals };
  return sections.some((section) => section.some(isOpt)) ? withEdns(parsed) : parsed;
}

/** RFC 6891 section 6.1.1: one OPT record, in the additional section. */
function withEdns(message: DnsMessage): DnsMessage | Malformed {
  const { answers, authorities, additionals } = message;
  const [record, second] = additionals.filter(isOpt);
  if (record === undefined || second !== undefined || answers.some(isOpt) || authorities.some(isOpt)) {
    return malformed('dns OPT records');
  }
  const opt = parseOpt(record);
  if (isMalformed(opt)) return opt;
  return {
    ...message,
    rcode: opt.rcodeHigh | message.rcode,
    additionals: additionals.filter((other) => other !== record),
    edns: opt.edns,
  };
}

function isOpt(record: ResourceRecord): record is OptRecord {
  return record.type === 'OPT';
}

/**
 * Names are compressed. What does not fit into `limit` bytes (512 … 65535) is left out, whole records from the end.
 * TC is then set, except when only additional records are missing that nobody needs (RFC 2181 section 9); those of a
 * referral are its glue and needed (RFC 9471 section 3). The OPT record always fits in: it goes last. Throws RangeError
 * for names and strings that break limits, and for an rcode that needs EDNS without it.
 */
export function emitDns(message: DnsMessage, limit: number = MAX_TCP_MESSAGE): Uint8Array {
  const writer = new DnsWriter();
  writer.u16(message.id);
  writer.u16(0);
  writer.u16(message.questions.length);
  for (let i = 0; i < 3; i++) writer.u16(0);
  for (const question of message.questions) {
    writer.name(question.name);
    writer.u16(typeNumber(question.type));
    writer.u16(question.class);
  }
  const sections = [message.answers, message.authorities, message.additionals];
  if (message.rcode > 15 && message.edns === undefined) throw new RangeError(`rcode ${message.rcode} without EDNS`);
  const opt = message.edns && optRecord(message.edns, message.rcode);
  const room = limit - (opt === undefined ? 0 : OPT_HEADER_LENGTH + opt.bytes.length);
  let complete = true;
  let truncated = message.truncated;
  sections.forEach((section, index) => {
    const written = complete ? emitSection(writer, section, room) : 0;
    writer.patchU16(6 + 2 * index, written + (index === 2 && opt !== undefined ? 1 : 0));
    if (written === section.length) return;
    complete = false;
    if (index < 2 || isReferral(message)) truncated = true;
  });
  if (opt !== undefined) emitRecord(writer, opt);
  writer.patchU16(2, flagBits({ ...message, truncated }));
  return writer.finish();
}

/** How many records fitted. */
function emitSection(writer: DnsWriter, section: readonly ResourceRecord[], limit: number): number {
  for (let i = 0; i < section.length; i++) {
    const before = writer.length;
    emitRecord(writer, section[i]);
    if (writer.length > limit) {
      writer.rollback(before);
      return i;
    }
  }
  return section.length;
}

/** RFC 2308 section 2.2.1 tells a referral from "no data": name servers in the authority section, and no SOA. */
export function isReferral(message: DnsMessage): boolean {
  return !message.authoritative && hasReferral(message);
}

/** Has the sections of a referral, whatever AA says. */
export function hasReferral({ response, rcode, answers, authorities }: DnsMessage): boolean {
  return (
    response &&
    rcode === RCODE_NOERROR &&
    answers.length === 0 &&
    authorities.some(({ type }) => type === 'NS') &&
    !authorities.some(({ type }) => type === 'SOA')
  );
}

function parseFlags(bits: number): DnsFlags {
  return {
    response: (bits & 0x8000) !== 0,
    opcode: (bits >>> 11) & 0xf,
    authoritative: (bits & 0x0400) !== 0,
    truncated: (bits & 0x0200) !== 0,
    recursionDesired: (bits & 0x0100) !== 0,
    recursionAvailable: (bits & 0x0080) !== 0,
    reserved: (bits & 0x0040) !== 0,
    authenticData: (bits & 0x0020) !== 0,
    checkingDisabled: (bits & 0x0010) !== 0,
    rcode: bits & 0xf,
  };
}

function flagBits(flags: DnsFlags): number {
  return (
    (flags.response ? 0x8000 : 0) |
    (flags.opcode << 11) |
    (flags.authoritative ? 0x0400 : 0) |
    (flags.truncated ? 0x0200 : 0) |
    (flags.recursionDesired ? 0x0100 : 0) |
    (flags.recursionAvailable ? 0x0080 : 0) |
    (flags.reserved ? 0x0040 : 0) |
    (flags.authenticData ? 0x0020 : 0) |
    (flags.checkingDisabled ? 0x0010 : 0) |
    (flags.rcode & 0xf)
  );
}

export function rcodeName(rcode: number): string {
  return RCODE_NAMES[rcode] ?? EXTENDED_RCODE_NAMES.get(rcode) ?? `RESERVED${rcode}`;
}

export function opcodeName(opcode: number): string {
  return OPCODE_NAMES[opcode] ?? `RESERVED${opcode}`;
}
