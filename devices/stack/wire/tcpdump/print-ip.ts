/** IPv4 packets and what they carry. */
import { formatIpv4 } from '../address.js';
import { readU16, readU32 } from '../bytes.js';
import { finishSum, internetChecksum, partialSum, pseudoHeaderSum } from '../checksum.js';
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT } from '../dhcp.js';
import { DNS_PORT } from '../dns.js';
import { IPV4_HEADER_LENGTH, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from '../ipv4.js';
import { UDP_HEADER_LENGTH } from '../udp.js';
import type { SequenceFlows } from './flows.js';
import type { PrintOptions } from './options.js';
import { printDhcp } from './print-dhcp.js';
import { printDns } from './print-dns.js';
import { printIcmp } from './print-icmp.js';
import { printTcp } from './print-tcp.js';

const PROTOCOLS = new Map([
  [PROTOCOL_ICMP, 'ICMP'],
  [2, 'IGMP'],
  [PROTOCOL_TCP, 'TCP'],
  [PROTOCOL_UDP, 'UDP'],
  [47, 'GRE'],
  [50, 'ESP'],
  [51, 'AH'],
  [89, 'OSPF'],
  [132, 'SCTP'],
]);
const ECN = ['', ',ECT(1)', ',ECT(0)', ',CE'];
const OPTION_NAMES = new Map([
  [0, 'EOL'],
  [1, 'NOP'],
  [7, 'RR'],
  [68, 'TS'],
  [130, 'SECURITY'],
  [131, 'LSRR'],
  [137, 'SSRR'],
  [148, 'RA'],
]);

interface Datagram {
  readonly src: number;
  readonly dst: number;
  readonly payload: Uint8Array;
  /** Of the payload as the header tells it. */
  readonly length: number;
  /** Less is here: a quote, or a frame that ends too early. */
  readonly isCut: boolean;
  readonly isFragment: boolean;
}

/** `isQuoted`: in an ICMP error, which need not quote all. */
export function printIp(bytes: Uint8Array, flows: SequenceFlows, options: PrintOptions, isQuoted = false): string {
  if (bytes.length < IPV4_HEADER_LENGTH) return '[|ip]';
  const headerLength = (bytes[0] & 15) * 4;
  const totalLength = readU16(bytes, 2) || bytes.length;
  if (bytes[0] >>> 4 !== 4) return `wrong version ${bytes[0] >>> 4}`;
  if (headerLength < IPV4_HEADER_LENGTH) return `bad-hlen ${headerLength}`;
  if (totalLength < headerLength) return `bad-len ${totalLength}`;
  const missing = totalLength - bytes.length;
  let out = missing > 0 && !isQuoted ? `truncated-ip - ${missing} bytes missing! ` : '';
  if (options.verbosity) out += `${printHeader(bytes, headerLength, totalLength)}\n    `;
  const datagram: Datagram = {
    ...{ src: readU32(bytes, 12), dst: readU32(bytes, 16) },
    payload: bytes.subarray(headerLength, Math.min(totalLength, bytes.length)),
    length: totalLength - headerLength,
    isCut: missing > 0,
    isFragment: (readU16(bytes, 6) & 0x2000) !== 0,
  };
  const isLater = (readU16(bytes, 6) & 0x1fff) !== 0;
  return out + (isLater ? printOther(bytes[9], datagram, true) : printCarried(bytes[9], datagram, flows, options));
}

function printHeader(bytes: Uint8Array, headerLength: number, totalLength: number): string {
  const tos = bytes[1];
  const bits = readU16(bytes, 6);
  const flags = [bits & 0x2000 ? '+' : '', bits & 0x4000 ? 'DF' : '', bits & 0x8000 ? 'rsvd' : ''].filter(Boolean);
  const protocol = PROTOCOLS.get(bytes[9]) ?? 'unknown';
  let out = `(tos 0x${tos.toString(16)}${ECN[tos & 3]}`;
  if (bytes[8] > 0) out += `, ttl ${bytes[8]}`;
  out += `, id ${readU16(bytes, 4)}, offset ${(bits & 0x1fff) * 8}, flags [${flags.join(', ') || 'none'}]`;
  out += `, proto ${protocol} (${bytes[9]}), length ${totalLength}`;
  const header = bytes.subarray(0, headerLength);
  if (headerLength > IPV4_HEADER_LENGTH) out += `, options (${printOptions(header.subarray(IPV4_HEADER_LENGTH))})`;
  if (internetChecksum(header) !== 0 && header.length === headerLength) {
    const copy = header.slice();
    copy.fill(0, 10, 12);
    out += `, bad cksum ${readU16(bytes, 10).toString(16)} (->${internetChecksum(copy).toString(16)})!`;
  }
  return `${out})`;
}

function printOptions(bytes: Uint8Array): string {
  const names: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    names.push(OPTION_NAMES.get(bytes[at]) ?? `unknown ${bytes[at]}`);
    if (bytes[at] === 0) break;
    if (bytes[at] === 1) at += 1;
    else if (!(bytes[at + 1] >= 2)) break;
    else at += bytes[at + 1];
  }
  return names.join(',');
}

