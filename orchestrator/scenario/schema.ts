/**
 * The scenario file, as it is written: the one source of validation, types and the published JSON Schema. What it says
 * stays text here; model.ts is what it means.
 */
import { z } from 'zod';
import { TABLE_NAMES } from '../../devices/control.js';
import { duration, flag, NAME_PATTERN, shown, text } from '../topology/schema-fields.js';
import { type Forms, oneOf } from './one-of.js';
import { chaos } from './schema-chaos.js';
import { amount, matcher, matchers } from './schema-values.js';

export const CONDITION_FORMS: Forms = {
  table: ['on', 'where', 'is', 'rows'],
  counter: ['on', 'is'],
  frames: ['at', 'during', 'count'],
  result: ['is', 'sameAs', 'slowerThan', 'by'],
  device: ['is'],
  carrier: ['is'],
};

const condition = z
  .strictObject({
    table: z
      .enum(TABLE_NAMES, {
        error: (issue) => `${shown(issue.input)} is no table: write one of ${TABLE_NAMES.join(', ')}`,
      })
      .optional()
      .describe('Rows of a table of a device, as `netarium inspect` shows them.'),
    counter: text.optional().describe('A counter of a device: `ipv4.forwarded`.'),
    on: text.optional().describe('The device.'),
    where: matchers.optional().describe('Only rows that are so count.'),
    rows: amount.optional().describe('How many rows there are; at least one when left out.'),
    frames: text.optional().describe('Captured frames that match this expression (docs/filters.md).'),
    at: text
      .optional()
      .describe('Only what is seen at this link, end of a link, or device. Left out: each frame once a link.'),
    during: text.optional().describe('Only while the step or block with this `as` ran. Left out: since the beginning.'),
    count: amount.optional().describe('How many frames; at least one when left out.'),
    result: text.optional().describe('What came of the step with this `as`: a fetch or a command.'),
    sameAs: text.optional().describe('Every part of the page is, byte for byte, that of this other fetch.'),
    slowerThan: text.optional().describe('It took longer than this other one;'),
    by: matcher.optional().describe('by so many milliseconds: {atLeast: 200ms}.'),
    device: text
      .optional()
      .describe('A device, whose state `is` running, starting, stopped, killed, paused or dead (by itself).'),
    carrier: text.optional().describe('An end of a link, `client:eth0`, whose carrier `is` up or down.'),
    is: z
      .union([matcher, matchers], {
        error: (issue) => `${shown(issue.input)} is neither a value nor a map of fields, such as {state: REACHABLE}`,
      })
      .optional()
      .describe('What it should be: a value, or fields with their values.'),
  })
  .superRefine(oneOf('an expectation', CONDITION_FORMS))
  .meta({ id: 'condition' });
export type ConditionFile = z.infer<typeof condition>;

const conditions = z.union([condition, z.array(condition)], {
  error: (issue) => `${shown(issue.input)} is not an expectation, nor a list of them`,
});
export type ConditionsFile = z.infer<typeof conditions>;

const RETRY = ['within', 'eventually'];
const GUARDS = ['always', 'never'];
export const STEP_FORMS: Forms = {
  fetch: ['from', 'is', 'clear', 'reload', 'timeout', 'background', ...RETRY],
  exec: ['on', 'is', 'background', ...RETRY],
  await: ['is', 'within'],
  chaos: [],
  plug: [],
  unplug: [],
  wait: [],
  expect: RETRY,
  always: ['for'],
  never: ['for'],
  serial: ['for', ...GUARDS],
  parallel: ['for', ...GUARDS],
};
const TIMING = ['at', 'after', 'every', 'times', 'until', 'as'];

/** `always` and `never` say what a step is, or what holds during a block. */
function checkStep(value: object, context: z.RefinementCtx): void {
  const isBlock = 'serial' in value || 'parallel' in value;
  const forms = isBlock
    ? Object.fromEntries(Object.entries(STEP_FORMS).filter(([form]) => !GUARDS.includes(form)))
    : STEP_FORMS;
  const isRepeated = 'every' in value;
  oneOf('a step', forms, [...TIMING, ...(isRepeated ? ['for'] : [])])(value, context);
}

const often = (issue: { input?: unknown }) =>
  `${shown(issue.input)} is not how often: write a whole number, at least 1`;

/** Blocks are steps that have steps. */
type Steps = z.ZodOptional<z.ZodType<unknown[]>>;

