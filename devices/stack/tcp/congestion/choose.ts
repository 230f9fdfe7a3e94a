import type { CongestionControl, CongestionControlName } from './congestion-control.js';
import { Cubic } from './cubic.js';
import { Reno } from './reno.js';

/** As Linux. */
export const DEFAULT_CONGESTION_CONTROL: CongestionControlName = 'cubic';

/** A fresh one for one connection. */
export function createCongestionControl(name: CongestionControlName = DEFAULT_CONGESTION_CONTROL): CongestionControl {
  return name === 'reno' ? new Reno() : new Cubic();
}
