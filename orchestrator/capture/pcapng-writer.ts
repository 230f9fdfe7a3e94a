/**
 * A capture in the pcapng format, block by block, in the order in which things become known: interfaces may come
 * between frames. It makes bytes and holds none; where they go is the caller's.
 */
import type { CaptureInterface } from '../../devices/control.js';
import { parseCidr, parseMac, prefixMask, writeMac } from '../../devices/stack/wire/address.js';
import { writeU32 } from '../../devices/stack/wire/bytes.js';
import { frameMark, type MarkedFrame } from './frame-mark.js';
import {
  decryptionSecrets,
  enhancedPacket,
  interfaceDescription,
  type PcapInterface,
  sectionHeader,
} from './pcapng.js';

export interface WrittenFrame extends MarkedFrame {
  readonly interfaceId: number;
  /** On the lab's timeline. */
  readonly at: number;
  readonly direction: 'in' | 'out';
  /** Preamble to FCS. */
  readonly packet: Uint8Array;
  /** Frames of this interface that are not in the file, between the one before and this one. */
  readonly missing?: number;
}

export class PcapngWriter {
  private readonly epochOffsetNs: bigint;
  private readonly ids = new Map<string, number>();

  /** `epochOffsetMs`: milliseconds since 1970 at the zero of the timeline. */
  constructor(epochOffsetMs: number) {
    this.epochOffsetNs = BigInt(Math.round(epochOffsetMs * 1e6));
  }

  /** Comes first. */
  header(comment?: string): Uint8Array {
    return sectionHeader(comment);
  }

  /** The number of a link end, the same for as long as the file lasts; with the block that tells of it when it is new. */
  interface(description: CaptureInterface): { readonly id: number; readonly block?: Uint8Array } {
    const { device, port } = description;
    const known = this.ids.get(`${device}:${port}`);
    if (known !== undefined) return { id: known };
    const id = this.ids.size;
    this.ids.set(`${device}:${port}`, id);
    return { id, block: interfaceDescription(pcapInterface(description)) };
  }

  /** Lines of an NSS key log; before the frames that they decrypt. */
  secrets(lines: readonly string[]): Uint8Array {
    return decryptionSecrets(lines.map((line) => `${line}\n`).join(''));
  }

  frame(frame: WrittenFrame): Uint8Array {
    const { interfaceId, at, direction, packet, missing } = frame;
    const mark = frameMark(frame);
    return enhancedPacket({
      interfaceId,
      // Added as whole numbers: a number of today's nanoseconds since 1970 is exact to 256 only.
      timestampNs: this.epochOffsetNs + BigInt(Math.round(at * 1e6)),
      direction,
      packet,
      comment: mark === '' ? undefined : mark,
      missing,
    });
  }
}

/** The system's wall clock at the zero of its monotonic one, in milliseconds since 1970. */
export function epochOffsetMs(): number {
  return performance.timeOrigin + performance.now() - Number(process.hrtime.bigint()) / 1e6;
}

export function pcapInterface({ device, port, link, mac, addresses, rateBps }: CaptureInterface): PcapInterface {
  const macNumber = parseMac(mac);
  let macBytes: Uint8Array | undefined;
  if (macNumber !== undefined) {
    macBytes = new Uint8Array(6);
    writeMac(macBytes, 0, macNumber);
  }
  const ipv4 = addresses.flatMap((text) => {
    const cidr = parseCidr(text);
    if (cidr === undefined) return [];
    const bytes = new Uint8Array(8);
    writeU32(bytes, 0, cidr.address);
    writeU32(bytes, 4, prefixMask(cidr.prefixLength));
    return [bytes];
  });
  return { name: `${device}:${port}`, description: link, mac: macBytes, ipv4, speedBps: rateBps };
}
