/**
 * What chaos has ordered of this device (devices/control/chaos.ts): rules on its ports, faults on its links, how fast it
 * works and how its clock runs. Each call hands over all that is to be in force; what was there before goes on undisturbed.
 */
import type { Machine } from '../apps/machine.js';
import {
  type ChaosOrders,
  type ClockOrder,
  checkChaosOrders,
  type FaultRow,
  invalidParams,
  type RpcParams,
  type RuleOrder,
} from '../control.js';
import type { Instant } from '../stack/clock.js';
import type { Claim } from '../stack/link/faults/choice.js';
import { PacketRule } from '../stack/link/faults/rule.js';
import { RuledPort } from '../stack/link/faults/ruled-port.js';
import type { LinkFaultCounts } from '../stack/link/impairment/settings.js';
import type { Port } from '../stack/link/port.js';
import { Random } from '../stack/random.js';
import { compileFilter, isFilterError } from '../stack/wire/filter/filter.js';

export interface DeviceChaosParts {
  readonly machine: Machine;
  /** Whether what a port leads to is not ours. */
  readonly isExternal: (port: Port) => boolean;
  /** Numbers that several devices draw from one folder; left out: rules count for themselves. */
  readonly claims?: (folder: string) => Claim;
  /** Works as on a CPU of 1/factor of the speed; 1 is its own. */
  readonly setSlowness?: (factor: number) => void;
  /** Undefined: the clock is right. */
  readonly setClock?: (order: ClockOrder | undefined) => void;
  /** The present of the machine. */
  readonly now: () => Instant;
  /** Deadlines may have moved. */
  readonly wake?: () => void;
}

interface InstalledRule {
  readonly order: RuleOrder;
  readonly rule: PacketRule;
}

const NO_ORDERS: ChaosOrders = { links: [], rules: [] };

export class DeviceChaos {
  private readonly parts: DeviceChaosParts;
  private orders = NO_ORDERS;
  /** By what was ordered, in its order. */
  private rules = new Map<string, InstalledRule>();
  private readonly ports = new Map<Port, RuledPort>();

  constructor(parts: DeviceChaosParts) {
    this.parts = parts;
    for (const port of parts.machine.ports) this.addPort(port);
  }

  /** All of it, or, when something is wrong with it, nothing: throws an RpcError that says what and where. */
  order(params: RpcParams): void {
    const inForce = new Set(this.orders.rules.map(({ filter }) => filter));
    const orders = checkChaosOrders(params, inForce);
    if (typeof orders === 'string') throw invalidParams(orders);
    this.refuseStrangePorts(orders);
    // What was due until now happens under the orders that were in force until now.
    this.parts.machine.advance(this.parts.now());
    this.orders = orders;
    for (const port of this.ports.keys()) this.orderLinks(port);
    this.orderRules(orders.rules);
    this.parts.setSlowness?.(orders.cpus?.at(-1)?.factor ?? 1);
    this.parts.setClock?.(orders.clocks?.at(-1));
    for (const port of this.ports.keys()) this.setLineClock(port);
    this.parts.wake?.();
  }

  /** A port has come: what concerns all ports, or waits for one of that name, holds for it too. */
  attached(port: Port): void {
    this.addPort(port);
    this.orderLinks(port);
    this.installRules();
  }

  /** A port has gone: nothing waits for it any more. */
  detached(port: Port): void {
    port.setFaults([]);
    this.ports.get(port)?.close();
    this.ports.delete(port);
    this.parts.wake?.();
  }

  /** One row an order: first links, port by port, then rules, then what concerns the whole device. */
  rows(): FaultRow[] {
    const { cpus = [], clocks = [] } = this.orders;
    return [
      ...this.parts.machine.ports.flatMap((port) => port.faultCounts.map((counts) => linkRow(port, counts))),
      ...[...this.rules.values()].map(ruleRow),
      ...[...cpus, ...clocks].map(({ fault, title }) => ({ fault, title, matched: 0, hit: 0 })),
    ];
  }

