/**
 * Something that is not ours, as small as can be: one address behind a UDP port, bare Ethernet frames, ARP and echo. What
 * it sends it makes itself; it shares with the devices the codecs alone.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Test } from 'tap';
import { BROADCAST_MAC, type Ipv4Address, type MacAddress, parseIpv4 } from '../../devices/stack/wire/address.js';
import { ARP_REPLY, ARP_REQUEST, emitArp, parseArp } from '../../devices/stack/wire/arp.js';
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  type EthernetFrame,
  emitEthernet,
  parseEthernet,
} from '../../devices/stack/wire/ethernet.js';
import { emitIcmp, ICMP_ECHO_REPLY, ICMP_ECHO_REQUEST, parseIcmp } from '../../devices/stack/wire/icmp.js';
import { emitIpv4, PROTOCOL_ICMP, parseIpv4Packet } from '../../devices/stack/wire/ipv4.js';
import { isMalformed } from '../../devices/stack/wire/malformed.js';

const HOST = '127.0.0.1';

export class ForeignPeer {
  readonly mac: MacAddress;
  readonly ip: Ipv4Address;
  /** `IP:PORT`, of this end and of the device's. */
  readonly local: string;
  readonly remote: string;
  /** Who has answered an ARP request or an echo request of this peer, in order. */
  readonly heard: string[] = [];
  private readonly socket: Socket;
  private readonly devicePort: number;
  private readonly neighbors = new Map<Ipv4Address, MacAddress>();
  private woken: () => void = () => {};

  private constructor(socket: Socket, devicePort: number, ip: string) {
    this.socket = socket;
    this.devicePort = devicePort;
    this.ip = parseIpv4(ip) ?? 0;
    this.mac = 0x020000000000 + (this.ip & 0xff);
    this.local = `${HOST}:${socket.address().port}`;
    this.remote = `${HOST}:${devicePort}`;
    socket.on('message', (datagram) => this.received(new Uint8Array(datagram)));
  }

  /** With a free UDP port for the device to listen on. */
  static async open(t: Test, ip: string): Promise<ForeignPeer> {
    const [socket, placeholder] = [createSocket('udp4'), createSocket('udp4')];
    for (const one of [socket, placeholder]) {
      one.bind(0, HOST);
      await once(one, 'listening');
    }
    const { port } = placeholder.address();
    placeholder.close();
    t.teardown(() => socket.close());
    return new ForeignPeer(socket, port, ip);
  }

  /** Resolves when `ip` has answered by ARP and then an echo request, each asked for until it is answered. */
  async ping(ip: string): Promise<void> {
    const target = parseIpv4(ip) ?? 0;
    await this.ask(`arp ${target}`, () =>
      this.send(BROADCAST_MAC, ETHERTYPE_ARP, emitArp(this.arp(ARP_REQUEST, 0, target))),
    );
    await this.ask(`echo ${target}`, () => this.echo(target, ICMP_ECHO_REQUEST, 7, Uint8Array.of(1, 2, 3)));
  }

  private async ask(answer: string, send: () => void): Promise<void> {
    const again = setInterval(send, 500);
    send();
    while (!this.heard.includes(answer)) {
      await new Promise<void>((resolve) => {
        this.woken = resolve;
      });
    }
    clearInterval(again);
  }

  private received(datagram: Uint8Array): void {
    const frame = parseEthernet(datagram);
    if (isMalformed(frame) || (frame.dst !== this.mac && frame.dst !== BROADCAST_MAC)) return;
    if (frame.etherType === ETHERTYPE_ARP) this.receivedArp(frame);
    if (frame.etherType === ETHERTYPE_IPV4) this.receivedIp(frame);
    this.woken();
  }

  private receivedArp({ payload }: EthernetFrame): void {
    const arp = parseArp(payload);
    if (isMalformed(arp) || arp.targetIp !== this.ip) return;
    this.neighbors.set(arp.senderIp, arp.senderMac);
    if (arp.operation === ARP_REPLY) this.heard.push(`arp ${arp.senderIp}`);
    else this.send(arp.senderMac, ETHERTYPE_ARP, emitArp(this.arp(ARP_REPLY, arp.senderMac, arp.senderIp)));
  }

  private receivedIp({ payload }: EthernetFrame): void {
    const ip = parseIpv4Packet(payload);
    if (isMalformed(ip) || ip.dst !== this.ip || ip.protocol !== PROTOCOL_ICMP) return;
    const icmp = parseIcmp(ip.payload);
    if (isMalformed(icmp)) return;
    if (icmp.type === ICMP_ECHO_REPLY) this.heard.push(`echo ${ip.src}`);
    if (icmp.type === ICMP_ECHO_REQUEST) this.echo(ip.src, ICMP_ECHO_REPLY, icmp.rest, icmp.body);
  }

  private echo(dst: Ipv4Address, type: number, rest: number, body: Uint8Array): void {
    const packet = emitIpv4({
      src: this.ip,
      dst,
      protocol: PROTOCOL_ICMP,
      ttl: 64,
      tos: 0,
      identification: 0,
      dontFragment: false,
      moreFragments: false,
      fragmentOffset: 0,
      options: new Uint8Array(0),
      payload: emitIcmp({ type, code: 0, rest, body }),
    });
    this.send(this.neighbors.get(dst) ?? BROADCAST_MAC, ETHERTYPE_IPV4, packet);
  }

  private arp(operation: number, targetMac: MacAddress, targetIp: Ipv4Address) {
    return { operation, senderMac: this.mac, senderIp: this.ip, targetMac, targetIp };
  }

  private send(dst: MacAddress, etherType: number, payload: Uint8Array): void {
    this.socket.send(emitEthernet({ dst, src: this.mac, etherType, payload }), this.devicePort, HOST);
  }
}
