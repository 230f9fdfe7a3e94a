import type { Random } from '../../random.js';
import { ARP_LENGTH } from '../../wire/arp.js';
import { readU16 } from '../../wire/bytes.js';
import {
  ETHERNET_HEADER_LENGTH,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  FRAME_OFFSET,
  PACKET_OVERHEAD,
} from '../../wire/ethernet.js';
import { FCS_LENGTH, writeFcs } from '../../wire/fcs.js';
import { IPV4_HEADER_LENGTH } from '../../wire/ipv4.js';
import type { Action, ActionContext, Plan } from './action.js';
import type { Passage } from './passage.js';

const DATA_OFFSET = FRAME_OFFSET + ETHERNET_HEADER_LENGTH;

/** Flips bits behind the Ethernet header: each of them at most once, so that as many differ as were asked for. */
export class CorruptAction implements Action {
  private readonly bits: number;
  private readonly fixFcs: boolean;
  private readonly fault: string;
  private readonly random: Random;

  constructor(
    { bits = 1, fixFcs = false }: { readonly bits?: number; readonly fixFcs?: boolean },
    { fault, random }: ActionContext,
  ) {
    this.bits = bits;
    this.fixFcs = fixFcs;
    this.fault = fault;
    this.random = random.fork('bits');
  }

  plan(packet: Uint8Array, passage: Passage): Plan | undefined {
    if (packet.length <= ETHERNET_HEADER_LENGTH + PACKET_OVERHEAD) return undefined;
    return { run: () => passage.onward(this.damaged(packet, passage), this.fault) };
  }

  private damaged(packet: Uint8Array, { port }: Passage): Uint8Array {
    const damaged = packet.slice();
    const end = packet.length - FCS_LENGTH;
    // Where nothing but a checksum can tell, the flip must not fall into padding, which none covers.
    const last = this.fixFcs ? DATA_OFFSET + dataLength(packet, end - DATA_OFFSET) : packet.length;
    const available = (last - DATA_OFFSET) * 8;
    // Floyd's sampling: as many draws as bits, however many of them there are.
    const flipped = new Set<number>();
    for (let end = Math.max(0, available - this.bits); end < available; end++) {
      const drawn = this.random.below(end + 1);
      const bit = flipped.has(drawn) ? end : drawn;
      flipped.add(bit);
      damaged[DATA_OFFSET + (bit >>> 3)] ^= 1 << (bit & 7);
    }
    if (this.fixFcs) writeFcs(damaged, end, port.crc32(damaged.subarray(FRAME_OFFSET, end)));
    return damaged;
  }
}

/** Of a frame's data, without its padding. */
function dataLength(packet: Uint8Array, available: number): number {
  switch (readU16(packet, DATA_OFFSET - 2)) {
    case ETHERTYPE_IPV4: {
      const totalLength = readU16(packet, DATA_OFFSET + 2);
      return totalLength >= IPV4_HEADER_LENGTH && totalLength <= available ? totalLength : available;
    }
    case ETHERTYPE_ARP:
      return Math.min(ARP_LENGTH, available);
    default:
      return available;
  }
}
