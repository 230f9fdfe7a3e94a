/** The values of a scenario that are not a topology's: what a value should be, how many there should be. */
import { z } from 'zod';
import { shown, text } from '../topology/schema-fields.js';

const plain = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: (issue) => `${shown(issue.input)} is not a value: write a text, a number, true, false or null`,
});
const plains = z.array(plain, { error: (issue) => `${shown(issue.input)} is not a list of values` });

const bound = z.union([z.number(), z.string()], {
  error: (issue) => `${shown(issue.input)} is neither a number nor a quantity such as 500ms or 64KiB`,
});

/** Of `{}` anything would do. */
function saysSomething(bounds: object): boolean {
  return Object.keys(bounds).length > 0;
}

export const matcher = z
  .union(
    [
      plain,
      plains,
      z
        .strictObject({
          not: z
            .union([plain, plains], { error: (issue) => `${shown(issue.input)} is not a value, nor a list of values` })
            .optional()
            .describe('Anything but this, or these.'),
          atLeast: bound.optional(),
          atMost: bound.optional(),
          contains: text.optional().describe('A text within the text, or an item of the list.'),
          matches: text.optional().describe('A regular expression that fits somewhere in the text.'),
        })
        .refine(saysSomething, { error: 'nothing is said of it: write a bound, such as {atLeast: 1}' }),
    ],
    { error: (issue) => `${shown(issue.input)} is not a value, a list of values, or a map such as {atLeast: 1}` },
  )
  .meta({
    id: 'matcher',
    description:
      'A value; a list: one of these; or bounds. Numbers may be written with their unit: 500ms, 64KiB. A text is compared with a list’s items.',
    examples: ['REACHABLE', [301, 302], { atLeast: 1 }],
  });
export type MatcherFile = z.infer<typeof matcher>;

export const matchers = z
  .record(z.string(), matcher, {
    error: (issue) => `${shown(issue.input)} is not a map of fields, such as {ok: true}`,
  })
  .meta({ id: 'fields', description: 'What fields should be; `error.stage` is the field of a field.' });
export type MatchersFile = z.infer<typeof matchers>;

const count = (issue: { input?: unknown }) =>
  `${shown(issue.input)} is not a number of things: write 3, or {atLeast: 1, atMost: 5}`;

const whole = z.int({ error: count }).min(0, { error: count });

export const amount = z
  .union(
    [
      whole,
      z
        .strictObject({ atLeast: whole.optional(), atMost: whole.optional() }, { error: count })
        .refine(saysSomething, { error: count }),
    ],
    {
      error: count,
    },
  )
  .meta({ id: 'amount', description: 'How many: exactly, or {atLeast: 1, atMost: 5}.' });
export type AmountFile = z.infer<typeof amount>;
