/**
 * What a link does to frames, as people write it: in topology files, on the command line (`chaos link`) and in scenarios.
 * impairment.ts turns it into what devices understand.
 */
import { z } from 'zod';
import { JITTER_DISTRIBUTIONS, QUEUE_DISCIPLINES } from '../../devices/control.js';
import { duration, flag, rate, share, shown, size } from './schema-fields.js';
import { parseQueue, parseShare, QUEUE_PATTERN } from './units.js';

/** A table of quantiles that is longer tells nothing more. */
export const MOST_QUANTILES = 10_000;
export const MOST_STATES = 100;
/** Shares are written with few digits: three states of 33.3% each are meant to be all. */
const SUM_TOLERANCE = 0.002;

function correlation(of: string) {
  return share.optional().describe(`How likely a draw of ${of} repeats the one before it; the share stays what it is.`);
}

function count(what: string) {
  const error = (issue: { input?: unknown }) =>
    `${shown(issue.input)} is not a number of ${what}: write a whole one, at least 1`;
  return z.int({ error }).min(1, { error });
}

const mean = (issue: { input?: unknown }) =>
  `${shown(issue.input)} is not a mean number of frames: write a number, at least 1`;

const next = z
  .array(share, { error: (issue) => `${shown(issue.input)} is not a list of shares, one for each state` })
  .describe('How likely each state is the next one, in their order; together 100%.');

const markovState = z.strictObject({ loss: share.describe('How likely a frame is lost in this state.'), next });

type StatesFile = readonly z.infer<typeof markovState>[];

/** Each row is a distribution over all states. */
function checkRows(states: StatesFile, context: z.RefinementCtx): void {
  for (const [index, state] of states.entries()) {
    const path = [index, 'next'];
    if (state.next.length !== states.length) {
      const message = `there are ${states.length} states, but ${state.next.length} shares here: write one for each state`;
      context.addIssue({ code: 'custom', path, message });
      continue;
    }
    const sum = state.next.reduce((total, text) => total + (parseShare(text) ?? 0), 0);
    if (Math.abs(sum - 1) <= SUM_TOLERANCE) continue;
    const message = `the shares of the next states are ${Number((sum * 100).toFixed(3))}% together, not 100%`;
    context.addIssue({ code: 'custom', path, message });
  }
}

const stepChance = (what: string) => share.describe(`How likely a frame is the first of a ${what} time.`);

const lossModel = z.discriminatedUnion(
  'model',
  [
    z.strictObject({
      model: z.literal('gilbert-elliott'),
      goodToBad: stepChance('bad'),
      badToGood: stepChance('good'),
      lossInGood: share.optional().describe('Default 0%.'),
      lossInBad: share.optional().describe('Default 100%.'),
    }),
    z.strictObject({
      model: z.literal('markov'),
      states: z
        .array(markovState, { error: (issue) => `${shown(issue.input)} is not a list of states` })
        .min(1, { error: 'a chain needs at least one state' })
        .max(MOST_STATES, { error: `a chain has at most ${MOST_STATES} states` })
        .superRefine(checkRows)
        .describe('The first one is where it starts.'),
    }),
  ],
  {
    error: (issue) => {
      const { model } = (issue.input ?? {}) as { model?: unknown };
      return `${shown(model ?? issue.input)} is not a model of loss: write gilbert-elliott or markov`;
    },
  },
);

const loss = z
  .union([share, lossModel], {
    error: (issue) =>
      typeof issue.input === 'object' && issue.input !== null
        ? `${shown(issue.input)} is not a loss: write 1%, or {model: gilbert-elliott, goodToBad: 1%, badToGood: 25%}`
        : `${shown(issue.input)} is not a share: write it in percent, 0% to 100%, such as 1%`,
  })
  .describe('Share of the frames that vanish; or a chain of states that says so for each frame.');

const table = z
  .array(z.number({ error: (issue) => `${shown(issue.input)} is not a number` }))
  .min(2, { error: 'a table has at least two quantiles' })
  .max(MOST_QUANTILES, { error: `a table has at most ${MOST_QUANTILES} quantiles` })
  .refine((values) => values.every((value, i) => i === 0 || value >= values[i - 1]), {
    error: 'the quantiles of a table rise from one to the next',
  });

const jitterDistribution = z
  .union([z.enum(JITTER_DISTRIBUTIONS), table], {
    error: (issue) =>
      `${shown(issue.input)} is not a distribution: write ${JITTER_DISTRIBUTIONS.join(', ')}, or a list of quantiles`,
  })
  .describe(
    'How the jitter is distributed; default uniform. A list: quantiles at equal distances, in units of the jitter.',
  );

