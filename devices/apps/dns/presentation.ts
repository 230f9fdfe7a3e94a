/** DNS messages as `dig` prints them. */
import type { DnsReply } from '../../net/dns-exchange.js';
import { type DnsMessage, opcodeName, rcodeName } from '../../stack/wire/dns.js';
import { absolute, CLASS_CH, CLASS_IN, formatRecordData, type ResourceRecord } from '../../stack/wire/dns-record.js';
import type { ChosenServer } from './client.js';

/** What is printed; dig's words. */
export const DISPLAY_PARTS = ['cmd', 'comments', 'question', 'answer', 'authority', 'additional', 'stats'] as const;
export type DisplayPart = (typeof DISPLAY_PARTS)[number];

export function formatHeader(message: DnsMessage): string {
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
    `ADDITIONAL: ${message.additionals.length}`,
  ];
  const warning =
    message.recursionDesired && !message.recursionAvailable
      ? ';; WARNING: recursion requested but not available\n'
      : '';
  return (
    `;; ->>HEADER<<- opcode: ${opcodeName(message.opcode)}, status: ${rcodeName(message.rcode)}, id: ${message.id}\n` +
    `;; flags:${flags.map((flag) => ` ${flag}`).join('')}; ${counts.join(', ')}\n${warning}\n`
  );
}

export function formatSections(message: DnsMessage, shown: ReadonlySet<DisplayPart>): string {
  let text = '';
  if (shown.has('question') && message.questions.length > 0) {
    const lines = message.questions.map(
      (question) =>
        `${columns([`;${absolute(question.name)}`, 32], [className(question.class), 40])}${question.type}\n`,
    );
    text += section('QUESTION', lines, shown);
  }
  const sections = [
    ['answer', message.answers],
    ['authority', message.authorities],
    ['additional', message.additionals],
  ] as const;
  for (const [part, records] of sections) {
    const plain = records.filter((record) => record.type !== 'OPT');
    if (shown.has(part) && plain.length > 0) text += section(part.toUpperCase(), plain.map(formatRecord), shown);
  }
  return text;
}

/** One line in the form of a zone file. */
export function formatRecord(record: ResourceRecord): string {
  const head = columns(
    [absolute(record.name), 24],
    [String(record.ttl), 32],
    [className(record.class), 40],
    [record.type, 48],
  );
  return `${head}${formatRecordData(record)}\n`;
}

export function formatStatistics(reply: DnsReply, server: ChosenServer, wallClockMs: number): string {
  return (
    `;; Query time: ${Math.round(reply.ms)} msec\n` +
    `;; SERVER: ${endpoint(reply, server)} (${reply.transport.toUpperCase()})\n` +
    `;; WHEN: ${formatDate(wallClockMs)}\n` +
    `;; MSG SIZE  rcvd: ${reply.bytes}\n\n`
  );
}

/** `10.0.0.1#53(ns1.server.com)`. */
export function endpoint(reply: DnsReply, server: ChosenServer): string {
  return `${reply.server}#${reply.port}(${server.name})`;
}

function section(title: string, lines: readonly string[], shown: ReadonlySet<DisplayPart>): string {
  const text = lines.join('');
  return shown.has('comments') ? `;; ${title} SECTION:\n${text}\n` : text;
}

/** Pads each text with tabs to its column; with one blank when it is too long. */
function columns(...parts: readonly (readonly [text: string, column: number])[]): string {
  let line = '';
  let width = 0;
  for (const [text, column] of parts) {
    line += text;
    width += text.length;
    if (width >= column) {
      line += ' ';
      width += 1;
    } else {
      line += '\t'.repeat(Math.ceil((column - width) / 8));
      width = column;
    }
  }
  return line;
}

function className(number: number): string {
  if (number === CLASS_IN) return 'IN';
  return number === CLASS_CH ? 'CH' : `CLASS${number}`;
}

/** `Sun Nov 22 19:04:05 UTC 2026`. */
function formatDate(wallClockMs: number): string {
  const [day, date, month, year, time] = new Date(wallClockMs).toUTCString().replace(',', '').split(' ');
  return `${day} ${month} ${date} ${time} UTC ${year}`;
}
