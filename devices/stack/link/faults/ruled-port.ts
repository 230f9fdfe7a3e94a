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
  private arrivals: readonly PacketRule[] = [];

  constructor(port: Port, options: RuledPortOptions) {
    this.port = port;
    this.options = options;
    this.out = new Passage(port, 'out', options.name);
    this.in = new Passage(port, 'in', options.name);
  }

  /** In the order in which packets meet them. A port that no rule concerns is left alone. */
  setRules(rules: readonly PortRule[]): void {
    const { external, owns } = this.options;
    this.rules = rules.filter(({ atOrigin }) => !atOrigin || owns !== undefined);
    this.arrivals = external ? rules.filter(({ atOrigin }) => atOrigin).map(({ rule }) => rule) : [];
    this.port.interceptor = this.rules.length + this.arrivals.length > 0 ? this : undefined;
  }

  leaving(packet: Uint8Array): void {
    let ownMade: boolean | undefined;
    for (const { rule, atOrigin } of this.rules) {
      if (rule.exhausted) continue;
      if (atOrigin) {
        ownMade ??= isOwnMade(packet, this.options.owns);
        if (!ownMade) continue;
      }
      if (rule.take(packet, this.out)) return;
    }
    this.port.launch(packet);
  }

  arriving(packet: Uint8Array): void {
    for (const rule of this.arrivals) if (rule.take(packet, this.in)) return;
    this.port.accept(packet);
  }
}

const IP_OFFSET = FRAME_OFFSET + ETHERNET_HEADER_LENGTH;
const IP_SOURCE_OFFSET = IP_OFFSET + 12;

/**
 * A machine with a stack sends all it makes from its own addresses, or, before it has one, from none (DHCP); what it
 * forwards has the address of others. What is no IP never crosses it, ARP for one.
 */
function isOwnMade(packet: Uint8Array, owns?: (address: Ipv4Address) => boolean): boolean {
  if (owns === undefined || packet.length < PACKET_OVERHEAD + ETHERNET_HEADER_LENGTH) return false;
  if (readU16(packet, IP_OFFSET - 2) !== ETHERTYPE_IPV4) return true;
  if (packet.length < PACKET_OVERHEAD + ETHERNET_HEADER_LENGTH + IPV4_HEADER_LENGTH) return false;
  const src = readU32(packet, IP_SOURCE_OFFSET);
  return src === ANY_ADDRESS || owns(src);
}
