/**
 * One DHCP program on a stack of its own, and on the other end of the cable a peer that says what it is told to and
 * keeps what it hears. Time is moved by hand.
 */

import { Network } from '../../../devices/net/network.js';
import type { CounterOf } from '../../../devices/stack/counter-names.js';
import type { UdpEndpoint } from '../../../devices/stack/transport/udp-endpoint.js';
import { formatIpv4, LIMITED_BROADCAST, parseIpv4 } from '../../../devices/stack/wire/address.js';
import {
  BOOTREPLY,
  BOOTREQUEST,
  type DhcpMessage,
  dhcpTypeName,
  emitDhcp,
  formatDhcp,
  parseDhcp,
} from '../../../devices/stack/wire/dhcp.js';
import { parseIpv4Packet } from '../../../devices/stack/wire/ipv4.js';
import { isMalformed } from '../../../devices/stack/wire/malformed.js';
import { parseUdp } from '../../../devices/stack/wire/udp.js';
import { ethernetOf } from '../../support/packets.js';
import { StackNode } from '../../support/stack-node.js';
import { Wiring } from '../../support/wiring.js';

export function ip(text: string): number {
  const address = parseIpv4(text);
  if (address === undefined) throw new Error(`not an address: ${text}`);
  return address;
}

/** A DHCP message on the wire, with what carried it. */
export interface Heard {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly frameTo: number;
  readonly message: DhcpMessage;
}

export class DhcpBench {
  readonly wiring = new Wiring();
  /** Where the tested program runs. */
  readonly node: StackNode;
  readonly network: Network;
  readonly peer: StackNode;
  private readonly endpoint: UdpEndpoint;

  constructor(nodeAddresses: readonly string[], peerAddress: string, peerPort: number) {
    this.node = this.wiring.attach(new StackNode({ name: 'node', addresses: nodeAddresses }));
    this.peer = this.wiring.attach(new StackNode({ name: 'peer', addresses: [peerAddress] }));
    this.wiring.link('node:eth0', 'peer:eth0', { delayMs: 1 });
    const now = () => this.wiring.now;
    this.network = new Network(this.node.stack, { now, wallClock: now, wake: () => {} });
    this.endpoint = this.peer.stack.udp.bind({ address: 0, port: peerPort, nic: this.peer.stack.nics[0] });
    this.endpoint.onDatagram = () => {};
  }

  /** Runs for so long. */
  pass(ms: number): void {
    this.wiring.runSync(this.wiring.now + ms);
  }

  /** The peer sends bytes to the port, by broadcast unless told otherwise. */
  saysBytes(payload: Uint8Array, port: number, to = formatIpv4(LIMITED_BROADCAST)): void {
    this.peer.call(this.wiring.now, () => this.endpoint.send(payload, { address: ip(to), port }, { broadcast: true }));
    this.pass(5);
  }

  says(message: Partial<DhcpMessage> & Pick<DhcpMessage, 'type'>, port: number, to?: string): void {
    this.saysBytes(emitDhcp(wholeMessage(message, this.peer.mac())), port, to);
  }

  /** All DHCP messages that the tested program has sent since the last look. */
  heard(): Heard[] {
    const frames = this.wiring.frames.filter(({ from }) => from === 'node:eth0').slice(this.seen);
    this.seen += frames.length;
    return frames.flatMap(({ at, packet }) => {
      const frame = ethernetOf(packet);
      if (frame === undefined) return [];
      const datagram = parseIpv4Packet(frame.payload);
      if (isMalformed(datagram) || datagram.protocol !== 17) return [];
      const udp = parseUdp(datagram.payload, datagram.src, datagram.dst);
      if (isMalformed(udp)) throw new Error(udp.malformed);
      const message = parseDhcp(udp.payload);
      if (isMalformed(message)) throw new Error(message.malformed);
      const from = `${formatIpv4(datagram.src)}:${udp.srcPort}`;
      return [{ at, from, to: `${formatIpv4(datagram.dst)}:${udp.dstPort}`, frameTo: frame.dst, message }];
    });
  }

  /** The same as lines: `DISCOVER 0.0.0.0:68 > 255.255.255.255:67`. */
  said(): string[] {
    return this.heard().map(({ from, to, message }) => `${dhcpTypeName(message.type)} ${from} > ${to}`);
  }

  /** For failure messages. */
  describe(): string[] {
    return this.heard().map(({ at, from, to, message }) => `${at} ${from} > ${to} ${formatDhcp(message)}`);
  }

  count(name: CounterOf<'dhcp'>): number {
    return this.node.stack.counters.get(`dhcp.${name}`);
  }

  private seen = 0;
}

export function wholeMessage(message: Partial<DhcpMessage> & Pick<DhcpMessage, 'type'>, mac: number): DhcpMessage {
  return {
    op: [2, 5, 6].includes(message.type) ? BOOTREPLY : BOOTREQUEST,
    hops: 0,
    transactionId: 1,
    seconds: 0,
    broadcast: false,
    clientAddress: 0,
    yourAddress: 0,
    serverAddress: 0,
    relayAddress: 0,
    clientMac: mac,
    options: {},
    ...message,
  };
}
