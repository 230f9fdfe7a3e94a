/**
 * Capture files in the pcapng format (draft-ietf-opsawg-pcapng): one section, one interface a link end, enhanced
 * packet blocks with direction, FCS length and, for frames that were dropped or that a fault had a hand in, a comment that says so. Secrets of TLS
 * connections come as decryption secrets blocks, before the packets that need them.
 */

import { FRAME_OFFSET } from '../../devices/stack/wire/ethernet.js';
import { FCS_LENGTH } from '../../devices/stack/wire/fcs.js';

const BLOCK_SECTION_HEADER = 0x0a0d0d0a;
const BLOCK_INTERFACE = 1;
const BLOCK_ENHANCED_PACKET = 6;
const BLOCK_DECRYPTION_SECRETS = 10;
/** `TLSK`: lines of an NSS key log file. */
const SECRETS_TLS_KEY_LOG = 0x544c534b;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const LINKTYPE_ETHERNET = 1;

const OPT_COMMENT = 1;
const SHB_USERAPPL = 4;
const IF_NAME = 2;
const IF_DESCRIPTION = 3;
const IF_IPV4ADDR = 4;
const IF_MACADDR = 6;
const IF_SPEED = 8;
const IF_TSRESOL = 9;
const IF_FCSLEN = 13;
const EPB_FLAGS = 2;
const EPB_DROPCOUNT = 4;

/** Timestamps count nanoseconds. */
const TIMESTAMP_RESOLUTION = 9;

export interface PcapInterface {
  /** `client:eth0` */
  readonly name: string;
  /** The link as written in the topology. */
  readonly description: string;
  /** 6 bytes; absent on ports without an address. */
  readonly mac?: Uint8Array;
  /** Each 8 bytes: address and mask. */
  readonly ipv4: readonly Uint8Array[];
  /** Bits per second, where it is limited. */
  readonly speedBps?: number;
}

export interface PcapPacket {
  readonly interfaceId: number;
  /** Nanoseconds since 1970. */
  readonly timestampNs: bigint;
  readonly direction: 'in' | 'out';
  /** Preamble to FCS; the preamble and the SFD are left out of the file. */
  readonly packet: Uint8Array;
  readonly comment?: string;
  /** Packets of this interface that are missing between the one before and this one. */
  readonly missing?: number;
}

interface Option {
  readonly code: number;
  readonly value: Uint8Array;
}

const encoder = new TextEncoder();

function padded(length: number): number {
  return (length + 3) & ~3;
}

function optionsLength(options: readonly Option[]): number {
  if (options.length === 0) return 0;
  return options.reduce((sum, { value }) => sum + 4 + padded(value.length), 4);
}

/** A block: type, total length, body, options, total length again. Little-endian, as the magic says. */
function block(
  type: number,
  bodyLength: number,
  options: readonly Option[],
  write: (body: DataView) => void,
): Uint8Array {
  const total = 12 + padded(bodyLength) + optionsLength(options);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, total, true);
  write(new DataView(bytes.buffer, 8, padded(bodyLength)));
  let at = 8 + padded(bodyLength);
  for (const { code, value } of options) {
    view.setUint16(at, code, true);
    view.setUint16(at + 2, value.length, true);
    bytes.set(value, at + 4);
    at += 4 + padded(value.length);
  }
  view.setUint32(total - 4, total, true);
  return bytes;
}

function text(code: number, value: string): Option {
  return { code, value: encoder.encode(value) };
}

function u64(code: number, value: number): Option {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(Math.round(value)), true);
  return { code, value: bytes };
}

/** `comment` is shown in the file's properties. */
export function sectionHeader(comment?: string): Uint8Array {
  const options = [text(SHB_USERAPPL, 'netarium')];
  if (comment !== undefined) options.push(text(OPT_COMMENT, comment));
  return block(BLOCK_SECTION_HEADER, 16, options, (body) => {
    body.setUint32(0, BYTE_ORDER_MAGIC, true);
    body.setUint16(4, 1, true);
    body.setUint16(6, 0, true);
    body.setBigInt64(8, -1n, true);
  });
}

export function interfaceDescription(description: PcapInterface): Uint8Array {
  const options: Option[] = [
    text(IF_NAME, description.name),
    text(IF_DESCRIPTION, description.description),
    ...description.ipv4.map((value) => ({ code: IF_IPV4ADDR, value })),
  ];
  if (description.mac !== undefined) options.push({ code: IF_MACADDR, value: description.mac });
  if (description.speedBps !== undefined) options.push(u64(IF_SPEED, description.speedBps));
  options.push({ code: IF_TSRESOL, value: Uint8Array.of(TIMESTAMP_RESOLUTION) });
  options.push({ code: IF_FCSLEN, value: Uint8Array.of(FCS_LENGTH) });
  return block(BLOCK_INTERFACE, 8, options, (body) => {
    body.setUint16(0, LINKTYPE_ETHERNET, true);
    body.setUint32(4, 0, true);
  });
}

/** Lines of an NSS key log file, each with its line feed: all packets after this block may need them. */
export function decryptionSecrets(keyLog: string): Uint8Array {
  const data = encoder.encode(keyLog);
  return block(BLOCK_DECRYPTION_SECRETS, 8 + data.length, [], (body) => {
    body.setUint32(0, SECRETS_TLS_KEY_LOG, true);
    body.setUint32(4, data.length, true);
    new Uint8Array(body.buffer, body.byteOffset + 8, data.length).set(data);
  });
}

/** epb_flags: bits 0–1 the direction, bits 5–8 the FCS length in bytes. */
function packetFlags(direction: 'in' | 'out'): Uint8Array {
  const flags = new Uint8Array(4);
  new DataView(flags.buffer).setUint32(0, (direction === 'in' ? 1 : 2) | (FCS_LENGTH << 5), true);
  return flags;
}

export function enhancedPacket(packet: PcapPacket): Uint8Array {
  const data = packet.packet.subarray(Math.min(FRAME_OFFSET, packet.packet.length));
  const options: Option[] = [{ code: EPB_FLAGS, value: packetFlags(packet.direction) }];
  if (packet.missing !== undefined && packet.missing > 0) options.push(u64(EPB_DROPCOUNT, packet.missing));
  if (packet.comment !== undefined) options.push(text(OPT_COMMENT, packet.comment));
  return block(BLOCK_ENHANCED_PACKET, 20 + data.length, options, (body) => {
    body.setUint32(0, packet.interfaceId, true);
    body.setUint32(4, Number(packet.timestampNs >> 32n), true);
    body.setUint32(8, Number(packet.timestampNs & 0xffffffffn), true);
    body.setUint32(12, data.length, true);
    body.setUint32(16, data.length, true);
    new Uint8Array(body.buffer, body.byteOffset + 20, data.length).set(data);
  });
}
