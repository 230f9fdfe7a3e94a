/** Which records cannot be together in one zone (RFC 1034 section 3.6.2, RFC 6672 section 2.4). */
import { type ResourceRecord, typeNumber } from './dns-record.js';
import { recordDataKey } from './dns-record-text.js';
import { isMetaType, type QuestionType } from './dns-type.js';

/** Of which a name has at most one record. */
export const SINGLE_TYPES: ReadonlySet<string> = new Set(['SOA', 'CNAME', 'DNAME']);

/**
 * What tells of an alias itself stands beside it: signatures and denials (RFC 4034 sections 3 and 4), and their forerunners
 * SIG, KEY and NXT (RFC 2181 section 10.1).
 */
const BESIDE_ALIAS: ReadonlySet<string> = new Set(['RRSIG', 'NSEC', 'TYPE24', 'TYPE25', 'TYPE30']);

/** By type: a set of types, or what has types as its keys. */
type Types = Pick<ReadonlySet<string>, 'has' | 'keys'>;

/** Whether records of this type and those of `types` are an alias and other data of one name. */
export function clashesWithAlias(type: string, types: Types): boolean {
  if (BESIDE_ALIAS.has(type)) return false;
  if (type !== 'CNAME') return types.has('CNAME');
  return [...types.keys()].some((other) => other !== 'CNAME' && !BESIDE_ALIAS.has(other));
}

/**
 * Why a record cannot be in a zone, if so. `types`: of the records that its name has already; `first`: one of those of a
 * type. The same record again is no conflict.
 */
export function conflictOf(
  record: ResourceRecord,
  isApex: boolean,
  types: Types,
  first: (type: QuestionType) => ResourceRecord | undefined,
): string | undefined {
  const { type } = record;
  if (isMetaType(typeNumber(type))) return "this is no type of a zone's records (RFC 6895 section 3.1)";
  if (type === 'SOA' && !isApex) return 'an SOA record stands only at the zone itself';
  if (type === 'CNAME' && isApex) return 'the zone itself cannot be an alias (RFC 1034 section 3.6.2)';
  if (clashesWithAlias(type, types)) {
    return `a ${type === 'CNAME' ? 'CNAME beside other records' : 'record beside a CNAME'} (RFC 1034 section 3.6.2)`;
  }
  const known = SINGLE_TYPES.has(type) ? first(type) : undefined;
  if (known === undefined || recordDataKey(known) === recordDataKey(record)) return undefined;
  return type === 'SOA' ? 'a zone has one SOA record' : `a name has one ${type} record (${SINGLE_SECTIONS.get(type)})`;
}

const SINGLE_SECTIONS = new Map([
  ['CNAME', 'RFC 2181 section 10.1'],
  ['DNAME', 'RFC 6672 section 2.4'],
]);
