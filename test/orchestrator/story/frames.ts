/** Captures by hand: packets with true checksums, seen at the ends of links, and what devices told meanwhile. */
import type { CaptureInterface, DeviceKind, FetchResult, RouteRow, TraceDetail } from '../../../devices/control.js';
import { parseIpv4, parseMac } from '../../../devices/stack/wire/address.js';
import { type ArpPacket, emitArp } from '../../../devices/stack/wire/arp.js';
import { dissect } from '../../../devices/stack/wire/dissect.js';
import { type DnsMessage, emitDns } from '../../../devices/stack/wire/dns.js';
import { ETHERTYPE_ARP, ETHERTYPE_IPV4 } from '../../../devices/stack/wire/ethernet.js';
import { emitIcmp, type IcmpMessage } from '../../../devices/stack/wire/icmp.js';
import {
  emitIpv4,
  type Ipv4Packet,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from '../../../devices/stack/wire/ipv4.js';
import { ACK, emitTcp, FIN, PSH, RST, SYN, type TcpSegment } from '../../../devices/stack/wire/tcp.js';
import { emitUdp } from '../../../devices/stack/wire/udp.js';
import type { LabCapture, LabFrame, LabTrace } from '../../../orchestrator/capture/session.js';
import type { LabState } from '../../../orchestrator/lab/state.js';
import { Scene } from '../../../orchestrator/story/scene.js';
import { packetOf } from '../../support/packets.js';

export const ip = (text: string): number => parseIpv4(text) as number;
export const mac = (text: string): number => parseMac(text) as number;

/** One end of an IP conversation, and the MAC address that it has on this link. */
export interface Station {
  readonly mac: string;
  readonly ip: string;
  readonly port: number;
}

const FLAGS: Record<string, number> = { S: SYN, A: ACK, F: FIN, R: RST, P: PSH };

export interface SegmentText {
  /** Letters of SYN, ACK, FIN, RST, PSH: `SA` is a SYN-ACK. */
  readonly flags: string;
  readonly seq: number;
  readonly ack?: number;
  /** Text, or bytes. */
  readonly data?: string | Uint8Array;
  readonly mss?: number;
  /** Of its IP packet: what is sent again has another one. Default 1. */
  readonly identification?: number;
}

function ipPacket(from: Station, to: Station, change: Partial<Ipv4Packet> & { protocol: number; payload: Uint8Array }) {
  const packet: Ipv4Packet = {
    src: ip(from.ip),
    dst: ip(to.ip),
    ttl: 64,
    tos: 0,
    identification: 1,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    options: new Uint8Array(0),
    ...change,
  };
  return packetOf({ dst: mac(to.mac), src: mac(from.mac), etherType: ETHERTYPE_IPV4, payload: emitIpv4(packet) });
}

export function tcpPacket(from: Station, to: Station, text: SegmentText, ttl = 64): Uint8Array {
  const segment: TcpSegment = {
    srcPort: from.port,
    dstPort: to.port,
    seq: text.seq,
    ack: text.ack ?? 0,
    flags: [...text.flags].reduce((flags, letter) => flags | FLAGS[letter], 0),
    window: 65535,
    urgentPointer: 0,
    options: text.mss === undefined ? {} : { mss: text.mss },
    payload: typeof text.data === 'object' ? text.data : new TextEncoder().encode(text.data ?? ''),
  };
  const payload = emitTcp(segment, ip(from.ip), ip(to.ip));
  const { identification = 1 } = text;
  return ipPacket(from, to, { protocol: PROTOCOL_TCP, payload, ttl, identification });
}

export function dnsPacket(from: Station, to: Station, message: DnsMessage): Uint8Array {
  const datagram = { srcPort: from.port, dstPort: to.port, payload: emitDns(message) };
  return ipPacket(from, to, { protocol: PROTOCOL_UDP, payload: emitUdp(datagram, ip(from.ip), ip(to.ip)) });
}

export function icmpPacket(from: Station, to: Station, message: IcmpMessage): Uint8Array {
  return ipPacket(from, to, { protocol: PROTOCOL_ICMP, payload: emitIcmp(message) });
}

export function arpPacket(dst: string, arp: ArpPacket): Uint8Array {
  return packetOf({ dst: mac(dst), src: arp.senderMac, etherType: ETHERTYPE_ARP, payload: emitArp(arp) });
}

/** What is told of a scene; all else has a fitting default. */
export class SceneBuilder {
  readonly frames: LabFrame[] = [];
  readonly traces: LabTrace[] = [];
  readonly interfaces: CaptureInterface[] = [];
  private readonly devices = new Map<string, DeviceKind>();
  private readonly planned = new Map<string, string[]>();
  private readonly routes: RouteRow[] = [];
  private now = 0;

  /** A port: `client:eth0` with its addresses. Two of one link are its ends. */
  port(end: string, kind: DeviceKind, macText = '', addresses: readonly string[] = [], link = `${end} -- cable`): this {
    const [device, port] = end.split(':');
    this.devices.set(device, kind);
    this.interfaces.push({ device, port, link, mac: macText, addresses });
    return this;
  }

  /** A device of the lab of which nothing is captured, with an address that the topology gives it. */
  dead(device: string, address: string): this {
    this.devices.set(device, 'host');
    this.planned.set(device, [address]);
    return this;
  }

  route(row: Partial<RouteRow>): this {
    const plain = { destination: '0.0.0.0', genmask: '0.0.0.0', gateway: '', interface: 'eth0', metric: 0 };
    this.routes.push({ ...plain, flags: 'U', source: 'static', ...row });
    return this;
  }

  /** The present, in milliseconds since the fetch began. */
  at(now: number): this {
    this.now = now;
    return this;
  }

  /**
   * A packet that passed these ends, in this order, a tenth of a millisecond apart: `client:eth0 out`, with the reason if it
   * was dropped there and the mark of a fault that did it: `client:eth0 out impairmentLoss fault-1: loss 20%`.
   */
  seen(packet: Uint8Array, ...ends: string[]): this {
    for (const text of ends) {
      const [end, direction, dropped = '', ...fault] = text.split(' ');
      const interfaceIndex = this.interfaces.findIndex(({ device, port }) => `${device}:${port}` === end);
      if (interfaceIndex < 0) throw new Error(`no port ${end}`);
      const layers = dissect(packet);
      this.frames.push({
        n: this.frames.length + 1,
        at: START + this.now,
        device: this.interfaces[interfaceIndex].device,
        port: this.interfaces[interfaceIndex].port,
        interfaceIndex,
        direction: direction as 'in' | 'out',
        dropped,
        fault: fault.join(' '),
        packet,
        length: packet.length,
        layers,
        dataLength: layers.tcp?.payload.length ?? layers.udp?.payload.length ?? 0,
      });
      this.now = Math.round((this.now + 0.1) * 10) / 10;
    }
    return this;
  }

  told(device: string, detail: TraceDetail): this {
    this.traces.push({ device, event: { ...detail, at: START + this.now } });
    return this;
  }

  get capture(): LabCapture {
    const { interfaces, frames, traces } = this;
    return { interfaces, frames, traces, missed: 0, epochOffsetMs: Date.UTC(2026, 10, 22) };
  }

  build(client: string, result: Partial<FetchResult> = {}): Scene {
    const lab: LabState = {
      name: 'test',
      pid: 1,
      topology: 'test.yaml',
      defaultHost: client,
      startedAt: '2026-11-22T00:00:00.000Z',
      devices: [...this.devices].map(([name, kind]) => {
        return { name, kind, control: '', logFile: '', addresses: this.planned.get(name), pid: 1 };
      }),
    };
    const whole: FetchResult = {
      url: 'http://www.server.com/',
      finalUrl: 'http://www.server.com/',
      ok: true,
      status: 200,
      startAt: START,
      endAt: START + this.now,
      redirects: [],
      resources: [],
      lookups: [],
      connections: [],
      exchanges: [],
      title: '',
      text: '',
      ...result,
    };
    return new Scene(lab, client, whole, this.capture, this.routes);
  }
}

/** When the fetch began, on the lab's timeline. */
export const START = 5000;