function printCarried(protocol: number, datagram: Datagram, flows: SequenceFlows, options: PrintOptions): string {
  const { src, dst, payload, length, isCut } = datagram;
  if (protocol === PROTOCOL_ICMP) {
    const quote = (bytes: Uint8Array) => printIp(bytes, flows, options, true);
    return `${formatIpv4(src)} > ${formatIpv4(dst)}: ${printIcmp(payload, options, isCut || datagram.isFragment, length, quote)}`;
  }
  if ((protocol !== PROTOCOL_TCP && protocol !== PROTOCOL_UDP) || payload.length < 4) {
    return printOther(protocol, datagram, false);
  }
  const from = `${formatIpv4(src)}.${readU16(payload, 0)}`;
  const to = `${formatIpv4(dst)}.${readU16(payload, 2)}`;
  if (protocol === PROTOCOL_UDP) return `${from} > ${to}: ${printUdp(datagram, options)}`;
  const sum = isCut || datagram.isFragment ? undefined : pseudoHeaderSum(src, dst, protocol, length);
  return `${from} > ${to}: ${printTcp(payload, { from, to, pseudoHeaderSum: sum, length, flows }, options)}`;
}

function printOther(protocol: number, { src, dst, length }: Datagram, isFragment: boolean): string {
  return `${formatIpv4(src)} > ${formatIpv4(dst)}: ${isFragment ? '' : ' '}ip-proto-${protocol}${isFragment ? '' : ` ${length}`}`;
}

function printUdp(datagram: Datagram, options: PrintOptions): string {
  const { payload, isCut, isFragment } = datagram;
  if (payload.length < UDP_HEADER_LENGTH) return '[|udp]';
  const length = readU16(payload, 4);
  if (length < UDP_HEADER_LENGTH) return `truncated-udplength ${length}`;
  const data = payload.subarray(UDP_HEADER_LENGTH, length);
  const checksum = (options.verbosity ?? 0) > 1 && !isCut && !isFragment ? printUdpChecksum(datagram, length) : '';
  const ports = [readU16(payload, 0), readU16(payload, 2)];
  if (!options.quiet && !isFragment) {
    if (ports.includes(DNS_PORT)) return checksum + printDns(data, options, isCut);
    if (ports.includes(DHCP_SERVER_PORT) || ports.includes(DHCP_CLIENT_PORT)) {
      return checksum + printDhcp(data, options);
    }
  }
  return `${checksum}UDP, length ${length - UDP_HEADER_LENGTH}`;
}

function printUdpChecksum({ src, dst, payload }: Datagram, length: number): string {
  const found = readU16(payload, 6);
  if (found === 0) return '[no cksum] ';
  const copy = payload.slice(0, length);
  const pseudo = pseudoHeaderSum(src, dst, PROTOCOL_UDP, length);
  if (finishSum(partialSum(copy, pseudo)) === 0) return '[udp sum ok] ';
  copy.fill(0, 6, 8);
  const [wrong, right] = [found, finishSum(partialSum(copy, pseudo))].map((sum) => sum.toString(16).padStart(4, '0'));
  return `[bad udp cksum 0x${wrong} -> 0x${right}!] `;
}
