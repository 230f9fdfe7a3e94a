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

/** Empty: every packet. What it says is judged by {@link filterFault}. */
const isExpression: Checker = (value, path) => (value === '' ? undefined : isText(value, path));

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
  { ...ofFault, filter: isExpression, at: isPlace, seed: isText, action },
  { skip: integer(0, MAX_COUNT), count: integer(1, MAX_COUNT), share: isProbability, claims: isText },
);

const cpu = object({ ...ofFault, factor: numberAbove(1, 1000) });
const clock = object(ofFault, { rate: number(0.1, 10), offsetMs: number(-MAX_OFFSET_MS, MAX_OFFSET_MS) });

const orders = object({ links: list(link), rules: list(rule) }, { cpus: list(cpu), clocks: list(clock) });

/**
 * Returns the orders, or a text that says what is wrong and where: `rules[0].filter, column 5: …`. Expressions that are
 * `known` to be right are not compiled again.
 */
export function checkChaosOrders(value: unknown, known: ReadonlySet<string> = new Set()): ChaosOrders | string {
  return orders(value, '') ?? filterFault(value as ChaosOrders, known) ?? (value as ChaosOrders);
}

/** In which column of which expression something is wrong. */
function filterFault({ rules }: ChaosOrders, known: ReadonlySet<string>): string | undefined {
  for (const [index, { filter: text }] of rules.entries()) {
    if (known.has(text)) continue;
    const filter = compileFilter(text);
    if (isFilterError(filter)) return `rules[${index}].filter, column ${filter.column}: ${filter.message}`;
  }
  return undefined;
}
