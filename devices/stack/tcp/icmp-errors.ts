/** What an ICMP error means to TCP: RFC 1122 section 4.2.3.9, RFC 5461, RFC 5927, RFC 1191. */
import { type ErrorCode, StackError } from '../errors.js';
import { type SequenceNumber, seqAdd, seqGe, seqLt } from './control-block/seqnum.js';
import type { IcmpErrorReport } from './control-block/types.js';
import type { ConnectionMachine } from './machine.js';

const DESTINATION_UNREACHABLE = 3;
const TIME_EXCEEDED = 11;
const PARAMETER_PROBLEM = 12;
const FRAGMENTATION_NEEDED = 4;

/** Codes of "destination unreachable", in the meaning that Linux's `icmp_err_convert` gives them. */
const UNREACHABLE_CODES: readonly ErrorCode[] = [
  'ENETUNREACH', // 0 network
  'EHOSTUNREACH', // 1 host
  'ECONNREFUSED', // 2 protocol
  'ECONNREFUSED', // 3 port
  'EMSGSIZE', // 4 fragmentation needed: see below
  'EHOSTUNREACH', // 5 source route failed
  'ENETUNREACH', // 6 network unknown
  'EHOSTUNREACH', // 7 host unknown
  'EHOSTUNREACH', // 8 source host isolated
  'ENETUNREACH', // 9 network prohibited
  'EHOSTUNREACH', // 10 host prohibited
  'ENETUNREACH', // 11 network, for this type of service
  'EHOSTUNREACH', // 12 host, for this type of service
  'EHOSTUNREACH', // 13 prohibited by a filter
  'EHOSTUNREACH', // 14 host precedence
  'EHOSTUNREACH', // 15 precedence cutoff
];

const TEXTS: Partial<Record<ErrorCode, string>> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
};

/** What a connection that cannot go on reports; undefined when the message has nothing to say about that. */
export function errorOfIcmp(report: IcmpErrorReport): StackError | undefined {
  let code: ErrorCode | undefined;
  if (report.type === DESTINATION_UNREACHABLE && report.code !== FRAGMENTATION_NEEDED) {
    code = UNREACHABLE_CODES[report.code];
  } else if (report.type === TIME_EXCEEDED || report.type === PARAMETER_PROBLEM) code = 'EHOSTUNREACH';
  return code === undefined ? undefined : new StackError(code, TEXTS[code] ?? code);
}

/** RFC 1191 section 7.1: MTUs in use, for routers that do not tell theirs. */
const MTU_PLATEAUS = [32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68];
/** RFC 791: every link takes this much. Lower claims are not believed. */
const MIN_PATH_MTU = 68;

/** The MTU in bytes that "fragmentation needed" asks for, below `current`; undefined when that is not its content. */
export function mtuOfIcmp(report: IcmpErrorReport, current: number): number | undefined {
  if (report.type !== DESTINATION_UNREACHABLE || report.code !== FRAGMENTATION_NEEDED) return undefined;
  const told = report.mtu || (MTU_PLATEAUS.find((mtu) => mtu < current) ?? MIN_PATH_MTU);
  const mtu = Math.max(told, MIN_PATH_MTU);
  return mtu < current ? mtu : undefined;
}

/** `seq`: of the quoted segment. False, and counted, when no such segment is on its way. */
export function icmpErrorArrives(connection: ConnectionMachine, report: IcmpErrorReport, seq: SequenceNumber): boolean {
  const { tcb, sender } = connection;
  // RFC 5927 section 4.1: only what is on its way can have caused an error.
  if (seqLt(seq, tcb.sndUna) || seqGe(seq, seqAdd(tcb.sndNxt, 1))) {
    connection.context.counters.add('tcp.icmpIgnored');
    return false;
  }
  const mtu = mtuOfIcmp(report, sender.pathMtu.known);
  const error = errorOfIcmp(report);
  if (mtu !== undefined) {
    sender.pathMtuReduced(mtu);
    sender.flush();
  } else if (error !== undefined) {
    // As Linux: an attempt ends with the first error, a connection that works goes on and remembers it.
    const opening = tcb.state === 'SYN_SENT' || (tcb.state === 'SYN_RECV' && connection.listener !== undefined);
    if (opening) connection.end(error);
    else {
      connection.softError = error;
      connection.news.softError(error);
    }
  }
  return true;
}
