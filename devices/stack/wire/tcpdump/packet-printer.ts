/**
 * Packets as tcpdump prints them: one line each, more with more options. It reads what is there and refuses nothing;
 * addresses and ports stay numbers.
 */
import { formatIpv4, formatMac, readMac } from '../address.js';
import { ARP_LENGTH, ARP_REPLY, ARP_REQUEST } from '../arp.js';
import { readU16, readU32 } from '../bytes.js';
import {
  ETHERNET_HEADER_LENGTH,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_VLAN,
  frameOf,
  PACKET_OVERHEAD,
} from '../ethernet.js';
import { SequenceFlows } from './flows.js';
import { asciiDump, hexDump } from './hex-dump.js';
import type { PrintOptions } from './options.js';
import { printIp } from './print-ip.js';

export type { PrintOptions } from './options.js';

/** Below it is no EtherType but an IEEE 802.3 length. */
const FIRST_ETHERTYPE = 0x600;
const ETHERTYPE_NAMES = new Map([
  [ETHERTYPE_IPV4, 'IPv4'],
  [ETHERTYPE_ARP, 'ARP'],
  [ETHERTYPE_VLAN, '802.1Q'],
  [0x86dd, 'IPv6'],
]);

/** One for each capture: it remembers where connections began. */
export class PacketPrinter {
  private readonly options: PrintOptions;
  private readonly flows = new SequenceFlows();

  constructor(options: PrintOptions = {}) {
    this.options = options;
  }

  /**
   * Without the time, and without a line feed at the end; several lines where options ask for them.
   * @param packet preamble to FCS; any bytes at all
   */
  print(packet: Uint8Array): string {
    if (packet.length < PACKET_OVERHEAD + ETHERNET_HEADER_LENGTH) return `[|ether], length ${packet.length}`;
    const { linkLevel, dump, dumpLinkLevel, ascii } = this.options;
    const frame = frameOf(packet);
    const { text, payloadAt, isKnown } = this.describe(frame);
    const line = linkLevel || !isKnown ? `${linkHeader(frame, this.options)}${text}` : text;
    const shown = dumpLinkLevel ? frame : frame.subarray(payloadAt);
    if (dump !== undefined) return line + hexDump(shown, dump === 'text');
    const whole = isKnown || this.options.quiet ? line : line + hexDump(frame.subarray(payloadAt), true);
    return ascii ? whole + asciiDump(shown) : whole;
  }

  private describe(frame: Uint8Array): { text: string; payloadAt: number; isKnown: boolean } {
    let type = readU16(frame, 12);
    let payloadAt = ETHERNET_HEADER_LENGTH;
    let tags = '';
    while (type === ETHERTYPE_VLAN && payloadAt + 4 <= frame.length) {
      const tag = readU16(frame, payloadAt);
      type = readU16(frame, payloadAt + 2);
      payloadAt += 4;
      tags += `vlan ${tag & 0xfff}, p ${tag >>> 13}${tag & 0x1000 ? ', DEI' : ''}, ${typeText(type, this.options.quiet)}, `;
    }
    const { linkLevel } = this.options;
    const payload = frame.subarray(payloadAt);
    const before = linkLevel ? tags : '';
    if (type === ETHERTYPE_IPV4) {
      const text = `${before}${linkLevel ? '' : 'IP '}${printIp(payload, this.flows, this.options)}`;
      return { text, payloadAt, isKnown: true };
    }
    if (type === ETHERTYPE_ARP) {
      const text = `${before}${linkLevel ? '' : 'ARP, '}${printArp(payload, this.options)}`;
      return { text, payloadAt, isKnown: true };
    }
    return { text: tags, payloadAt, isKnown: false };
  }
}

/** With -q the name stands alone. */
function typeText(type: number, quiet = false): string {
  const name = ETHERTYPE_NAMES.get(type);
  const hex = `(0x${type.toString(16).padStart(4, '0')})`;
  if (quiet) return name ?? `Unknown Ethertype ${hex}`;
  return `ethertype ${name ?? 'Unknown'} ${hex}`;
}

function linkHeader(frame: Uint8Array, { quiet }: PrintOptions): string {
  const type = readU16(frame, 12);
  const addresses = `${formatMac(readMac(frame, 6))} > ${formatMac(readMac(frame, 0))}`;
  if (type < FIRST_ETHERTYPE) return `${addresses}, 802.3, length ${type}: `;
  return `${addresses}, ${typeText(type, quiet)}, length ${frame.length}: `;
}

function printArp(bytes: Uint8Array, { verbosity }: PrintOptions): string {
  if (bytes.length < ARP_LENGTH || readU32(bytes, 0) !== 0x00010800 || bytes[4] !== 6 || bytes[5] !== 4)
    return '[|ARP]';
  const operation = readU16(bytes, 6);
  const sender = formatIpv4(readU32(bytes, 14));
  const targetMac = readMac(bytes, 18);
  let out = verbosity ? 'Ethernet (len 6), IPv4 (len 4), ' : '';
  if (operation === ARP_REQUEST) {
    const known = targetMac === 0 ? '' : ` (${formatMac(targetMac)})`;
    out += `Request who-has ${formatIpv4(readU32(bytes, 24))}${known} tell ${sender}`;
  } else if (operation === ARP_REPLY) out += `Reply ${sender} is-at ${formatMac(readMac(bytes, 8))}`;
  else out += `Unknown (${operation})`;
  return `${out}, length ${bytes.length}`;
}
