/** What faults do, in few words: `loss 20%, delay 50ms ± 10ms`, `drop tcp.flags.syn == 1 (skip 1, count 1)`. */
import type { RuleAction } from '../../devices/control.js';
import { describeImpairment } from '../topology/impairment-text.js';
import { formatDuration, formatShare, formatSize } from '../topology/units.js';
import type {
  DeviceRequest,
  FaultRequest,
  LinkRequest,
  MonkeyRequest,
  PartitionRequest,
  RuleRequest,
} from './fault.js';

/** Captures give a mark 255 bytes, the fault's id included. */
const LONGEST = 160;

/** One line. */
export function titleOf(request: FaultRequest): string {
  const title = wholeTitle(request).replace(/\s+/g, ' ').trim();
  return title.length > LONGEST ? `${title.slice(0, LONGEST - 1)}…` : title;
}

function wholeTitle(request: FaultRequest): string {
  if (request.kind === 'link') return linkTitle(request);
  if (request.kind === 'device') return deviceTitle(request);
  if (request.kind === 'rule') return ruleTitle(request);
  return request.kind === 'partition' ? partitionTitle(request) : monkeyTitle(request);
}

function linkTitle({ state, impairment }: LinkRequest): string {
  if (state === 'blackhole') return 'black hole';
  return state ?? describeImpairment(impairment ?? {});
}

const DEVICE_TITLES = {
  kill: 'killed',
  stop: 'stopped',
  start: 'started',
  restart: 'restarted',
  pause: 'paused',
  resume: 'resumed',
} as const;

function deviceTitle({ action, factor = 1, rate, offsetMs }: DeviceRequest): string {
  if (action === 'slow') return `${factor} times slower`;
  if (action !== 'clock') return DEVICE_TITLES[action];
  const parts = [
    rate === undefined ? '' : `at ${formatShare(rate)}`,
    offsetMs === undefined ? '' : `${formatDuration(Math.abs(offsetMs))} ${offsetMs < 0 ? 'behind' : 'ahead'}`,
  ];
  return `clock ${parts.filter(Boolean).join(', ')}`;
}

function ruleTitle({ filter, action, skip, count, share }: RuleRequest): string {
  const which = [
    share === undefined ? '' : formatShare(share),
    skip === undefined || skip === 0 ? '' : `skip ${skip}`,
    count === undefined ? '' : `count ${count}`,
  ].filter(Boolean);
  const packets = filter.trim() === '' ? 'every packet' : filter;
  return `${actionTitle(action)}: ${packets}${which.length === 0 ? '' : ` (${which.join(', ')})`}`;
}

function actionTitle(action: RuleAction): string {
  switch (action.kind) {
    case 'drop':
      return 'drop';
    case 'delay': {
      const around = action.jitterMs === undefined ? '' : ` ± ${formatDuration(action.jitterMs)}`;
      return `delay ${formatDuration(action.delayMs)}${around}`;
    }
    case 'duplicate':
      return action.copies === undefined || action.copies === 1 ? 'duplicate' : `duplicate ${action.copies} times`;
    case 'corrupt': {
      const bits = action.bits === undefined ? '' : ` ${action.bits} bit${action.bits === 1 ? '' : 's'}`;
      return `corrupt${bits}${action.fixFcs ? ' with a good FCS' : ''}`;
    }
    case 'reply':
      return `reply ${action.reply}`;
    case 'reset':
      return action.afterBytes === undefined ? 'reset' : `reset after ${formatSize(action.afterBytes)}`;
  }
}

function partitionTitle({ silent }: PartitionRequest): string {
  return silent ? 'partition, silent' : 'partition';
}

function monkeyTitle({ seed, forMs }: MonkeyRequest): string {
  return `monkey${seed === undefined ? '' : `, seed ${seed}`}, ${formatDuration(forMs)}`;
}