const step = z
  .strictObject(
    {
      at: duration.optional().describe('When it begins, counted from the beginning of its block.'),
      after: duration.optional().describe('How long after the step before it (in `parallel`: after the block began).'),
      every: duration.optional().describe('Again and again, at this interval; needs `times`, `until` or `for`.'),
      times: z.int({ error: often }).min(1, { error: often }).optional().describe('How often.'),
      until: conditions.optional().describe('Until this is so.'),
      as: z
        .string()
        .regex(NAME_PATTERN, {
          error: (issue) => `${shown(issue.input)} is not a name: write lower-case letters, digits and hyphens`,
        })
        .optional()
        .describe('A name for what comes of it.'),
      fetch: text.optional().describe('Loads a page. Expected: `is`; that it is ok when left out.'),
      from: text.optional().describe('The host whose browser loads it; the topology’s client when left out.'),
      clear: flag.optional().describe('As a new browser: no cookies, cached pages, names.'),
      reload: flag.optional().describe('Servers are asked again, whatever the cache has.'),
      timeout: duration.optional().describe('The browser gives up after this time.'),
      exec: z
        .union([text, z.array(text)], { error: (issue) => `${shown(issue.input)} is not a command: write ping -c 1 b` })
        .optional()
        .describe('Runs a command on a device. Expected: `is`; exit status 0 when left out.'),
      on: text.optional().describe('The device that runs it.'),
      background: flag.optional().describe('The next step does not wait for it: `await` does. Needs `as`.'),
      await: text.optional().describe('Waits for the fetch or command in the background that has this `as`.'),
      is: matchers.optional().describe('What comes of it: fields of a fetch’s JSON, or status, stdout, stderr.'),
      chaos: chaos.optional().describe('Breaks something, or `clear`: takes all back.'),
      plug: text
        .optional()
        .describe('A cable that is in no plan, between two devices: `sw1 -- sw2`. Each gets one more port.'),
      unplug: text.optional().describe('Takes the cable away that the step with this `as` has plugged in.'),
      wait: duration.optional().describe('Does nothing for this time.'),
      expect: conditions.optional().describe('Is so now; with `within` or `eventually`, comes to be so.'),
      within: duration.optional().describe('Tried again until it is so, but no longer than this.'),
      eventually: flag.optional().describe('Tried again until it is so, or the scenario’s `limit` is reached.'),
      always: conditions.optional().describe('Is so all the time: of the block, or `for` this time.'),
      never: conditions.optional().describe('Is never so: in the block, or `for` this time.'),
      for: duration.optional().describe('How long a block, `always` or `never` lasts, or `every` goes on.'),
      get serial(): Steps {
        return steps.optional().describe('One after the other.');
      },
      get parallel(): Steps {
        return steps.optional().describe('All at once.');
      },
    },
    { error: (issue) => `${shown(issue.input)} is not a step: write a map such as {fetch: http://b/}` },
  )
  .superRefine(checkStep)
  .meta({ id: 'step' });

const steps: z.ZodType<unknown[]> = z
  .array(step, { error: (issue) => `${shown(issue.input)} is not a list of steps` })
  .min(1, { error: 'there is no step here' });
export type StepFile = Omit<z.infer<typeof step>, 'serial' | 'parallel'> & {
  serial?: StepFile[];
  parallel?: StepFile[];
};

const name = z.string().regex(NAME_PATTERN).max(40);

export const scenarioFile = z
  .strictObject(
    {
      name: name.optional().describe('Default: the name of the file.'),
      description: text.optional().describe('What it shows, and what to look at.'),
      topology: z
        .union([z.string(), z.record(z.string(), z.unknown())], {
          error: (issue) =>
            `${shown(issue.input)} is no topology: write a file, a shipped one’s name, linear,3 or a map`,
        })
        .describe(
          'A file (relative to this one), a shipped one (mini-internet), a generator (linear,3), or a topology.',
        ),
      seed: z
        .union([z.int(), z.string()], {
          error: (issue) => `${shown(issue.input)} is not a seed: write a number or a text`,
        })
        .optional()
        .describe('Of every random draw, of topology and faults alike. Default 1.'),
      limit: duration
        .optional()
        .describe('How long all of it may take, launch and end apart. Default 120s, at most 1h.'),
      always: conditions.optional().describe('Is so from the first step to the last.'),
      never: conditions.optional().describe('Is never so from the first step to the last.'),
      steps,
    },
    { error: (issue) => `a scenario is a map with "topology:" and "steps:"; this is ${shown(issue.input)}` },
  )
  .meta({ title: 'Netarium scenario', description: 'What is broken when in a lab, and what must survive it.' });
export type ScenarioFile = Omit<z.infer<typeof scenarioFile>, 'steps'> & { steps: StepFile[] };

/** Of such a step `for` says how long it lasts, not how long it is repeated. */
export function isBlock(step: Pick<StepFile, 'serial' | 'parallel' | 'always' | 'never'>): boolean {
  return [step.serial, step.parallel, step.always, step.never].some((key) => key !== undefined);
}

/** The JSON Schema that editors use: `netarium schema --scenario > scenario.schema.json`. */
export function scenarioJsonSchema(): object {
  return z.toJSONSchema(scenarioFile, { io: 'input' });
}
