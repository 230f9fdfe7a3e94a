/** A port whose packets rules judge: the first rule that takes one decides; what none takes goes its usual way. */
import { ANY_ADDRESS, type Ipv4Address } from '../../wire/address.js';
import { readU16, readU32 } from '../../wire/bytes.js';
import { ETHERNET_HEADER_LENGTH, ETHERTYPE_IPV4, FRAME_OFFSET, PACKET_OVERHEAD } from '../../wire/ethernet.js';
import { IPV4_HEADER_LENGTH } from '../../wire/ipv4.js';
import type { Interceptor, Port } from '../port.js';
import { Passage } from './passage.js';
import type { PacketRule } from './rule.js';

export interface PortRule {
  readonly rule: PacketRule;
  /** Only what this device made, or what arrives from something external: each packet once in the whole network. */
  readonly atOrigin: boolean;
}

export interface RuledPortOptions {
  /** As captures name the port: `client:eth0`. */
  readonly name: string;
  /** What is at the other end is not ours: what arrives is judged here, as nobody else does it. */
  readonly external: boolean;
  /** Whether an address is the device's own; absent on those that make no packets, switches and hubs. */
  readonly owns?: (address: Ipv4Address) => boolean;
}

export class RuledPort implements Interceptor {
  readonly port: Port;
  private readonly options: RuledPortOptions;
  private readonly out: Passage;
  private readonly in: Passage;
  private rules: readonly PortRule[] = [];

  constructor(port: Port, options: RuledPortOptions) {
    this.port = port;
    this.options = options;
    this.out = new Passage(port, 'out', options.name);
    this.in = new Passage(port, 'in', options.name);
  }

  /** In the order in which packets meet them. A port that none of them concerns is left alone. */
  setRules(rules: readonly PortRule[]): void {
    const { external, owns } = this.options;
    this.rules = rules.filter(({ atOrigin }) => !atOrigin || external || owns !== undefined);
    this.port.interceptor = this.rules.length > 0 ? this : undefined;
  }

  /** The port has gone. */
  close(): void {
    for (const { rule } of this.rules) {
      rule.forget(this.out);
      rule.forget(this.in);
    }
    this.setRules([]);
  }

  leaving(packet: Uint8Array): void {
    const { external, owns } = this.options;
    let ownMade: boolean | undefined;
    for (const { rule, atOrigin } of this.rules) {
      if (rule.isOver) continue;
      if (atOrigin) ownMade ??= isOwnMade(packet, owns);
      if (!atOrigin || ownMade) {
        if (rule.take(packet, this.out)) return;
      } else if (external && rule.observes) rule.observe(packet, this.out);
    }
    this.port.launch(packet);
  }

  arriving(packet: Uint8Array): void {
    for (const { rule, atOrigin } of this.rules) {
      if (rule.isOver) continue;
      if (atOrigin && this.options.external) {
        if (rule.take(packet, this.in)) return;
      } else if (rule.observes && (!atOrigin || this.isForUs(packet))) rule.observe(packet, this.in);
    }
    this.port.accept(packet);
  }

  /** What is only handed on need not be looked at: its ends do. */
  private isForUs(packet: Uint8Array): boolean {
    const { owns } = this.options;
    return owns !== undefined && hasIpv4Header(packet) && owns(readU32(packet, IP_DESTINATION_OFFSET));
  }
}

const IP_OFFSET = FRAME_OFFSET + ETHERNET_HEADER_LENGTH;
const IP_SOURCE_OFFSET = IP_OFFSET + 12;
const IP_DESTINATION_OFFSET = IP_OFFSET + 16;

/**
 * A machine with a stack sends all it makes from its own addresses, or, before it has one, from none (DHCP); what it
 * forwards has the address of others. What is no IP never crosses it, ARP for one.
 */
function isOwnMade(packet: Uint8Array, owns?: (address: Ipv4Address) => boolean): boolean {
  if (owns === undefined || packet.length < PACKET_OVERHEAD + ETHERNET_HEADER_LENGTH) return false;
  if (readU16(packet, IP_OFFSET - 2) !== ETHERTYPE_IPV4) return true;
  if (!hasIpv4Header(packet)) return false;
  const src = readU32(packet, IP_SOURCE_OFFSET);
  return src === ANY_ADDRESS || owns(src);
}

function hasIpv4Header(packet: Uint8Array): boolean {
  return (
    packet.length >= PACKET_OVERHEAD + ETHERNET_HEADER_LENGTH + IPV4_HEADER_LENGTH &&
    readU16(packet, IP_OFFSET - 2) === ETHERTYPE_IPV4
  );
}
