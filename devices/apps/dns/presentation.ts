/** DNS messages as BIND prints them: what `dig` shows. */
import {
  type DnsMessage,
  type DnsQuestion,
  opcodeName,
  RCODE_FORMERR,
  RCODE_NOTIMP,
  rcodeName,
} from '../../stack/wire/dns.js';
import { absolute, CLASS_CH, CLASS_IN, formatRecordData, type ResourceRecord } from '../../stack/wire/dns-record.js';
import { formatOpt } from './opt-presentation.js';
import { durationText, spokenDuration } from './ttl-text.js';

/** Which columns records have, and how they look. */
export interface RecordStyle {
  readonly ttl: boolean;
  readonly class: boolean;
  /** TTLs as `1h30m`. */
  readonly ttlUnits: boolean;
  /** SOA records over several lines, with comments. */
  readonly multiline: boolean;
}

/** Which parts of a message are printed; dig's words. */
export const SECTIONS = ['question', 'answer', 'authority', 'additional'] as const;
export type SectionName = (typeof SECTIONS)[number];

export interface MessageStyle extends RecordStyle {
  /** Headers, titles of sections and the OPT record. */
  readonly comments: boolean;
  readonly sections: ReadonlySet<SectionName>;
}

const TAB = 8;

/** `;; ->>HEADER<<- …` down to the additional section. `sent`: the query, for what its answer is remarked upon. */
export function formatMessage(message: DnsMessage, style: MessageStyle, sent?: DnsMessage): string {
  let text = '';
  if (style.comments) text += `${formatHeader(message, sent)}${formatOpt(message, sent)}`;
  for (const part of SECTIONS) {
    if (!style.sections.has(part)) continue;
    const lines =
      part === 'question'
        ? message.questions.map((question) => formatQuestion(question, style))
        : recordsOf(message, part).map((record) => formatRecord(record, style));
    if (lines.length === 0) continue;
    text += style.comments ? `;; ${part.toUpperCase()} SECTION:\n${lines.join('')}\n` : lines.join('');
  }
  return text;
}

function recordsOf(message: DnsMessage, part: Exclude<SectionName, 'question'>): readonly ResourceRecord[] {
  const { answers, authorities, additionals } = message;
  return { answer: answers, authority: authorities, additional: additionals }[part];
}

/** With the blank line behind it. `sent`: the query. */
export function formatHeader(message: DnsMessage, sent?: DnsMessage): string {
  const flags = [
    message.response ? 'qr' : '',
    message.authoritative ? 'aa' : '',
    message.truncated ? 'tc' : '',
    message.recursionDesired ? 'rd' : '',
    message.recursionAvailable ? 'ra' : '',
    message.authenticData ? 'ad' : '',
    message.checkingDisabled ? 'cd' : '',
  ].filter((flag) => flag !== '');
  const counts = [
    `QUERY: ${message.questions.length}`,
    `ANSWER: ${message.answers.length}`,
    `AUTHORITY: ${message.authorities.length}`,
    `ADDITIONAL: ${message.additionals.length + (message.edns === undefined ? 0 : 1)}`,
  ];
  return (
    `;; ->>HEADER<<- opcode: ${opcodeName(message.opcode)}, status: ${rcodeName(message.rcode)}, id: ${message.id}\n` +
    `;; flags:${flags.map((flag) => ` ${flag}`).join('')}${message.reserved ? '; MBZ: 0x4' : ''}; ${counts.join(', ')}\n` +
    `${warnings(message, sent)}\n`
  );
}

function warnings(message: DnsMessage, sent: DnsMessage | undefined): string {
  let text = '';
  if (message.response && message.recursionDesired && !message.recursionAvailable) {
    text += ';; WARNING: recursion requested but not available\n';
  }
  const isComplaint = message.rcode === RCODE_FORMERR || message.rcode === RCODE_NOTIMP;
  if (sent?.edns !== undefined && message.edns === undefined && isComplaint) {
    const option = sent.edns.dnssecOk ? '+nodnssec +noedns' : '+noedns';
    text += `\n;; WARNING: EDNS query returned status ${rcodeName(message.rcode)} - retry with '${option}'\n`;
  }
  return text;
}

function formatQuestion(question: DnsQuestion, style: RecordStyle): string {
  const { classColumn, typeColumn } = columnsOf(style);
  const line = new Line(absolute(question.name));
  if (style.class) line.at(classColumn, className(question.class));
  return `;${line.at(typeColumn, question.type).text}\n`;
}

/** One line in the form of a zone file. */
export function formatRecord(record: ResourceRecord, style: RecordStyle): string {
  const { ttlColumn, classColumn, typeColumn, dataColumn } = columnsOf(style);
  const line = new Line(absolute(record.name));
  if (style.ttl) line.at(ttlColumn, style.ttlUnits ? durationText(record.ttl) : String(record.ttl));
  if (style.class) line.at(classColumn, className(record.class));
  line.at(typeColumn, record.type);
  const data = style.multiline && record.type === 'SOA' ? soaLines(record, dataColumn) : formatRecordData(record);
  return `${line.at(dataColumn, data).text}\n`;
}

/** Where dig puts what, by what it leaves out. */
function columnsOf(style: RecordStyle) {
  if (style.multiline || (!style.ttl && !style.class)) {
    return { ttlColumn: 24, classColumn: 24, typeColumn: 24, dataColumn: 32 };
  }
  if (!style.ttl || !style.class) return { ttlColumn: 24, classColumn: 24, typeColumn: 32, dataColumn: 40 };
  return { ttlColumn: 24, classColumn: 32, typeColumn: 40, dataColumn: 48 };
}

function soaLines(record: ResourceRecord & { readonly type: 'SOA' }, column: number): string {
  const indent = `\n${'\t'.repeat(column / TAB)}`;
  const seconds = (name: 'refresh' | 'retry' | 'expire' | 'minimum') =>
    `${indent}${String(record[name]).padEnd(10)} ; ${name} (${spokenDuration(record[name])})`;
  return (
    `${absolute(record.mname)} ${absolute(record.rname)} (` +
    `${indent}${String(record.serial).padEnd(10)} ; serial` +
    `${seconds('refresh')}${seconds('retry')}${seconds('expire')}${seconds('minimum')}${indent})`
  );
}

/** Text in columns: tabs up to the next one, and at least a blank. */
class Line {
  text: string;
  private width: number;

  constructor(text: string) {
    this.text = text;
    this.width = text.length;
  }

  at(column: number, text: string): this {
    const to = Math.max(column, this.width + 1);
    const tabs = Math.floor(to / TAB) - Math.floor(this.width / TAB);
    const from = tabs > 0 ? Math.floor(to / TAB) * TAB : this.width;
    this.text += `${'\t'.repeat(tabs)}${' '.repeat(to - from)}${text}`;
    this.width = to + text.length;
    return this;
  }
}

function className(number: number): string {
  if (number === CLASS_IN) return 'IN';
  return number === CLASS_CH ? 'CH' : `CLASS${number}`;
}
