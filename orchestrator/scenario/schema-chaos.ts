/** What a scenario breaks: the words of `netarium chaos`, the parameters of a topology's links. */
import { z } from 'zod';
import { REPLY_KINDS } from '../../devices/control.js';
import { DEVICE_ACTIONS, MONKEY_KINDS } from '../chaos/fault.js';
import { duration, flag, rate, share, shown, size, text } from '../topology/schema-fields.js';
import { impairments } from '../topology/schema-impairment.js';
import { type Forms, oneOf } from './one-of.js';

export const RULE_ACTIONS = ['drop', 'delay', 'duplicate', 'corrupt', 'reply', 'reset'] as const;
const ACTIONS = [...DEVICE_ACTIONS, ...RULE_ACTIONS] as const;

/** Of a clock. */
export const CLOCK_RATE = /^\d+(\.\d+)? ?%$/;
const CLOCK_OFFSET = /^[-+]?\d+(\.\d+)? ?(us|ms|s|min|h|d)$/;

const names = z.union([text, z.array(text)], {
  error: (issue) => `${shown(issue.input)} is not the name of a device, nor a list of names`,
});
/** A whole number, so much at least. */
function whole(least: number) {
  const error = (issue: { input?: unknown }) => `${shown(issue.input)} is not a whole number, at least ${least}`;
  return z.int({ error }).min(least, { error });
}

const factor = (issue: { input?: unknown }) =>
  `${shown(issue.input)} is not how many times slower: write a number above 1, to 1000`;

export const CHAOS_FORMS: Forms = {
  link: ['from', 'state', ...Object.keys(impairments)],
  device: ['action', 'factor', 'rate', 'offset'],
  fault: ['action', 'at', 'skip', 'count', 'share', 'delay', 'jitter', 'copies', 'bits', 'fixFcs', 'reply', 'after'],
  partition: ['against', 'silent'],
  monkey: ['kinds', 'spare', 'interval'],
  end: [],
};

const fault = z
  .strictObject({
    link: text.optional().describe('A link by its ends: `client -- sw1`, with parameters as in a topology.'),
    from: text.optional().describe('One of its ends: only what it sends is concerned.'),
    state: z
      .enum(['down', 'up', 'blackhole'], {
        error: (issue) => `${shown(issue.input)} is no state of a link: write down, up or blackhole`,
      })
      .optional()
      .describe('`down`: no carrier. `blackhole`: frames vanish and nobody is told. `up` ends both.'),
    ...impairments,
    device: text.optional().describe('A device, to which something happens.'),
    action: z
      .enum(ACTIONS, { error: (issue) => `${shown(issue.input)} is no action: write one of ${ACTIONS.join(', ')}` })
      .optional()
      .describe(
        'Of a device: kill, stop, start, restart, pause, resume, slow, clock. Of a fault: what packets suffer.',
      ),
    factor: z
      .number({ error: factor })
      .gt(1, { error: factor })
      .max(1000, { error: factor })
      .optional()
      .describe('`slow`: as on a CPU of 1/factor of the speed.'),
    rate: z
      .union([rate, z.string().regex(CLOCK_RATE)], {
        error: (issue) => `${shown(issue.input)} is not a rate: write 10Mbit, or 105% of a clock`,
      })
      .optional()
      .describe('How fast the link is; `clock`: how fast it goes, 10% to 1000%.'),
    offset: z
      .string()
      .regex(CLOCK_OFFSET, { error: (issue) => `${shown(issue.input)} is not an offset: write 90s, or -2h` })
      .optional()
      .describe('`clock`: added to date and time.'),
    fault: text.optional().describe('What happens to packets that match this expression (docs/filters.md).'),
    at: text.optional().describe('Where they are judged: a port, or a device. Left out: where they are made.'),
    skip: whole(0).optional().describe('So many that match are let through first.'),
    count: whole(1).optional().describe('So many are hit, then no more.'),
    share: share.optional().describe('The share of those that match that is hit.'),
    copies: whole(1).optional().describe('`duplicate`: so many more of each; default 1.'),
    bits: whole(1).optional().describe('`corrupt`: so many bits are flipped; default 1.'),
    fixFcs: flag.optional().describe('`corrupt`: the FCS fits again, only checksums above it tell.'),
    reply: z
      .enum(REPLY_KINDS, {
        error: (issue) => `${shown(issue.input)} is no reply: write one of ${REPLY_KINDS.join(', ')}`,
      })
      .optional()
      .describe('`reply`: what answers in the place of the receiver.'),
    after: size.optional().describe('`reset`: once so much data has passed.'),
    partition: names.optional().describe('All links between these devices and the others are down; `*` is any text.'),
    against: names.optional().describe('The others; all when left out.'),
    silent: flag.optional().describe('Frames vanish, and no carrier is lost.'),
    monkey: z
      .literal('random', { error: (issue) => `${shown(issue.input)} is no monkey: write monkey: random` })
      .optional()
      .describe('Random faults, one after the other; needs `for`.'),
    kinds: z
      .array(
        z.enum(MONKEY_KINDS, {
          error: (issue) => `${shown(issue.input)} is no kind of fault: write ${MONKEY_KINDS.join(', ')}`,
        }),
        { error: (issue) => `${shown(issue.input)} is not a list of kinds` },
      )
      .optional()
      .describe('Of these kinds alone.'),
    spare: names.optional().describe('Devices that are left alone.'),
    interval: duration.optional().describe('Mean time from one fault to the next; default 2s.'),
    end: text.optional().describe('Ends the fault of the step with this `as`.'),
    for: duration.optional().describe('The fault ends by itself after this time. The next step does not wait for it.'),
    seed: z
      .union([z.int(), z.string()], {
        error: (issue) => `${shown(issue.input)} is not a seed: write a number or a text`,
      })
      .optional()
      .describe('Of its random draws; follows from the scenario’s when left out.'),
  })
  .superRefine(oneOf('what is done', CHAOS_FORMS, ['for', 'seed']))
  .meta({ id: 'chaos' });

export const chaos = z.union([z.literal('clear'), fault], {
  error: (issue) => `${shown(issue.input)} is no chaos: write clear, or a map such as {link: a -- b, loss: 30%}`,
});
export type ChaosFile = z.infer<typeof fault>;
