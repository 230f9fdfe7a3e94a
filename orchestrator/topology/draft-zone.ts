/** A zone of the topology while it is worked out. */
import type { RecordConfig } from '../../devices/control.js';
import { parseCidr } from '../../devices/stack/wire/address.js';
import { absoluteName, reverseZone } from './domain-names.js';
import type { DraftIpDevice } from './draft.js';
import type { Path } from './source.js';
import type { Weights } from './zone-records.js';

/** What zones are made of; owner names are absolute. */
export interface DraftZone {
  /** With the final dot. */
  readonly name: string;
  readonly path: Path;
  readonly servers: DraftIpDevice[];
  /** The subnet of a reverse zone that was written as one. */
  readonly subnet: ReturnType<typeof parseCidr>;
  readonly records: RecordConfig[];
  readonly weights: Weights;
  /** Something in it could not be read: what it lacks then is a consequence. */
  readonly isBroken: boolean;
}

/** Absolute, of a name or a subnet. */
export function zoneName(text: string): string | undefined {
  const cidr = parseCidr(text);
  return cidr === undefined ? absoluteName(text) : reverseZone(cidr);
}
