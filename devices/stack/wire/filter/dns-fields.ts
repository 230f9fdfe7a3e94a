/** Fields of DNS messages, over UDP, and over TCP where a whole message lies in one segment. */
import { type DnsMessage, parseDns } from '../dns.js';
import { type QuestionType, type ResourceRecord, typeNumber } from '../dns-record.js';
import { optRecord } from '../edns.js';
import { isMalformed } from '../malformed.js';
import { type Field, FieldMaker, type Value } from './field.js';
import type { Layer, PacketView } from './packet-view.js';

const dns = new FieldMaker('dns');

const TYPE_NAMES: Record<string, number> = Object.fromEntries(
  ['A', 'NS', 'CNAME', 'SOA', 'PTR', 'HINFO', 'MX', 'TXT', 'AAAA', 'OPT'].map((type) => [
    type,
    typeNumber(type as QuestionType),
  ]),
);
const RCODE_NAMES = {
  'No error': 0,
  'Format error': 1,
  'Server failure': 2,
  'No such name': 3,
  'Not implemented': 4,
  Refused: 5,
};

/** What the codec makes of the message, once a packet; undefined for one that it refuses. */
function dnsMessage(view: PacketView, layer: Layer): DnsMessage | undefined {
  layer.parsed ??= parseDns(view.bytes.subarray(layer.at, layer.end));
  return isMalformed(layer.parsed) ? undefined : (layer.parsed as DnsMessage);
}

function flag(name: string, mask: number, description: string): Field {
  return dns.number(`dns.flags.${name}`, 'boolean', [2, 2], description, { mask });
}

/** What a question has the bits for, but nothing to say with them. */
function ofAnswers(field: Field): Field {
  return {
    ...field,
    some: (view, layer, test) => (view.bytes[layer.at + 2] & 0x80) !== 0 && field.some(view, layer, test),
  };
}

/** Wireshark writes the root as `<Root>`. */
function shownName(name: string): string {
  return name === '.' ? '<Root>' : name;
}

function ofQuestions(
  name: string,
  type: Field['type'],
  description: string,
  read: (question: DnsMessage['questions'][number]) => Value,
  valueNames?: Readonly<Record<string, number>>,
): Field {
  return dns.read(
    name,
    type,
    description,
    (view, layer, test) => dnsMessage(view, layer)?.questions.some((question) => test(read(question))) ?? false,
    valueNames,
  );
}

/** Of the records of all sections for which `read` gives a value. */
function ofRecords(
  name: string,
  type: Field['type'],
  description: string,
  read: (record: ResourceRecord) => Value | undefined,
  valueNames?: Readonly<Record<string, number>>,
): Field {
  const some = (records: readonly ResourceRecord[], test: (value: Value) => boolean) =>
    records.some((record) => {
      const value = read(record);
      return value !== undefined && test(value);
    });
  return dns.read(
    name,
    type,
    description,
    (view, layer, test) => {
      const message = dnsMessage(view, layer);
      if (message === undefined) return false;
      const { answers, authorities, additionals, edns, rcode } = message;
      const opt = edns === undefined ? [] : [optRecord(edns, rcode)];
      return [answers, authorities, additionals, opt].some((section) => some(section, test));
    },
    valueNames,
  );
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

export const DNS_FIELDS: readonly Field[] = [
  dns.layer('Domain Name System'),
  dns.number('dns.id', 'uint16', [0, 2], 'transaction'),
  dns.number('dns.flags', 'uint16', [2, 2], 'all flags as a number'),
  flag('response', 0x8000, 'answer (1) or question (0)'),
  dns.number('dns.flags.opcode', 'uint16', [2, 2], 'operation, 0 for a query', { mask: 0x7800 }),
  ofAnswers(flag('authoritative', 0x0400, 'the server is an authority for the name')),
  flag('truncated', 0x0200, 'the answer did not fit'),
  flag('recdesired', 0x0100, 'recursion is wanted'),
  ofAnswers(flag('recavail', 0x0080, 'recursion is offered')),
  ofAnswers(flag('authenticated', 0x0020, 'the data was verified (DNSSEC)')),
  flag('checkdisable', 0x0010, 'unverified data is welcome (DNSSEC)'),
  ofAnswers(
    dns.number('dns.flags.rcode', 'uint16', [2, 2], 'result: 0 no error, 2 server failure, 3 no such name, 5 refused', {
      mask: 0x000f,
      valueNames: RCODE_NAMES,
    }),
  ),
  dns.number('dns.count.queries', 'uint16', [4, 2], 'number of questions'),
  dns.number('dns.count.answers', 'uint16', [6, 2], 'number of answer records'),
  dns.number('dns.count.auth_rr', 'uint16', [8, 2], 'number of authority records'),
  dns.number('dns.count.add_rr', 'uint16', [10, 2], 'number of additional records'),
  ofQuestions('dns.qry.name', 'string', 'name in the question', ({ name }) => shownName(name)),
  ofQuestions('dns.qry.type', 'uint16', 'type in the question', ({ type }) => typeNumber(type), TYPE_NAMES),
  ofQuestions('dns.qry.class', 'uint16', 'class in the question', (question) => question.class),
  ofRecords('dns.resp.name', 'string', 'names of the records', ({ name }) => shownName(name)),
  ofRecords('dns.resp.type', 'uint16', 'types of the records', ({ type }) => typeNumber(type), TYPE_NAMES),
  ofRecords('dns.resp.ttl', 'uint32', 'times to live of the records, seconds', (record) =>
    record.type === 'OPT' ? undefined : record.ttl,
  ),
  ofRecords('dns.a', 'ipv4', 'addresses of A records', (record) => (record.type === 'A' ? record.address : undefined)),
  ofRecords('dns.aaaa', 'ipv6', 'addresses of AAAA records', (record) =>
    record.type === 'AAAA' ? record.address : undefined,
  ),
  ofRecords('dns.cname', 'string', 'names of CNAME records', (record) =>
    record.type === 'CNAME' ? shownName(record.target) : undefined,
  ),
  ofRecords('dns.ns', 'string', 'name servers of NS records', (record) =>
    record.type === 'NS' ? shownName(record.target) : undefined,
  ),
  ofRecords('dns.ptr.domain_name', 'string', 'names of PTR records', (record) =>
    record.type === 'PTR' ? shownName(record.target) : undefined,
  ),
  ofRecords('dns.mx.mail_exchange', 'string', 'mail servers of MX records', (record) =>
    record.type === 'MX' ? shownName(record.exchange) : undefined,
  ),
  ofRecords('dns.mx.preference', 'uint16', 'preferences of MX records', (record) =>
    record.type === 'MX' ? record.preference : undefined,
  ),
  ofRecords('dns.soa.mname', 'string', 'first name server of SOA records', (record) =>
    record.type === 'SOA' ? shownName(record.mname) : undefined,
  ),
  ofRecords('dns.soa.serial_number', 'uint32', 'serial number of SOA records', (record) =>
    record.type === 'SOA' ? record.serial : undefined,
  ),
  dns.read('dns.txt', 'string', 'strings of TXT records', (view, layer, test) => {
    const message = dnsMessage(view, layer);
    if (message === undefined) return false;
    return [message.answers, message.authorities, message.additionals].some((records) =>
      records.some((record) => record.type === 'TXT' && record.strings.some((bytes) => test(latin1(bytes)))),
    );
  }),
];
