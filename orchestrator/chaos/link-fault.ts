/** Faults of links: which directions of which ports, and whether what is asked makes sense on top of what is there. */
import type { ChaosOrders, Impairment } from '../../devices/control.js';
import { CliError } from '../errors.js';
import { misfits, overlay } from '../topology/impairment.js';
import { type Cable, type Cabling, endText } from './cabling.js';
import { type Direction, directionsOf, type FaultDraft, linkOrders } from './draft.js';
import type { LinkRequest } from './fault.js';
import type { ChaosGround } from './ground.js';
import { titleOf } from './titles.js';

/** Throws a CliError when the request contradicts itself. */
export function checkLink({ impairment = {}, state, from, forMs }: LinkRequest): void {
  const hasParameters = Object.keys(impairment).length > 0;
  if (state === undefined && !hasParameters) {
    throw new CliError(
      2,
      'what shall happen to the link?',
      'Say down, up, blackhole, or parameters: --loss 20% --delay 50ms.',
    );
  }
  if (state !== undefined && hasParameters) {
    throw new CliError(2, `a link cannot be ${state} and have parameters in one fault`, 'Ask for one after the other.');
  }
  if (state === 'down' && from !== undefined) {
    const hint = '`blackhole` lets the frames of one direction vanish; nobody is told.';
    throw new CliError(2, 'a link is down at both ends: it has no direction', hint);
  }
  if (state === 'up' && (forMs !== undefined || from !== undefined)) {
    throw new CliError(2, '`up` ends what holds the link down: it is no fault, and has neither a time nor a direction');
  }
}

export interface LinkPlace {
  readonly cable: Cable;
  readonly target: string;
  readonly directions: readonly Direction[];
}

export function placeOfLink(request: LinkRequest, cabling: Cabling): LinkPlace {
  const cable = cabling.find(request.a, request.b);
  const from = request.from === undefined ? undefined : cabling.endOf(cable, request.from);
  const directions = directionsOf(cable, from);
  return {
    cable,
    target: from === undefined ? cable.name : `${cable.name}, from ${endText(from)}`,
    // A port has a carrier or it has none, in both directions.
    directions: request.state === 'down' ? directions.filter(({ direction }) => direction === 'out') : directions,
  };
}

export function draftLink(request: LinkRequest, { target, directions }: LinkPlace, id: string): FaultDraft {
  const title = titleOf(request);
  const { impairment, state } = request;
  const what = state === 'down' || state === 'blackhole' ? { state } : { impairment };
  return { target, title, orders: linkOrders({ fault: id, title, seed: request.seed ?? id }, directions, what) };
}

/**
 * A parameter that says nothing without another one may have it from the topology or from a fault before. Throws a CliError
 * of status 2 when it has not.
 * @param orders of a device, as they are without this fault
 */
export function checkFit(
  impairment: Impairment,
  directions: readonly Direction[],
  ground: ChaosGround,
  orders: (device: string) => ChaosOrders,
): void {
  for (const { device, port, direction } of directions) {
    const over = orders(device).links.filter((order) => order.port === port && order.direction === direction);
    const below = over.reduce(
      (sum, order) => overlay(sum, order.impairment ?? {}),
      ground.base(device, port, direction),
    );
    // What was there before may come to say nothing: a CoDel target, below a queue that only drops what does not fit.
    const [worst] = misfits(overlay(below, impairment)).filter(({ member }) => impairment[member] !== undefined);
    if (worst !== undefined) throw new CliError(2, worst.message);
  }
}
