/** Lets a plan happen, on the lab's clock. */
import type { FaultRequest } from './fault.js';
import type { ChaosGround } from './ground.js';
import type { PlannedFault } from './monkey-plan.js';

/** @returns what ends it */
export function runMonkey(
  plan: readonly PlannedFault[],
  since: number,
  { now, after }: Pick<ChaosGround, 'now' | 'after'>,
  begin: (request: FaultRequest) => void,
): () => void {
  let cancel = () => {};
  const next = (index: number): void => {
    const planned = plan[index];
    if (planned === undefined) return;
    cancel = after(Math.max(0, since + planned.atMs - now()), () => {
      next(index + 1);
      begin(planned.request);
    });
  };
  next(0);
  return () => cancel();
}
