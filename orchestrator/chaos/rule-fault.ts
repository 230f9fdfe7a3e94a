/** Faults that know protocols: who judges packets, and what is wrong with an expression. */
import type { ChaosOrders, RuleOrder } from '../../devices/control.js';
import { compileFilter, isFilterError } from '../../devices/stack/wire/filter/filter.js';
import { CliError } from '../errors.js';
import { filterFault } from '../filter-fault.js';
import type { Cabling } from './cabling.js';
import type { FaultDraft } from './draft.js';
import type { RuleRequest } from './fault.js';
import { titleOf } from './titles.js';

/** What only a capture knows of a frame. */
const CAPTURES_ONLY = /\bframe\.(number|time_relative|drop_reason|fault)\b/;

/** Throws a CliError of status 2. */
export function checkRule({ filter, share, at, except }: RuleRequest): void {
  // What an empty variable of a shell leaves is no wish to hit all.
  if (filter.trim() === '') throw new CliError(2, 'which packets? The expression is empty', 'Every packet is `frame`.');
  const compiled = compileFilter(filter);
  if (isFilterError(compiled)) {
    const more = compiled.isUnknownField
      ? '`netarium capture --fields tcp` lists the fields that begin so.'
      : undefined;
    throw filterFault('the expression', filter, compiled, more);
  }
  const field = CAPTURES_ONLY.exec(filter)?.[0];
  if (field !== undefined) {
    throw new CliError(
      2,
      `${field} is known to captures only`,
      'To hit the 2nd packet that matches: --skip 1 --count 1.',
    );
  }
  if (at !== undefined && except !== undefined) throw new CliError(2, 'a rule at one place excepts no others');
  if (share === 0) throw new CliError(2, 'a share of 0% hits no packet');
}

/** Where packets are judged: everywhere, on one device, or at one of its ports. */
export function judgesOf(
  { at, except = [] }: RuleRequest,
  cabling: Cabling,
): Pick<RuleOrder, 'at'> & { devices: readonly string[] } {
  if (at === undefined) {
    for (const device of except) cabling.requireDevice(device);
    return { at: 'origin', devices: cabling.devices.filter((device) => !except.includes(device)) };
  }
  const { device, port } = cabling.place(at);
  return { at: port === undefined ? 'device' : { port }, devices: [device] };
}

/** `client:eth0`, `all devices but client`. */
export function targetOfRule({ at = 'all devices', except = [] }: RuleRequest): string {
  return except.length === 0 ? at : `${at} but ${except.join(', ')}`;
}

/**
 * What has to find the first, or the second, packet counts in a folder: several devices together, and each of them beyond its
 * end, when it is killed and started again.
 */
export function counts({ skip, count }: RuleRequest): boolean {
  return skip !== undefined || count !== undefined;
}

export function draftRule(
  request: RuleRequest,
  judges: ReturnType<typeof judgesOf>,
  id: string,
  claims: string | undefined,
): FaultDraft {
  const { filter, action, skip, count, share } = request;
  const title = titleOf(request);
  const rule = (device: string): RuleOrder => ({
    fault: id,
    title,
    filter,
    at: judges.at,
    seed: `${request.seed ?? id}/${device}`,
    action,
    ...(skip !== undefined && { skip }),
    ...(count !== undefined && { count }),
    ...(share !== undefined && { share }),
    ...(claims !== undefined && { claims }),
  });
  const orders = judges.devices.map((device): [string, ChaosOrders] => [device, { links: [], rules: [rule(device)] }]);
  return { target: targetOfRule(request), title, orders: new Map(orders) };
}