const bitErrorFault = (issue: { input?: unknown }) =>
  `${shown(issue.input)} is not a bit error rate: write a probability, 0 to 1, such as 1e-6`;

const bitErrorRate = z
  .union(
    [z.number({ error: bitErrorFault }).min(0, { error: bitErrorFault }).max(1, { error: bitErrorFault }), share],
    {
      error: bitErrorFault,
    },
  )
  .describe('How likely each bit is flipped, those of the FCS included.')
  .meta({ examples: ['1e-6'] });

const queueFault = (issue: { input?: unknown }) =>
  `${shown(issue.input)} is not a queue: write it with its unit, such as 64KiB or 100 packets`;

const queue = z
  .string({ error: queueFault })
  .regex(QUEUE_PATTERN, { error: queueFault, abort: true })
  .refine((text) => parseQueue(text) !== undefined, { error: 'a queue has room for at least one packet or byte' })
  .meta({
    description: 'How much may wait for a link with a rate, bytes or packets; default 256KiB, more is dropped.',
    examples: ['64KiB', '100 packets'],
  });

const silentMtuFault = (issue: { input?: unknown }) =>
  `${shown(issue.input)} is not an MTU: write a whole number of bytes, 68 to 65535`;

const silentMtu = z
  .int({ error: silentMtuFault })
  .min(68, { error: silentMtuFault })
  .max(65535, { error: silentMtuFault })
  .describe('Larger packets vanish and nobody is told, as in a tunnel that is narrower than its ends know. Bytes.');

/** One direction of a link; every parameter may be left out. */
export const impairments = {
  delay: duration.optional().describe('One way.'),
  jitter: duration.optional().describe('Around the delay; frames keep their order.'),
  jitterDistribution: jitterDistribution.optional(),
  jitterCorrelation: correlation('the jitter'),
  jitterReorders: flag.optional().describe('Frames with less jitter overtake others.'),
  loss: loss.optional(),
  lossBurst: z
    .number({ error: mean })
    .min(1, { error: mean })
    .optional()
    .describe(
      'How many frames vanish in a row on average, the share being that of `loss`; each by itself when left out.',
    ),
  lossCorrelation: correlation('losses'),
  duplicate: share.optional().describe('Share of the frames that arrive twice.'),
  duplicateCorrelation: correlation('duplicates'),
  reorder: share.optional().describe('Share of the frames that are held back, so that later ones overtake them.'),
  reorderDelay: duration.optional().describe('How long those are held back; default 10ms.'),
  reorderGap: count('frames')
    .optional()
    .describe('Only each so manyth frame may be held back; all of these when `reorder` is left out.'),
  reorderCorrelation: correlation('reordering'),
  corrupt: share.optional().describe('Share of the frames in which one bit is flipped.'),
  corruptCorrelation: correlation('corruption'),
  bitErrorRate: bitErrorRate.optional(),
  rate: rate.optional().describe('How fast the link is; unlimited when left out.'),
  queue: queue.optional(),
  queueDiscipline: z
    .enum(QUEUE_DISCIPLINES, {
      error: (issue) => `${shown(issue.input)} is no queue discipline: write ${QUEUE_DISCIPLINES.join(' or ')}`,
    })
    .optional()
    .describe(
      'What is dropped: what does not fit (drop-tail, default), or what has waited too long (codel, RFC 8289).',
    ),
  codelTarget: duration.optional().describe('How long packets may wait; default 5ms.'),
  codelInterval: duration.optional().describe('For how long they may wait longer; default 100ms.'),
  codelEcn: flag.optional().describe('Packets of senders that know ECN are marked instead of dropped.'),
  silentMtu: silentMtu.optional(),
  slot: duration.optional().describe('Frames leave in slots only: the time from one to the next.'),
  slotJitter: duration.optional().describe('Uniform, more or less than that.'),
  slotPackets: count('frames').optional().describe('So many a slot at most.'),
  slotBytes: size.optional().describe('So much a slot at most.'),
};

export const impairment = z.strictObject(impairments, {
  error: (issue) =>
    issue.code === 'invalid_type' ? `${shown(issue.input)} is not a map of parameters, such as {loss: 20%}` : undefined,
});

export type ImpairmentFile = z.infer<typeof impairment>;
export type ImpairmentKey = keyof ImpairmentFile;
export const IMPAIRMENT_KEYS = Object.keys(impairments) as readonly ImpairmentKey[];
