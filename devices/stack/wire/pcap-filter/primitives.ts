/** The tests of which expressions are made: hosts, networks, ports, protocols. */
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_VLAN } from '../ethernet.js';
import { PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from '../ipv4.js';
import type { FrameView } from './frame-view.js';

export type FrameTest = (frame: FrameView) => boolean;

/** Which of the two ends must fit: one of them, or both, or the one that is named. */
export type Side = 'src' | 'dst' | 'either' | 'both';

const PROTOCOL_SCTP = 132;
export const IP_PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: PROTOCOL_ICMP,
  igmp: 2,
  tcp: PROTOCOL_TCP,
  udp: PROTOCOL_UDP,
  esp: 50,
  ah: 51,
  sctp: PROTOCOL_SCTP,
};
export const ETHER_TYPES: Readonly<Record<string, number>> = {
  ip: ETHERTYPE_IPV4,
  arp: ETHERTYPE_ARP,
  rarp: 0x8035,
  ip6: 0x86dd,
};
/** Names of ports that occur here; those of UDP and TCP do not differ. */
export const PORT_NAMES: Readonly<Record<string, number>> = {
  echo: 7,
  discard: 9,
  daytime: 13,
  chargen: 19,
  ssh: 22,
  telnet: 23,
  domain: 53,
  bootps: 67,
  bootpc: 68,
  http: 80,
  https: 443,
};

function onSide(side: Side, src: FrameTest, dst: FrameTest): FrameTest {
  if (side === 'src') return src;
  if (side === 'dst') return dst;
  if (side === 'both') return (frame) => src(frame) && dst(frame);
  return (frame) => src(frame) || dst(frame);
}

/** An address at a fixed place behind the network header's beginning. */
function addressTest(tags: number, offset: number, address: number, mask: number): FrameTest {
  return (frame) => (frame.number(frame.networkAt(tags) + offset, 4) & mask) >>> 0 === address;
}

/** In IP packets, in ARP packets, or in both. */
export function networkTest(
  tags: number,
  side: Side,
  address: number,
  mask: number,
  of: 'ip' | 'arp' | 'any',
): FrameTest {
  const network = (address & mask) >>> 0;
  const inIp = onSide(side, addressTest(tags, 12, network, mask), addressTest(tags, 16, network, mask));
  const inArp = onSide(side, addressTest(tags, 14, network, mask), addressTest(tags, 24, network, mask));
  return (frame) => {
    const type = frame.etherType(tags);
    if (type === ETHERTYPE_IPV4) return of !== 'arp' && inIp(frame);
    return type === ETHERTYPE_ARP && of !== 'ip' && inArp(frame);
  };
}

export function macTest(side: Side, mac: number): FrameTest {
  return onSide(
    side,
    (frame) => frame.mac(6) === mac,
    (frame) => frame.mac(0) === mac,
  );
}

/** Of TCP, UDP and SCTP, or of one of them; ports from `low` to `high`. */
export function portTest(tags: number, side: Side, low: number, high: number, protocol: number | undefined): FrameTest {
  const protocols = protocol === undefined ? [PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP] : [protocol];
  const portAt =
    (offset: number): FrameTest =>
    (frame) => {
      const at = frame.transportAt(tags);
      if (at === undefined) return false;
      const port = frame.number(at + offset, 2);
      return port >= low && port <= high;
    };
  const fits = onSide(side, portAt(0), portAt(2));
  return (frame) => protocols.some((each) => frame.isIpProtocol(tags, each)) && fits(frame);
}

export function etherTypeTest(tags: number, type: number): FrameTest {
  return (frame) => frame.etherType(tags) === type;
}

export function ipProtocolTest(tags: number, protocol: number): FrameTest {
  return (frame) => frame.isIpProtocol(tags, protocol);
}

/** The tag behind so many others. */
export function vlanTest(tags: number, id: number | undefined): FrameTest {
  return (frame) =>
    frame.etherType(tags) === ETHERTYPE_VLAN &&
    (id === undefined || (frame.number(frame.networkAt(tags), 2) & 0xfff) === id);
}
