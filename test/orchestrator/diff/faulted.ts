/** The mini-internet on a manual clock, a page load in it with a fault, and its report. */
import { dissect, type Layers } from '../../../devices/stack/wire/dissect.js';
import type { FetchReport } from '../../../orchestrator/story/report.js';
import { CapturedWorld } from '../../support/captured-world.js';
import type { World } from '../../support/world.js';
import { shippedWorld } from '../../world/shipped-world.js';

export const PAGE = 'http://www.server.com/';

export interface FaultedLoad {
  readonly url?: string;
  readonly seed?: number;
  readonly subresources?: boolean;
  /** Of the topology's text. */
  readonly edit?: (text: string) => string;
  readonly before?: (world: World) => void;
}

export async function load(options: FaultedLoad = {}): Promise<FetchReport> {
  const { url = PAGE, subresources = false, seed, edit, before } = options;
  const world = shippedWorld('mini-internet', { seed, edit });
  await world.configured();
  const captured = new CapturedWorld(world);
  before?.(world);
  const result = await world.fetch('client', { url, subresources });
  // The last segments of the close.
  await world.runFor(1000);
  const report = captured.report('client', result);
  await world.stop();
  return report;
}

/** A fault of packets that leave by a port: those that match are dropped, the first `count` of them. */
export function dropping(
  world: World,
  device: string,
  port: string,
  matches: (layers: Layers) => boolean,
  { count = 1, fault = 'fault-1: drop', reason = 'faultDrop' } = {},
): void {
  const at = world.machine(device).ports.find(({ name }) => name === port);
  if (at === undefined) throw new Error(`no port ${device}:${port}`);
  let left = count;
  at.interceptor = {
    arriving: (packet) => at.accept(packet),
    leaving: (packet) => {
      if (left > 0 && matches(dissect(packet))) {
        left -= 1;
        at.discard(packet, 'out', reason, fault);
      } else at.launch(packet);
    },
  };
}
