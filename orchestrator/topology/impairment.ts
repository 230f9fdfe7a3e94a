/**
 * Link parameters from what people write (schema-impairment.ts) to what devices understand, and what of them does not fit
 * together. Topologies, the command line and scenarios all come here.
 */
import type { Impairment, LossModel } from '../../devices/control.js';
import { didYouMean } from '../../devices/stack/wire/nearest.js';
import { IMPAIRMENT_KEYS, type ImpairmentFile, type ImpairmentKey, impairment } from './schema-impairment.js';
import type { Path } from './source.js';
import { parseDuration, parseQueue, parseRate, parseShare, parseSize } from './units.js';

export interface ImpairmentFault {
  readonly message: string;
  /** `['loss']`, `['loss', 'states', 0, 'next']`; empty: the whole. */
  readonly where: Path;
}

/** Never throws. Whether its parameters fit together depends on what they are laid over: see {@link misfits}. */
export function readImpairment(value: unknown): Impairment | ImpairmentFault {
  const parsed = impairment.safeParse(value);
  if (parsed.success) return impairmentOf(parsed.data) ?? {};
  return faultOf(parsed.error.issues[0]);
}

export function isImpairmentFault(result: Impairment | ImpairmentFault): result is ImpairmentFault {
  return 'where' in result;
}

type Issue = Parameters<typeof faultOf>[0];

function faultOf(issue: {
  readonly code?: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
  readonly errors?: readonly (readonly unknown[])[];
}): ImpairmentFault {
  const where = issue.path as Path;
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys?.[0] ?? '';
    const near = where.length === 0 ? didYouMean(key, IMPAIRMENT_KEYS) : '';
    return { where: [...where, key], message: `unknown parameter "${key}".${near}` };
  }
  // Of the forms that a value may have, the one whose complaint is about a part of it was meant.
  const meant = (issue.errors as readonly (readonly Issue[])[] | undefined)?.find((issues) =>
    issues.every((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys'),
  );
  if (meant !== undefined && meant.length > 0) {
    const inner = faultOf(meant[0]);
    return { ...inner, where: [...where, ...inner.where] };
  }
  const message = issue.message.startsWith('Invalid input') ? `"${where.at(-1)}" is missing or wrong` : issue.message;
  return { where, message };
}

/** Undefined when no parameter is there. */
export function impairmentOf(file: ImpairmentFile): Impairment | undefined {
  const queue = file.queue === undefined ? undefined : parseQueue(file.queue);
  const entries = Object.entries({
    delayMs: ms(file.delay),
    jitterMs: ms(file.jitter),
    jitterDistribution: file.jitterDistribution,
    jitterCorrelation: part(file.jitterCorrelation),
    jitterReorders: file.jitterReorders,
    ...(typeof file.loss === 'object' ? { lossModel: lossModelOf(file.loss) } : { loss: part(file.loss) }),
    lossBurst: file.lossBurst,
    lossCorrelation: part(file.lossCorrelation),
    duplicate: part(file.duplicate),
    duplicateCorrelation: part(file.duplicateCorrelation),
    reorder: part(file.reorder),
    reorderDelayMs: ms(file.reorderDelay),
    reorderGap: file.reorderGap,
    reorderCorrelation: part(file.reorderCorrelation),
    corrupt: part(file.corrupt),
    corruptCorrelation: part(file.corruptCorrelation),
    bitErrorRate: typeof file.bitErrorRate === 'string' ? part(file.bitErrorRate) : file.bitErrorRate,
    rateBps: file.rate === undefined ? undefined : parseRate(file.rate),
    queueBytes: queue && 'bytes' in queue ? queue.bytes : undefined,
    queuePackets: queue && 'packets' in queue ? queue.packets : undefined,
    queueDiscipline: file.queueDiscipline,
    codelTargetMs: ms(file.codelTarget),
    codelIntervalMs: ms(file.codelInterval),
    codelEcn: file.codelEcn,
    mtu: file.silentMtu,
    slotMs: ms(file.slot),
    slotJitterMs: ms(file.slotJitter),
    slotPackets: file.slotPackets,
    slotBytes: file.slotBytes === undefined ? undefined : parseSize(file.slotBytes),
  } satisfies Partial<Record<keyof Impairment, unknown>>).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Impairment);
}

function lossModelOf(file: Exclude<ImpairmentFile['loss'], string | undefined>): LossModel {
  if (file.model === 'markov') {
    const states = file.states.map(({ loss, next }) => {
      const shares = next.map((text) => parseShare(text)!);
      const sum = shares.reduce((total, share) => total + share, 0);
      return { loss: parseShare(loss)!, next: shares.map((share) => share / sum) };
    });
    return { model: 'markov', states };
  }
  const { lossInGood, lossInBad } = file;
  return {
    model: 'gilbert-elliott',
    goodToBad: parseShare(file.goodToBad)!,
    badToGood: parseShare(file.badToGood)!,
    ...(lossInGood !== undefined && { lossInGood: parseShare(lossInGood)! }),
    ...(lossInBad !== undefined && { lossInBad: parseShare(lossInBad)! }),
  };
}

