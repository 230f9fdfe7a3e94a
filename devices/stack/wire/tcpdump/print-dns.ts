/** DNS messages in one line: `12345+ A? www.server.com. (32)`. */
import { formatIpv4 } from '../address.js';
import { DNS_HEADER_LENGTH, type DnsMessage, type DnsQuestion, parseDns } from '../dns.js';
import { absolute, CLASS_ANY, CLASS_CH, CLASS_IN, formatRecordData, type ResourceRecord } from '../dns-record.js';
import { optRecord } from '../edns.js';
import { isMalformed } from '../malformed.js';
import type { PrintOptions } from './options.js';

const RCODES = ['', ' FormErr', ' ServFail', ' NXDomain', ' NotImp', ' Refused', ' YXDomain', ' YXRRSet', ' NXRRSet'];
const OPCODES = ['', ' inv_q', ' stat', ' op3', ' notify', ' update'];
const CLASSES = new Map([
  [CLASS_CH, 'CHAOS'],
  [CLASS_ANY, 'ANY'],
]);
const DNSSEC_OK = 0x8000;

/** `isCut`: the message is part of a quote, and goes on where that ends. */
export function printDns(bytes: Uint8Array, { verbosity = 0 }: PrintOptions, isCut: boolean): string {
  if (bytes.length < DNS_HEADER_LENGTH) {
    return isCut ? ' [|domain]' : `domain [length ${bytes.length} < ${DNS_HEADER_LENGTH}] (invalid)`;
  }
  const message = parseDns(bytes);
  if (isMalformed(message)) return isCut ? ' [|domain]' : `domain [${message.malformed}] (invalid)`;
  const text = message.response ? printAnswer(message, verbosity) : printQuery(message, verbosity);
  return `${message.id}${OPCODES[message.opcode] ?? ` op${message.opcode}`}${text} (${bytes.length})`;
}

function printQuery(message: DnsMessage, verbosity: number): string {
  const { questions, answers, authorities } = message;
  const additionals = additionalsOf(message);
  let out = `${message.recursionDesired ? '+' : ''}${message.checkingDisabled ? '%' : ''}`;
  if (questions.length !== 1) out += ` [${questions.length}q]`;
  if (answers.length > 0) out += ` [${answers.length}a]`;
  if (authorities.length > 0) out += ` [${authorities.length}n]`;
  if (additionals.length > 0) out += ` [${additionals.length}au]`;
  out += questions.map(printQuestion).join(',');
  return verbosity > 1 ? `${out}${printSections(message, true)}` : out;
}

function printAnswer(message: DnsMessage, verbosity: number): string {
  const { questions, answers, authorities, rcode } = message;
  let out = RCODES[rcode] ?? ` Resp${rcode}`;
  out += message.authoritative ? '*' : '';
  out += message.recursionAvailable ? '' : '-';
  out += `${message.truncated ? '|' : ''}${message.authenticData ? '$' : ''}`;
  if (questions.length !== 1) out += ` [${questions.length}q]`;
  if (verbosity > 1 && questions.length > 0) out += ` q:${questions.map(printQuestion).join(',')}`;
  out += ` ${answers.length}/${authorities.length}/${additionalsOf(message).length}`;
  out += printRecords(answers, verbosity > 0);
  return verbosity > 1 ? `${out}${printSections(message, false)}` : out;
}

/** As they stand on the wire. */
function additionalsOf({ additionals, edns, rcode }: DnsMessage): readonly ResourceRecord[] {
  return edns === undefined ? additionals : [...additionals, optRecord(edns, rcode)];
}

function printSections(message: DnsMessage, withAnswers: boolean): string {
  const { answers, authorities } = message;
  const additionals = additionalsOf(message);
  let out = withAnswers && answers.length > 0 ? ` an:${printRecords(answers, true)}` : '';
  if (authorities.length > 0) out += ` ns:${printRecords(authorities, true)}`;
  if (additionals.length > 0) out += ` ar:${printRecords(additionals, true)}`;
  return out;
}

function shownType(type: string): string {
  return type.startsWith('TYPE') ? `Type${type.slice(4)}` : type;
}

function shownClass(number: number): string {
  return number === CLASS_IN ? '' : ` ${CLASSES.get(number) ?? `Class${number}`}`;
}

function printQuestion(question: DnsQuestion): string {
  return ` ${shownType(question.type)}${shownClass(question.class)}? ${absolute(question.name)}`;
}

function printRecords(records: readonly ResourceRecord[], withNames: boolean): string {
  return records.map((record) => ` ${printRecord(record, withNames)}`).join(',');
}

function printRecord(record: ResourceRecord, withNames: boolean): string {
  const { type } = record;
  if (type === 'OPT') {
    const size = `OPT UDPsize=${record.class}${record.ttl & DNSSEC_OK ? ' DO' : ''}`;
    return withNames ? `. ${size}` : size;
  }
  const name = withNames ? `${absolute(record.name)}${shownClass(record.class)} ` : '';
  return `${name}${shownType(type)}${printData(record, withNames)}`;
}

function printData(record: ResourceRecord, withDetails: boolean): string {
  switch (record.type) {
    case 'A':
      return ` ${formatIpv4(record.address)}`;
    case 'MX':
      return ` ${absolute(record.exchange)} ${record.preference}`;
    case 'SRV':
      return ` ${absolute(record.target)}:${record.port} ${record.priority} ${record.weight}`;
    case 'SOA':
      return withDetails ? ` ${formatRecordData(record)}` : '';
    case 'AAAA':
    case 'NS':
    case 'CNAME':
    case 'DNAME':
    case 'PTR':
    case 'TXT':
      return ` ${formatRecordData(record)}`;
    default:
      return '';
  }
}
