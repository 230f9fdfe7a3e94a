/** Answers to DNS queries over UDP, with nothing in them but what they say. */
import { ANY_ADDRESS, isMulticast, LIMITED_BROADCAST } from '../../wire/address.js';
import {
  DNS_PORT,
  type DnsMessage,
  dnsResponse,
  emitDns,
  parseDns,
  RCODE_FORMERR,
  RCODE_NOERROR,
  RCODE_NOTIMP,
  RCODE_NXDOMAIN,
  RCODE_REFUSED,
  RCODE_SERVFAIL,
} from '../../wire/dns.js';
import { type Edns, edns, ednsOption } from '../../wire/edns.js';
import { PROTOCOL_UDP } from '../../wire/ipv4.js';
import { isMalformed } from '../../wire/malformed.js';
import { emitUdp, parseUdp, UDP_HEADER_LENGTH } from '../../wire/udp.js';
import type { Port } from '../port.js';
import { type Envelope, packetBack } from './envelope.js';

interface Outcome {
  readonly rcode: number;
  readonly truncated?: boolean;
}

/** RFC 1035 section 4.1.1; `truncated`: TC and nothing else, so that the client asks again over TCP. */
export const DNS_REPLIES = {
  noerror: { rcode: RCODE_NOERROR },
  formerr: { rcode: RCODE_FORMERR },
  servfail: { rcode: RCODE_SERVFAIL },
  nxdomain: { rcode: RCODE_NXDOMAIN },
  notimp: { rcode: RCODE_NOTIMP },
  refused: { rcode: RCODE_REFUSED },
  truncated: { rcode: RCODE_NOERROR, truncated: true },
} as const satisfies Readonly<Record<string, Outcome>>;
export type DnsReplyKind = keyof typeof DNS_REPLIES;

const IPV4_HEADER = 20;

/** Undefined for what is no query that a server would answer, or when the answer does not fit into one packet. */
export function dnsReply(envelope: Envelope, kind: DnsReplyKind, { mtu, crc32 }: Port): Uint8Array | undefined {
  const { ip } = envelope;
  if (ip.protocol !== PROTOCOL_UDP || ip.moreFragments || ip.fragmentOffset > 0) return undefined;
  if (ip.src === ANY_ADDRESS || isMulticast(ip.src) || isMulticast(ip.dst) || ip.dst === LIMITED_BROADCAST) {
    return undefined;
  }
  const datagram = parseUdp(ip.payload, ip.src, ip.dst);
  if (isMalformed(datagram) || datagram.dstPort !== DNS_PORT || datagram.srcPort === 0) return undefined;
  const query = parseDns(datagram.payload);
  if (isMalformed(query) || query.response) return undefined;
  const payload = emitDns(responseTo(query, DNS_REPLIES[kind]));
  if (IPV4_HEADER + UDP_HEADER_LENGTH + payload.length > mtu) return undefined;
  const answer = emitUdp({ srcPort: DNS_PORT, dstPort: datagram.srcPort, payload }, ip.dst, ip.src);
  return packetBack(envelope, { src: ip.dst, dst: ip.src, protocol: PROTOCOL_UDP, payload: answer }, crc32);
}

/** As of a server that recurses, when it is asked to; of one that is in charge of the name otherwise. */
function responseTo(query: DnsMessage, { rcode, truncated = false }: Outcome): DnsMessage {
  const { recursionDesired } = query;
  const knowsName = rcode === RCODE_NOERROR || rcode === RCODE_NXDOMAIN;
  return dnsResponse(query, {
    rcode,
    truncated,
    recursionAvailable: recursionDesired,
    authoritative: !recursionDesired && knowsName && !truncated,
    edns: query.edns && ednsOf(query.edns),
  });
}

/**
 * RFC 6891 section 7: who asks with OPT is answered with OPT. RFC 3225 section 3: DO is copied. RFC 7873 section 5.3: who
 * sends a cookie that the server gave it takes no answer without one.
 */
function ednsOf(query: Edns): Edns {
  const cookie = ednsOption({ edns: query }, 'cookie');
  const options = cookie !== undefined && cookie.server.length > 0 ? [cookie] : [];
  return edns({ dnssecOk: query.dnssecOk, options });
}
