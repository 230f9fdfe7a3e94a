/**
 * How packets (preamble to FCS, as ports have them) become UDP datagrams and back, one class an encapsulation. What
 * is said of a peer that cannot be ours: it may pad frames, it may send what nobody here understands, and it must
 * never be sent anything but frames. An empty datagram ends QEMU's network device.
 */

import type { TunnelConfig } from '../control.js';
import type { DropReason } from '../stack/drop-reasons.js';
import { checkPacket, ETHERNET_HEADER_LENGTH, emitEthernet, frameOf, packetFromFrame } from '../stack/wire/ethernet.js';
import type { Crc32 } from '../stack/wire/fcs.js';
import { isMalformed } from '../stack/wire/malformed.js';
import { MAX_DATAGRAM_LENGTH, readRecords, recordLength, writeRecord } from '../stack/wire/native.js';
import { parseVxlan, vxlanHeader } from '../stack/wire/vxlan.js';

/** A datagram to send, in one piece or several, and how many frames are lost with it. */
export interface Datagram {
  readonly bytes: Uint8Array | readonly Uint8Array[];
  readonly frames: number;
}

export interface Encapsulation {
  /** False when the peer may send from any port: then the kernel cannot tell it from others. */
  readonly peerPortIsFixed: boolean;
  /** Sent when the socket is open, so that a peer that waits notices; absent where the peer need not be told. */
  readonly greeting?: Uint8Array;
  /** Asks whether the peer is there, without having it do anything; absent where the kernel does not report refusals. */
  readonly probe?: Uint8Array;
  /** The packets of one turn. `drop` gets the reason of each that cannot be sent. */
  wrap(packets: readonly Uint8Array[], drop: (reason: DropReason) => void): Datagram[];
  /** Hands on each packet in a datagram. Returns the reason when there is none in it, or not only such. */
  unwrap(datagram: Uint8Array, deliver: (packet: Uint8Array) => void): DropReason | undefined;
}

export function encapsulationOf({ encapsulation, vni = 0 }: TunnelConfig, crc32: Crc32): Encapsulation {
  if (encapsulation === 'udp') return new BareFrames(crc32);
  return encapsulation === 'vxlan' ? new Vxlan(vni, crc32) : new NativeRecords();
}

/** Between our own devices: all packets of a turn ride in as few datagrams as they fit into. */
class NativeRecords implements Encapsulation {
  readonly peerPortIsFixed = true;
  readonly greeting = new Uint8Array(0);
  readonly probe = new Uint8Array(0);

  wrap(packets: readonly Uint8Array[]): Datagram[] {
    const datagrams: Datagram[] = [];
    for (let first = 0; first < packets.length; ) {
      let length = recordLength(packets[first]);
      let next = first + 1;
      while (next < packets.length && length + recordLength(packets[next]) <= MAX_DATAGRAM_LENGTH) {
        length += recordLength(packets[next]);
        next += 1;
      }
      const bytes = Buffer.allocUnsafe(length);
      for (let at = 0, i = first; i < next; i++) at = writeRecord(bytes, at, packets[i]);
      datagrams.push({ bytes, frames: next - first });
      first = next;
    }
    return datagrams;
  }

  unwrap(datagram: Uint8Array, deliver: (packet: Uint8Array) => void): DropReason | undefined {
    return readRecords(datagram, deliver) ? undefined : 'badRecord';
  }
}

/** Addressed to the bridge next door alone (IEEE 802.1D table 7-10), of the type for local experiments: nobody minds. */
const PROBE_FRAME = emitEthernet({
  dst: 0x0180c200000e,
  src: 0x020000000000,
  etherType: 0x88b5,
  payload: new Uint8Array(0),
});

/** One bare frame a datagram: QEMU's `-netdev dgram`, VPCS, ubridge, dynamips. */
class BareFrames implements Encapsulation {
  readonly peerPortIsFixed = true;
  readonly probe = PROBE_FRAME;
  private readonly crc32: Crc32;

  constructor(crc32: Crc32) {
    this.crc32 = crc32;
  }

  wrap(packets: readonly Uint8Array[], drop: (reason: DropReason) => void): Datagram[] {
    return soundFrames(packets, this.crc32, drop).map((bytes) => ({ bytes, frames: 1 }));
  }

  unwrap(datagram: Uint8Array, deliver: (packet: Uint8Array) => void): DropReason | undefined {
    // From a device of ours.
    if (PROBE_FRAME.length === datagram.length && PROBE_FRAME.every((byte, i) => byte === datagram[i]))
      return undefined;
    return deliverFrame(datagram, this.crc32, deliver);
  }
}

/** RFC 7348, one frame a datagram; section 5 has the peer's source port vary with the flow inside. */
class Vxlan implements Encapsulation {
  readonly peerPortIsFixed = false;
  private readonly vni: number;
  private readonly header: Uint8Array;
  private readonly crc32: Crc32;

  constructor(vni: number, crc32: Crc32) {
    this.vni = vni;
    this.header = vxlanHeader(vni);
    this.crc32 = crc32;
  }

  wrap(packets: readonly Uint8Array[], drop: (reason: DropReason) => void): Datagram[] {
    return soundFrames(packets, this.crc32, drop).map((frame) => ({ bytes: [this.header, frame], frames: 1 }));
  }

  unwrap(datagram: Uint8Array, deliver: (packet: Uint8Array) => void): DropReason | undefined {
    const vxlan = parseVxlan(datagram);
    if (isMalformed(vxlan)) return 'badEncapsulation';
    if (vxlan.vni !== this.vni) return 'wrongVni';
    return deliverFrame(vxlan.frame, this.crc32, deliver);
  }
}

/** The wire ends here, with its FCS: what an impairment has damaged on the way must not come out as if it were sound. */
function soundFrames(packets: readonly Uint8Array[], crc32: Crc32, drop: (reason: DropReason) => void): Uint8Array[] {
  return packets.flatMap((packet) => {
    const fault = checkPacket(packet, Number.POSITIVE_INFINITY, crc32);
    if (fault === undefined) return [frameOf(packet)];
    drop(fault);
    return [];
  });
}

/** Padded and with a new FCS; whether it is too long is the port's to say. */
function deliverFrame(frame: Uint8Array, crc32: Crc32, deliver: (packet: Uint8Array) => void): DropReason | undefined {
  if (frame.length < ETHERNET_HEADER_LENGTH) return 'runt';
  deliver(packetFromFrame(frame, crc32));
  return undefined;
}
