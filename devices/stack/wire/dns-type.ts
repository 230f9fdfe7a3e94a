/**
 * What kinds of DNS records there are, and classes (RFC 1035 sections 3.2.2 to 3.2.5, RFC 3597 section 5 for kinds without a
 * name here).
 */

/** Types whose data are kept as bytes: DNSSEC's (RFC 4034), and service bindings (RFC 9460), which browsers ask for. */
export type OpaqueType = 'DS' | 'RRSIG' | 'NSEC' | 'DNSKEY' | 'SVCB' | 'HTTPS';

/** `TYPE99` is how RFC 3597 section 5 writes a type without a name. */
export type RecordType =
  | ('A' | 'NS' | 'CNAME' | 'SOA' | 'PTR' | 'HINFO' | 'MX' | 'TXT' | 'AAAA')
  | ('SRV' | 'NAPTR' | 'DNAME' | 'CAA' | 'OPT')
  | OpaqueType
  | `TYPE${number}`;
/** What may be asked for: types, and the transfers and wildcards of RFC 1035 section 3.2.3. */
export type QuestionType = RecordType | 'ANY' | 'AXFR' | 'IXFR';

export const CLASS_IN = 1;
export const CLASS_CH = 3;
/** RFC 2136 section 2.4: "is not there", "goes". */
export const CLASS_NONE = 254;
export const CLASS_ANY = 255;

const TYPE_NUMBERS = new Map<QuestionType, number>([
  ['A', 1],
  ['NS', 2],
  ['CNAME', 5],
  ['SOA', 6],
  ['PTR', 12],
  ['HINFO', 13],
  ['MX', 15],
  ['TXT', 16],
  ['AAAA', 28],
  ['SRV', 33],
  ['NAPTR', 35],
  ['DNAME', 39],
  ['OPT', 41],
  ['DS', 43],
  ['RRSIG', 46],
  ['NSEC', 47],
  ['DNSKEY', 48],
  ['SVCB', 64],
  ['HTTPS', 65],
  ['IXFR', 251],
  ['AXFR', 252],
  ['ANY', 255],
  ['CAA', 257],
]);
const TYPE_NAMES = new Map([...TYPE_NUMBERS].map(([name, number]) => [number, name]));

export function typeNumber(type: QuestionType): number {
  return TYPE_NUMBERS.get(type) ?? Number(type.slice(4));
}

export function typeName(number: number): QuestionType {
  return TYPE_NAMES.get(number) ?? `TYPE${number}`;
}

/** RFC 6895 section 3.1: 0, OPT and what only questions and signatures of messages have: no data of any zone. */
export function isMetaType(number: number): boolean {
  return number === 0 || number === TYPE_NUMBERS.get('OPT') || (number >= 128 && number <= 255);
}

/** `a`, `MX`, `type99`; undefined for an unknown word. */
export function typeFromText(text: string): QuestionType | undefined {
  const upper = text.toUpperCase();
  if (TYPE_NUMBERS.has(upper as QuestionType)) return upper as QuestionType;
  const match = /^TYPE(0|[1-9]\d{0,4})$/.exec(upper);
  if (match === null || Number(match[1]) > 0xffff) return undefined;
  return typeName(Number(match[1]));
}

/** Those with a name, for messages. */
export function typeNames(): string[] {
  return [...TYPE_NUMBERS.keys()];
}