  private addPort(port: Port): void {
    const { machine, isExternal } = this.parts;
    const options = {
      name: `${machine.name}:${port.name}`,
      external: isExternal(port),
      ...(machine.owns && { owns: machine.owns.bind(machine) }),
    };
    this.ports.set(port, new RuledPort(port, options));
    this.setLineClock(port);
  }

  /** The cable is right, whatever clock the device has. */
  private setLineClock(port: Port): void {
    if (this.parts.setClock !== undefined) port.lineClock.setRate(this.orders.clocks?.at(-1)?.rate ?? 1);
  }

  /** An order may wait for a port that is still to come, but not for one that no device of this kind can have. */
  private refuseStrangePorts({ links, rules }: ChaosOrders): void {
    const { machine } = this.parts;
    const known = machine.ports.map(({ name }) => name);
    const pattern = machine.owns === undefined ? /^[1-9]\d{0,3}$/ : /^eth(0|[1-9]\d{0,3})$/;
    const check = (path: string, name: string) => {
      if (known.includes(name) || pattern.test(name)) return;
      throw invalidParams(`${path}: ${machine.name} has no port ${name}; its ports: ${known.join(', ') || 'none'}`);
    };
    for (const [index, { port }] of links.entries()) check(`links[${index}].port`, port);
    for (const [index, { at }] of rules.entries()) {
      if (typeof at === 'object') check(`rules[${index}].at.port`, at.port);
    }
  }

  private orderLinks(port: Port): void {
    port.setFaults(this.orders.links.filter((order) => order.port === port.name));
  }

  private orderRules(orders: readonly RuleOrder[]): void {
    const before = this.rules;
    this.rules = new Map();
    for (const order of orders) {
      const key = keyOf(order, this.rules);
      this.rules.set(key, before.get(key) ?? { order, rule: this.createRule(order) });
    }
    this.installRules();
    for (const [key, { rule }] of before) if (!this.rules.has(key)) rule.end();
  }

  private createRule(order: RuleOrder): PacketRule {
    const { machine, claims } = this.parts;
    const { fault, title, action, skip, count, share } = order;
    const filter = compileFilter(order.filter);
    // The orders have been checked.
    if (isFilterError(filter)) throw invalidParams(filter.message);
    return new PacketRule({
      fault: `${fault}: ${title}`,
      filter,
      action,
      skip,
      count,
      share,
      // Devices that have the same order draw for themselves.
      random: new Random(order.seed).fork(`rule ${machine.name}`),
      claim: order.claims === undefined ? undefined : claims?.(order.claims),
      gatewayTo: machine.gatewayTo?.bind(machine),
    });
  }

  private installRules(): void {
    for (const [port, ruledPort] of this.ports) {
      const concerned = [...this.rules.values()].filter(
        ({ order: { at } }) => typeof at === 'string' || at.port === port.name,
      );
      ruledPort.setRules(concerned.map(({ order, rule }) => ({ rule, atOrigin: order.at === 'origin' })));
    }
  }
}

function linkRow({ name: port }: Port, { fault, title, direction, matched, hit }: LinkFaultCounts): FaultRow {
  return { fault, title, port, direction, matched, hit };
}

function ruleRow({ order, rule }: InstalledRule): FaultRow {
  const { fault, title, at } = order;
  const { matched, hit, exhausted } = rule;
  return {
    ...{ fault, title },
    ...(typeof at === 'object' && { port: at.port }),
    ...{ matched, hit },
    ...(exhausted && { exhausted }),
  };
}

/** Equal orders are told apart by how many of them came before. */
function keyOf(order: object, taken: ReadonlyMap<string, unknown>): string {
  const text = JSON.stringify(order);
  let number = 0;
  while (taken.has(`${number} ${text}`)) number += 1;
  return `${number} ${text}`;
}