function ms(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text);
}

function part(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseShare(text);
}

/** `over` laid over `base`, parameter by parameter. Of loss there is one: the share, or the model. */
export function overlay(base: Impairment, over: Impairment): Impairment {
  const { loss, lossModel, ...rest } = base;
  const isReplaced = over.loss !== undefined || over.lossModel !== undefined;
  return { ...(isReplaced ? rest : base), ...over };
}

export interface Misfit {
  /** The parameter that says nothing as long as the other one is not there. */
  readonly key: ImpairmentKey;
  /** What devices call it. */
  readonly member: keyof Impairment;
  readonly message: string;
}

/** What says nothing without another parameter, or contradicts one: of a link's whole direction, not of a part that is laid over it. */
export function misfits(config: Impairment): Misfit[] {
  const found: Misfit[] = [];
  const add = (key: ImpairmentKey, member: keyof Impairment, message: string) => found.push({ key, member, message });
  for (const { key, member, needs, isThere } of DEPENDENT) {
    if (config[member] !== undefined && !isThere(config)) add(key, member, `${key} says nothing without ${needs}`);
  }
  const { lossModel, lossBurst = 1, lossCorrelation = 0, codelTargetMs = 5, codelIntervalMs = 100 } = config;
  if (lossModel !== undefined && lossBurst > 1)
    add('lossBurst', 'lossBurst', 'lossBurst: the model of loss says how long bursts are');
  if (lossModel !== undefined && lossCorrelation > 0) {
    add('lossCorrelation', 'lossCorrelation', 'lossCorrelation: the model of loss says how losses follow each other');
  }
  if (lossBurst > 1 && lossCorrelation > 0) {
    add(
      'lossCorrelation',
      'lossCorrelation',
      'lossBurst and lossCorrelation both say how losses follow each other: leave one out',
    );
  }
  if (config.queueDiscipline === 'codel' && codelTargetMs >= codelIntervalMs) {
    const message = `the target of CoDel, ${codelTargetMs}ms, is shorter than its interval, ${codelIntervalMs}ms`;
    if (config.codelTargetMs === undefined) add('codelInterval', 'codelIntervalMs', message);
    else add('codelTarget', 'codelTargetMs', message);
  }
  if (config.slotMs !== undefined && (config.slotJitterMs ?? 0) > config.slotMs) {
    add('slotJitter', 'slotJitterMs', 'slotJitter is at most as long as slot: no slot begins before the one before it');
  }
  return found;
}

interface Dependence {
  readonly key: ImpairmentKey;
  readonly member: keyof Impairment;
  readonly needs: string;
  isThere(config: Impairment): boolean;
}

const jitter = { needs: 'jitter', isThere: (config: Impairment) => config.jitterMs !== undefined };
const loss = {
  needs: 'loss',
  isThere: (config: Impairment) => config.loss !== undefined || config.lossModel !== undefined,
};
const reordering = {
  needs: 'reorder or reorderGap',
  isThere: (config: Impairment) => config.reorder !== undefined || config.reorderGap !== undefined,
};
const codel = {
  needs: 'queueDiscipline: codel',
  isThere: (config: Impairment) => config.queueDiscipline === 'codel',
};
const slots = { needs: 'slot', isThere: (config: Impairment) => config.slotMs !== undefined };

const DEPENDENT: readonly Dependence[] = [
  { key: 'jitterDistribution', member: 'jitterDistribution', ...jitter },
  { key: 'jitterCorrelation', member: 'jitterCorrelation', ...jitter },
  { key: 'jitterReorders', member: 'jitterReorders', ...jitter },
  { key: 'lossBurst', member: 'lossBurst', ...loss },
  { key: 'lossCorrelation', member: 'lossCorrelation', ...loss },
  {
    key: 'duplicateCorrelation',
    member: 'duplicateCorrelation',
    needs: 'duplicate',
    isThere: ({ duplicate }) => duplicate !== undefined,
  },
  { key: 'reorderDelay', member: 'reorderDelayMs', ...reordering },
  { key: 'reorderCorrelation', member: 'reorderCorrelation', ...reordering },
  {
    key: 'corruptCorrelation',
    member: 'corruptCorrelation',
    needs: 'corrupt',
    isThere: ({ corrupt }) => corrupt !== undefined,
  },
  {
    key: 'queueDiscipline',
    member: 'queueDiscipline',
    needs: 'rate, which makes packets wait',
    isThere: ({ rateBps }) => rateBps !== undefined,
  },
  { key: 'codelTarget', member: 'codelTargetMs', ...codel },
  { key: 'codelInterval', member: 'codelIntervalMs', ...codel },
  { key: 'codelEcn', member: 'codelEcn', ...codel },
  { key: 'slotJitter', member: 'slotJitterMs', ...slots },
  { key: 'slotPackets', member: 'slotPackets', ...slots },
  { key: 'slotBytes', member: 'slotBytes', ...slots },
];
