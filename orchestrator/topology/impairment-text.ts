/** Link parameters in few words: `loss 20%, delay 50ms ± 10ms`. */
import type { Impairment } from '../../devices/control.js';
import { formatDuration, formatRate, formatShare, formatSize } from './units.js';

/** Every parameter that is there; what is left out is left out. */
export function describeImpairment(config: Impairment): string {
  return [
    lossText(config),
    delayText(config),
    told('duplicate', share(config.duplicate), [correlation(config.duplicateCorrelation)]),
    reorderText(config),
    told('corrupt', share(config.corrupt), [correlation(config.corruptCorrelation)]),
    config.bitErrorRate === undefined ? '' : `bit errors ${config.bitErrorRate.toExponential()}`,
    config.rateBps === undefined ? '' : `rate ${formatRate(config.rateBps)}`,
    queueText(config),
    config.mtu === undefined ? '' : `silent MTU ${config.mtu}`,
    slotText(config),
  ]
    .filter(Boolean)
    .join(', ');
}

/** What is so when nobody says anything. */
const USUAL = ['correlation 0%', 'in order', 'mean burst 1', 'uniform', 'drop-tail', 'no ECN', 'one in 1'];

/** `loss 20% (mean burst 3)`; what is said of something that is not told again stands alone, also what is usual. */
function told(name: string, value: string, details: readonly string[]): string {
  const said = details.filter((detail) => detail !== '' && (value === '' || !USUAL.includes(detail))).join(', ');
  if (value === '') return said === '' ? '' : `${name} ${said}`;
  return said === '' ? `${name} ${value}` : `${name} ${value} (${said})`;
}

function share(value: number | undefined): string {
  return value === undefined ? '' : formatShare(value);
}

function correlation(value: number | undefined): string {
  return value === undefined ? '' : `correlation ${formatShare(value)}`;
}

function lossText({ loss, lossBurst, lossCorrelation, lossModel: model }: Impairment): string {
  const details = [lossBurst === undefined ? '' : `mean burst ${lossBurst}`, correlation(lossCorrelation)];
  if (model === undefined) return told('loss', share(loss), details);
  if (model.model === 'markov') return told('loss', `by a chain of ${model.states.length} states`, details);
  const { goodToBad, badToGood, lossInGood, lossInBad } = model;
  const inStates =
    lossInGood === undefined && lossInBad === undefined ? '' : `, ${share(lossInGood ?? 0)}/${share(lossInBad ?? 1)}`;
  return told('loss', `Gilbert-Elliott ${share(goodToBad)}/${share(badToGood)}${inStates}`, details);
}

function delayText(config: Impairment): string {
  const { delayMs, jitterMs, jitterDistribution: distribution, jitterReorders } = config;
  const details = [
    typeof distribution === 'object' ? `${distribution.length} quantiles` : (distribution ?? ''),
    correlation(config.jitterCorrelation),
    jitterReorders === undefined ? '' : jitterReorders ? 'reorders' : 'in order',
  ];
  if (delayMs === undefined) return told('jitter', jitterMs === undefined ? '' : formatDuration(jitterMs), details);
  const around = jitterMs === undefined ? '' : ` ± ${formatDuration(jitterMs)}`;
  return told('delay', `${formatDuration(delayMs)}${around}`, details);
}

function reorderText({ reorder, reorderDelayMs, reorderGap, reorderCorrelation }: Impairment): string {
  return told('reorder', share(reorder), [
    reorderGap === undefined ? '' : `one in ${reorderGap}`,
    reorderDelayMs === undefined ? '' : `by ${formatDuration(reorderDelayMs)}`,
    correlation(reorderCorrelation),
  ]);
}

function queueText(config: Impairment): string {
  const { queueBytes, queuePackets, queueDiscipline, codelTargetMs, codelIntervalMs, codelEcn } = config;
  const room = [
    queueBytes === undefined ? '' : formatSize(queueBytes),
    queuePackets === undefined ? '' : `${queuePackets} packets`,
  ];
  return told('queue', room.filter(Boolean).join(' and '), [
    queueDiscipline ?? '',
    codelTargetMs === undefined ? '' : `target ${formatDuration(codelTargetMs)}`,
    codelIntervalMs === undefined ? '' : `interval ${formatDuration(codelIntervalMs)}`,
    codelEcn === undefined ? '' : codelEcn ? 'ECN' : 'no ECN',
  ]);
}

function slotText({ slotMs, slotJitterMs, slotPackets, slotBytes }: Impairment): string {
  const around = slotJitterMs === undefined ? '' : ` ± ${formatDuration(slotJitterMs)}`;
  return told('slots', slotMs === undefined ? around.trim() : `${formatDuration(slotMs)}${around}`, [
    slotPackets === undefined ? '' : `${slotPackets} packets`,
    slotBytes === undefined ? '' : formatSize(slotBytes),
  ]);
}
