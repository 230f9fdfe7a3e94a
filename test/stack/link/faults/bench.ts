/** One port under rules: what is sent and what arrives, and what comes of it. */
import { Timers } from '../../../../devices/stack/clock.js';
import { PacketRule, type RuleOptions } from '../../../../devices/stack/link/faults/rule.js';
import { RuledPort, type RuledPortOptions } from '../../../../devices/stack/link/faults/ruled-port.js';
import { Port } from '../../../../devices/stack/link/port.js';
import type { RuleAction } from '../../../../devices/stack/packet-faults.js';
import { Random } from '../../../../devices/stack/random.js';
import { compileFilter, isFilterError } from '../../../../devices/stack/wire/filter/filter.js';

export function ruleOf(filter: string, action: RuleAction, more: Partial<RuleOptions> = {}): PacketRule {
  const compiled = compileFilter(filter);
  if (isFilterError(compiled)) throw new Error(compiled.message);
  return new PacketRule({ fault: 'fault-1: x', filter: compiled, action, random: new Random('rule'), ...more });
}

export class RuleBench {
  readonly timers = new Timers();
  readonly port: Port;
  /** What left, and what was handed to the owner. */
  readonly sent: Uint8Array[] = [];
  readonly delivered: Uint8Array[] = [];
  /** `out chaosDrop fault-1: x`: what a capture shows, without the packets. */
  readonly seen: string[] = [];
  private readonly ruledPort: RuledPort;

  /** The rules judge all that leaves, unless they are said to be of what the device makes. */
  constructor(rules: readonly PacketRule[], { atOrigin = false, ...options }: BenchOptions = {}) {
    this.port = new Port({ name: 'eth0', random: new Random('port'), timers: this.timers });
    this.port.transmit = (packet) => this.sent.push(packet);
    this.port.deliver = (packet) => this.delivered.push(packet);
    this.port.addTap((_packet, direction, dropped, _at, fault) => {
      this.seen.push([direction, dropped || 'passes', fault].join(' ').trim());
    });
    this.ruledPort = new RuledPort(this.port, { name: 'a:eth0', external: false, ...options });
    this.ruledPort.setRules(rules.map((rule) => ({ rule, atOrigin })));
  }

  at(now: number): void {
    this.timers.advance(now);
  }
}

export type BenchOptions = Partial<RuledPortOptions> & { readonly atOrigin?: boolean };
