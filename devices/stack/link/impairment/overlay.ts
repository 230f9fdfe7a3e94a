import type { Impairment } from '../../link-settings.js';
import type { Layer } from './layer.js';

type Key = keyof Impairment;

/** What holds for a direction: of each parameter the value of the last layer that sets it. */
export interface Overlay {
  readonly settings: Impairment;
  /** Whether a frame can meet with anything at all. */
  readonly acts: boolean;
  /** The layers that decide, and draw, for each purpose. */
  readonly loss: Layer;
  readonly corrupt: Layer;
  readonly bitErrors: Layer;
  readonly duplicate: Layer;
  readonly jitter: Layer;
  readonly reorder: Layer;
  readonly mtu: Layer;
  readonly codel: Layer;
  readonly slots: Layer;
  /** Those that delay each frame that comes by. */
  readonly slowing: readonly Layer[];
  /** The last of all layers that sets one of these parameters; the lowest one when none does. */
  owner(...keys: readonly Key[]): Layer;
}

/**
 * What goes with a parameter (a correlation, the mean length of bursts) leaves the deciding to who sets the parameter
 * itself. Where two parameters say the same thing in two ways, of two layers the upper one's word counts, in whichever way it
 * is said.
 */
export function overlay(layers: readonly Layer[]): Overlay {
  const settings: { [K in Key]?: Impairment[K] } = {};
  const ranks = new Map<Key, number>();
  for (const [rank, layer] of layers.entries()) {
    for (const ways of ALTERNATIVES) {
      if (ways.some((key) => layer.settings[key] !== undefined)) for (const key of ways) delete settings[key];
    }
    for (const [key, value] of Object.entries(layer.settings)) {
      if (value === undefined) continue;
      Object.assign(settings, { [key]: value });
      ranks.set(key as Key, rank);
    }
  }
  const owner = (...keys: readonly Key[]) => layers[Math.max(0, ...keys.map((key) => ranks.get(key) ?? 0))];
  const isOn = (key: Key) => Number(settings[key] ?? 0) > 0;
  return {
    settings,
    acts: settings.lossModel !== undefined || settings.reorderGap !== undefined || ACTING.some(isOn),
    loss: owner('loss', 'lossModel'),
    corrupt: owner('corrupt'),
    bitErrors: owner('bitErrorRate'),
    duplicate: owner('duplicate'),
    jitter: owner('jitterMs'),
    reorder: owner('reorder', 'reorderGap'),
    mtu: owner('mtu'),
    codel: owner('queueDiscipline'),
    slots: owner('slotMs'),
    slowing: [...new Set(SLOWING.filter(isOn).map((key) => owner(key)))],
    owner,
  };
}

const ALTERNATIVES = [
  ['loss', 'lossModel'],
  ['queueBytes', 'queuePackets'],
] as const;
const SLOWING = ['delayMs', 'jitterMs', 'rateBps', 'slotMs'] as const;
/** Parameters that do something by themselves, when they are not 0. */
const ACTING = [...SLOWING, 'loss', 'duplicate', 'reorder', 'corrupt', 'bitErrorRate', 'mtu'] as const;
