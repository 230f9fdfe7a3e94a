/** Faults of devices: of the process, which the lab does, and within it, which the device does. */
import type { ChaosOrders } from '../../devices/control.js';
import { CliError } from '../errors.js';
import type { FaultDraft } from './draft.js';
import type { DeviceAction, DeviceRequest } from './fault.js';
import type { ProcessAction } from './ground.js';
import { titleOf } from './titles.js';

/** Those that are no faults themselves: they end some. */
const REMEDIES: readonly DeviceAction[] = ['start', 'restart', 'resume'];

export function isRemedy(action: DeviceAction): boolean {
  return REMEDIES.includes(action);
}

/** Undefined of what the device does itself. */
export function processAction(action: DeviceAction): ProcessAction | undefined {
  return action === 'slow' || action === 'clock' ? undefined : action;
}

/** What a process action puts an end to: a device that is killed is not paused any more. */
export function replaces(action: ProcessAction): readonly ProcessAction[] {
  if (action === 'start') return ['kill', 'stop'];
  if (action === 'pause') return [];
  return ['pause'];
}

/** Throws a CliError of status 2. */
export function checkDevice({ action, factor, rate, offsetMs, forMs }: DeviceRequest): void {
  if (action === 'slow' && factor === undefined) {
    throw new CliError(2, 'how slow?', 'Say it with --factor 4: as on a CPU of a quarter of the speed.');
  }
  if (action === 'clock' && rate === undefined && offsetMs === undefined) {
    throw new CliError(2, 'what is wrong with the clock?', 'Say --rate 105%, --offset -2h, or both.');
  }
  if (action !== 'slow' && factor !== undefined)
    throw new CliError(2, `only \`slow\` has a factor, ${action} has none`);
  if (action !== 'clock' && (rate !== undefined || offsetMs !== undefined)) {
    throw new CliError(2, `only \`clock\` has a rate and an offset, ${action} has none`);
  }
  if (isRemedy(action) && forMs !== undefined) {
    throw new CliError(2, `${action} is no fault that could end by itself: leave the time out`);
  }
}

export function draftDevice(request: DeviceRequest, id: string): FaultDraft {
  const { device, action, factor = 1, rate, offsetMs } = request;
  const title = titleOf(request);
  const origin = { fault: id, title };
  const orders = new Map<string, ChaosOrders>();
  if (action === 'slow') orders.set(device, { links: [], rules: [], cpus: [{ ...origin, factor }] });
  if (action === 'clock') {
    const clock = { ...origin, ...(rate !== undefined && { rate }), ...(offsetMs !== undefined && { offsetMs }) };
    orders.set(device, { links: [], rules: [], clocks: [clock] });
  }
  return { target: device, title, orders };
}
