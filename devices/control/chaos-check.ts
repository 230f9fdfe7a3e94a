/** Validation of what chaos orders of a device. */
import { REPLY_KINDS } from '../stack/packet-faults.js';
import { compileFilter, isFilterError } from '../stack/wire/filter/filter.js';
import type { ChaosOrders } from './chaos.js';
import {
  type Checker,
  integer,
  isBoolean,
  isProbability,
  isText,
  list,
  number,
  numberAbove,
  object,
  oneOf,
  variant,
} from './check.js';
import { isImpairment } from './impairment-check.js';

/** A day: no test waits longer. */
const MAX_DELAY_MS = 86_400_000;
/** Of packets that are skipped or hit; with claims each is a file. */
const MAX_COUNT = 1_000_000;
const MAX_COPIES = 100;
/** As many as the payload of an Ethernet frame has. */
const MAX_BITS = 12_000;
/** About ten years. */
const MAX_OFFSET_MS = 315_360_000_000;

/** Goes into the record of a captured frame, where a line feed would end it. */
const isLine: Checker = (value, path) =>
  isText(value, path) ?? (/[\r\n]/.test(value as string) ? `${path}: expected one line` : undefined);

/** Says in which column of an expression something is wrong. */
const isFilter: Checker = (value, path) => {
  if (typeof value !== 'string') return isText(value, path);
  const filter = compileFilter(value);
  return isFilterError(filter) ? `${path}, column ${filter.column}: ${filter.message}` : undefined;
};

const ofFault = { fault: isLine, title: isLine };

const link = object(
  { ...ofFault, port: isText, direction: oneOf(['out', 'in']), seed: isText },
  { impairment: isImpairment, state: oneOf(['down', 'blackhole']) },
);

const action = variant('kind', {
  drop: object({ kind: isText }),
  delay: object({ kind: isText, delayMs: number(0, MAX_DELAY_MS) }, { jitterMs: number(0, MAX_DELAY_MS) }),
  duplicate: object({ kind: isText }, { copies: integer(1, MAX_COPIES) }),
  corrupt: object({ kind: isText }, { bits: integer(1, MAX_BITS), fixFcs: isBoolean }),
  reply: object({ kind: isText, reply: oneOf(REPLY_KINDS) }),
  reset: object({ kind: isText }, { afterBytes: integer(0, Number.MAX_SAFE_INTEGER) }),
});

const isPlace: Checker = (value, path) => {
  if (typeof value === 'object') return object({ port: isText })(value, path);
  return value === 'origin' || value === 'device' ? undefined : `${path}: expected origin, device or {"port": …}`;
};

const rule = object(
  { ...ofFault, filter: isFilter, at: isPlace, seed: isText, action },
  { skip: integer(0, MAX_COUNT), count: integer(1, MAX_COUNT), share: isProbability, claims: isText },
);

const cpu = object({ ...ofFault, factor: numberAbove(1, 1000) });
const clock = object(ofFault, { rate: number(0.1, 10), offsetMs: number(-MAX_OFFSET_MS, MAX_OFFSET_MS) });

const orders = object({ links: list(link), rules: list(rule) }, { cpus: list(cpu), clocks: list(clock) });

/** Returns the orders, or a text that says what is wrong and where: `rules[0].filter, column 5: …`. */
export function checkChaosOrders(value: unknown): ChaosOrders | string {
  return orders(value, '') ?? (value as ChaosOrders);
}
