/** ICMP errors about a packet (RFC 792, RFC 1812 section 4.3): as a router on its way, or its receiver, would send them. */
import { type Ipv4Address, isLoopback, isMulticast, LIMITED_BROADCAST } from '../../wire/address.js';
import type { Crc32 } from '../../wire/fcs.js';
import {
  EXCEEDED_IN_TRANSIT,
  emitIcmp,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  isIcmpError,
  MAX_QUOTE_LENGTH,
  tosOfError,
  UNREACHABLE_ADMIN_PROHIBITED,
  UNREACHABLE_HOST,
  UNREACHABLE_NET,
  UNREACHABLE_PORT,
} from '../../wire/icmp.js';
import { emitIpv4, PROTOCOL_ICMP } from '../../wire/ipv4.js';
import { type Envelope, packetBack } from './envelope.js';

/** The upper four bits of class D and class E, RFC 1112 section 4. */
const MULTICAST_AND_ABOVE = 0xe;

interface IcmpError {
  readonly type: number;
  readonly code: number;
  /** The receiver itself says so, not a router before it. */
  readonly fromReceiver?: boolean;
}

export const ICMP_REPLIES = {
  'net-unreachable': { type: ICMP_UNREACHABLE, code: UNREACHABLE_NET },
  'host-unreachable': { type: ICMP_UNREACHABLE, code: UNREACHABLE_HOST },
  'port-unreachable': { type: ICMP_UNREACHABLE, code: UNREACHABLE_PORT, fromReceiver: true },
  'admin-prohibited': { type: ICMP_UNREACHABLE, code: UNREACHABLE_ADMIN_PROHIBITED },
  'time-exceeded': { type: ICMP_TIME_EXCEEDED, code: EXCEEDED_IN_TRANSIT },
} as const satisfies Readonly<Record<string, IcmpError>>;

/** Undefined for what no error may be sent about: RFC 1122 section 3.2.2, RFC 1812 section 4.3.2.7. */
export function icmpReply(
  envelope: Envelope,
  error: IcmpError,
  crc32: Crc32,
  gatewayTo?: (dst: Ipv4Address) => Ipv4Address | undefined,
): Uint8Array | undefined {
  if (!mayReport(envelope)) return undefined;
  const { type, code, fromReceiver = false } = error;
  const { ip } = envelope;
  const payload = emitIcmp({ type, code, rest: 0, body: quoteOf(envelope, type) });
  // Where no router is known, as on a switch, or on the receiver's own link, it is the receiver that refuses.
  const src = (fromReceiver ? undefined : gatewayTo?.(ip.dst)) ?? ip.dst;
  return packetBack(envelope, { src, dst: ip.src, protocol: PROTOCOL_ICMP, payload, tos: tosOfError(ip.tos) }, crc32);
}

/** Whose time to live is over, had 1 left when it reached the router that says so. */
function quoteOf({ ip, ipBytes }: Envelope, type: number): Uint8Array {
  const bytes = type === ICMP_TIME_EXCEEDED ? emitIpv4({ ...ip, ttl: 1 }) : ipBytes;
  return bytes.subarray(0, MAX_QUOTE_LENGTH);
}

/** Group addresses of the link are not among envelopes in the first place. */
function mayReport({ ip }: Envelope): boolean {
  const { src, dst, protocol, payload, fragmentOffset } = ip;
  if (fragmentOffset > 0) return false;
  if (dst === LIMITED_BROADCAST || isMulticast(dst)) return false;
  // A source that is no single host: of net 0, a loopback, a multicast, class E with the limited broadcast.
  if (src >>> 24 === 0 || isLoopback(src) || src >>> 28 >= MULTICAST_AND_ABOVE) return false;
  return protocol !== PROTOCOL_ICMP || (payload.length > 0 && !isIcmpError(payload[0]));
}
