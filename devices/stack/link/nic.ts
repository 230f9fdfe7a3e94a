/**
 * A network interface: a port with a MAC address. It drops what is addressed to others and sorts the rest by
 * EtherType; what the payload means is the business of the layer above.
 */
import { BROADCAST_MAC, isGroupMac, type MacAddress, readMac } from '../wire/address.js';
import { type EthernetFrame, emitPacket, FRAME_OFFSET, frameOf, parseEthernet } from '../wire/ethernet.js';
import { isMalformed } from '../wire/malformed.js';
import type { Port } from './port.js';

export type FrameHandler = (frame: EthernetFrame, nic: Nic) => void;

/** Smaller values of the type field are lengths: IEEE 802.3 section 3.2.6. */
const FIRST_ETHERTYPE = 0x0600;

export class Nic {
  readonly port: Port;
  readonly mac: MacAddress;
  private readonly handlers = new Map<number, FrameHandler>();

  /** Takes the port over: its `deliver` is this interface's. */
  constructor(port: Port, mac: MacAddress) {
    this.port = port;
    this.mac = mac;
    port.deliver = (packet) => this.receive(packet);
  }

  get name(): string {
    return this.port.name;
  }

  /** Largest payload of a frame in bytes. */
  get mtu(): number {
    return this.port.mtu;
  }

  /** One handler an EtherType. It may keep views of the payload, but must not write to them. */
  setHandler(etherType: number, handler: FrameHandler): void {
    this.handlers.set(etherType, handler);
  }

  /** Frames the payload (which is copied) with this interface's address as source, and sends it. */
  send(dst: MacAddress, etherType: number, payload: Uint8Array): void {
    this.port.send(emitPacket({ dst, src: this.mac, etherType, payload }, this.port.crc32));
  }

  private receive(packet: Uint8Array): void {
    const dst = readMac(packet, FRAME_OFFSET);
    if (dst !== this.mac && dst !== BROADCAST_MAC) {
      this.port.countDrop('in', isGroupMac(dst) ? 'multicast' : 'notForUs');
      return;
    }
    const frame = parseEthernet(frameOf(packet));
    if (isMalformed(frame)) {
      this.port.countDrop('in', 'runt');
      return;
    }
    const handler = this.handlers.get(frame.etherType);
    if (handler !== undefined) handler(frame, this);
    else this.port.countDrop('in', frame.etherType < FIRST_ETHERTYPE ? 'ieee8023Length' : 'unknownEtherType');
  }
}
