/** A frame as libpcap's filters see it: offsets from the outermost headers, never those that an ICMP error quotes. */
import { readU16, readU32 } from '../bytes.js';
import { ETHERNET_HEADER_LENGTH, ETHERTYPE_IPV4, FRAME_OFFSET } from '../ethernet.js';
import { FCS_LENGTH } from '../fcs.js';
import { IPV4_HEADER_LENGTH } from '../ipv4.js';

export class FrameView {
  private readonly bytes: Uint8Array;
  private readonly end: number;
  /** Something was read that is not there: such a frame does not match, whatever else holds. */
  outOfBounds = false;

  /** @param packet preamble to FCS; any bytes at all */
  constructor(packet: Uint8Array) {
    this.bytes = packet;
    this.end = Math.max(FRAME_OFFSET, packet.length - FCS_LENGTH);
  }

  /** Without the FCS. */
  get length(): number {
    return this.end - FRAME_OFFSET;
  }

  /** Behind so many 802.1Q tags. */
  etherType(tags: number): number {
    return this.number(FRAME_OFFSET + 12 + 4 * tags, 2);
  }

  networkAt(tags: number): number {
    return FRAME_OFFSET + ETHERNET_HEADER_LENGTH + 4 * tags;
  }

  isIp(tags: number): boolean {
    return this.etherType(tags) === ETHERTYPE_IPV4;
  }

  isIpProtocol(tags: number, protocol: number): boolean {
    return this.isIp(tags) && this.number(this.networkAt(tags) + 9, 1) === protocol;
  }

  /** Where the transport header is; undefined in fragments but the first. */
  transportAt(tags: number): number | undefined {
    const at = this.networkAt(tags);
    if ((this.number(at + 6, 2) & 0x1fff) !== 0) return undefined;
    return at + Math.max(IPV4_HEADER_LENGTH, (this.number(at, 1) & 15) * 4);
  }

  /** 0 for what is not there, and {@link outOfBounds} is set. */
  number(at: number, width: 1 | 2 | 4): number {
    if (at < FRAME_OFFSET || at + width > this.end) {
      this.outOfBounds = true;
      return 0;
    }
    if (width === 1) return this.bytes[at];
    return width === 2 ? readU16(this.bytes, at) : readU32(this.bytes, at);
  }

  /** `offset` from the beginning of the frame: 0 the destination's, 6 the source's. */
  mac(offset: number): number {
    const at = FRAME_OFFSET + offset;
    return this.number(at, 2) * 0x100000000 + this.number(at + 2, 4);
  }
}
