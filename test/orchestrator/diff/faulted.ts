/** The mini-internet on a manual clock, a page load in it under orders of chaos, and its report. */
import type { ChaosOrders, LinkOrder, RuleOrder } from '../../../devices/control.js';
import type { FetchReport } from '../../../orchestrator/story/report.js';
import { CapturedWorld } from '../../support/captured-world.js';
import { shippedWorld } from '../../world/shipped-world.js';

export const PAGE = 'http://www.server.com/';

export interface LoadOptions {
  readonly seed?: number;
  /** Default: the document alone. */
  readonly subresources?: boolean;
  /** By device. */
  readonly orders?: Readonly<Record<string, Partial<ChaosOrders>>>;
}

export async function load({ seed, subresources = false, orders = {} }: LoadOptions = {}): Promise<FetchReport> {
  const world = shippedWorld('mini-internet', { seed });
  await world.configured();
  const captured = new CapturedWorld(world);
  for (const [device, order] of Object.entries(orders)) world.order(device, order);
  const result = await world.fetch('client', { url: PAGE, subresources });
  // The last segments of the close.
  await world.runFor(500);
  const report = captured.report('client', result);
  await world.stop();
  return report;
}

/** Of what the device itself sends, unless `change` says otherwise; by fault-1. */
export function rule(
  filter: string,
  action: RuleOrder['action'],
  change: Partial<RuleOrder> = {},
): Partial<ChaosOrders> {
  const title = action.kind;
  return { rules: [{ fault: 'fault-1', title, seed: 'x', filter, at: 'origin', action, ...change }] };
}

export function link(port: string, change: Partial<LinkOrder>): Partial<ChaosOrders> {
  return { links: [{ fault: 'fault-2', title: 'link', seed: 'x', port, direction: 'out', ...change }] };
}
