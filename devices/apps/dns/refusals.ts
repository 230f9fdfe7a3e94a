/** What servers refuse before anybody looks for an answer: an rcode, or undefined for what is looked at. */
import {
  type DnsMessage,
  OPCODE_NOTIFY,
  OPCODE_QUERY,
  OPCODE_UPDATE,
  RCODE_FORMERR,
  RCODE_NOERROR,
  RCODE_NOTIMP,
  RCODE_REFUSED,
} from '../../stack/wire/dns.js';
import { CLASS_CH, CLASS_IN, typeNumber } from '../../stack/wire/dns-record.js';
import { isMetaType } from '../../stack/wire/dns-type.js';
import { ednsOption } from '../../stack/wire/edns.js';

/** By servers without zones to hand out or to change: all but one ordinary question of class IN. */
export function ordinaryRefusalOf(query: DnsMessage): number | undefined {
  if (query.opcode !== OPCODE_QUERY) return RCODE_NOTIMP;
  const problem = questionProblem(query);
  if (problem !== undefined) return problem;
  const [question] = query.questions;
  const isTransfer = question.type === 'AXFR' || question.type === 'IXFR';
  return question.class !== CLASS_IN || isTransfer ? RCODE_REFUSED : undefined;
}

/** By servers with zones: all that is neither a question nor NOTIFY nor UPDATE, one zone or question each. */
export function zoneRefusalOf(query: DnsMessage): number | undefined {
  if (![OPCODE_QUERY, OPCODE_NOTIFY, OPCODE_UPDATE].includes(query.opcode)) return RCODE_NOTIMP;
  const problem = questionProblem(query);
  if (problem !== undefined) return problem;
  const [question] = query.questions;
  // RFC 1996 section 3.3 leaves room for other types; BIND takes none.
  if (query.opcode === OPCODE_NOTIFY && question.type !== 'SOA') return RCODE_FORMERR;
  if (question.class === CLASS_IN) return undefined;
  return question.class === CLASS_CH && query.opcode === OPCODE_QUERY ? undefined : RCODE_REFUSED;
}

/** Anything but one question for a type that can be asked for. */
function questionProblem(query: DnsMessage): number | undefined {
  const [question] = query.questions;
  // RFC 7873 section 5.4: who has no question wants a cookie.
  const wantsCookie = query.opcode === OPCODE_QUERY && ednsOption(query, 'cookie') !== undefined;
  if (question === undefined) return wantsCookie ? RCODE_NOERROR : RCODE_FORMERR;
  if (query.questions.length > 1) return RCODE_FORMERR;
  const number = typeNumber(question.type);
  if (!isMetaType(number) || ['ANY', 'AXFR', 'IXFR'].includes(question.type)) return undefined;
  // As BIND answers the other metatypes.
  return number === MAILB || number === MAILA ? RCODE_NOTIMP : RCODE_FORMERR;
}

/** RFC 1035 section 3.2.3, long obsolete. */
const MAILB = 253;
const MAILA = 254;
