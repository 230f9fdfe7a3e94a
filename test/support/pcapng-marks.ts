/** What a capture file says of each frame: the end of the link, the direction, the comment with the mark of a fault. */

export interface MarkedPacket {
  /** `client:eth0` */
  readonly on: string;
  readonly direction: 'in' | 'out';
  /** Empty when there is none. */
  readonly comment: string;
}

const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const OPT_COMMENT = 1;
const IF_NAME = 2;
const EPB_FLAGS = 2;

/** Of a little-endian file with one section (draft-ietf-opsawg-pcapng, section 4). */
export function markedPackets(file: Uint8Array): MarkedPacket[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const names: string[] = [];
  const packets: MarkedPacket[] = [];
  for (let at = 0; at < file.length; at += view.getUint32(at + 4, true)) {
    const type = view.getUint32(at, true);
    const end = at + view.getUint32(at + 4, true) - 4;
    if (type === INTERFACE_DESCRIPTION) names.push(text(options(file, at + 16, end).get(IF_NAME)));
    if (type !== ENHANCED_PACKET) continue;
    const length = view.getUint32(at + 20, true);
    const found = options(file, at + 28 + length + (-length & 3), end);
    packets.push({
      on: names[view.getUint32(at + 8, true)],
      direction: ((found.get(EPB_FLAGS)?.[0] ?? 0) & 3) === 1 ? 'in' : 'out',
      comment: text(found.get(OPT_COMMENT)),
    });
  }
  return packets;
}

function options(file: Uint8Array, start: number, end: number): Map<number, Uint8Array> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const found = new Map<number, Uint8Array>();
  for (let at = start; at + 4 <= end; ) {
    const code = view.getUint16(at, true);
    const length = view.getUint16(at + 2, true);
    if (code === 0) break;
    found.set(code, file.subarray(at + 4, at + 4 + length));
    at += 4 + length + (-length & 3);
  }
  return found;
}

function text(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : new TextDecoder().decode(bytes);
}
