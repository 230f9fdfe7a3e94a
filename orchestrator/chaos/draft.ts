/** A fault before it begins: what a request comes to in this lab. */
import type { ChaosOrders, LinkOrder } from '../../devices/control.js';
import type { Cable, CableEnd } from './cabling.js';

export interface FaultDraft {
  readonly target: string;
  readonly title: string;
  /** By device. */
  readonly orders: ReadonlyMap<string, ChaosOrders>;
}

/** What all orders of a fault have in common. */
export interface Origin {
  readonly fault: string;
  readonly title: string;
  /** Each place draws for itself: its name is added. */
  readonly seed: string;
}

export const NO_ORDERS: ChaosOrders = { links: [], rules: [] };

/** The orders of several faults for one device, in their order. */
export function joinOrders(parts: readonly ChaosOrders[]): ChaosOrders {
  const cpus = parts.flatMap((part) => part.cpus ?? []);
  const clocks = parts.flatMap((part) => part.clocks ?? []);
  return {
    links: parts.flatMap(({ links }) => links),
    rules: parts.flatMap(({ rules }) => rules),
    ...(cpus.length > 0 && { cpus }),
    ...(clocks.length > 0 && { clocks }),
  };
}

/** One direction of a link: where it can be done, which is at the other end of what is not ours. */
export interface Direction {
  readonly device: string;
  readonly port: string;
  readonly direction: 'out' | 'in';
}

/** Of all frames of a link, or of those that one of its ends sends. */
export function directionsOf(cable: Cable, from: CableEnd | undefined): Direction[] {
  const senders = from === undefined ? [cable.left, cable.right] : [from];
  return senders.flatMap((sender): Direction[] => {
    if (sender.port !== undefined) return [{ device: sender.device, port: sender.port, direction: 'out' }];
    const { device, port } = sender === cable.left ? cable.right : cable.left;
    return port === undefined ? [] : [{ device, port, direction: 'in' }];
  });
}

/** The orders of a link's fault, by device. */
export function linkOrders(
  { fault, title, seed }: Origin,
  directions: readonly Direction[],
  what: Pick<LinkOrder, 'impairment' | 'state'>,
): ReadonlyMap<string, ChaosOrders> {
  const orders = new Map<string, ChaosOrders>();
  for (const { device, port, direction } of directions) {
    const order: LinkOrder = { fault, title, port, direction, seed: `${seed}/${device}:${port}/${direction}`, ...what };
    orders.set(device, joinOrders([orders.get(device) ?? NO_ORDERS, { links: [order], rules: [] }]));
  }
  return orders;
}
