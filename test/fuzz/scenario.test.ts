/** Whatever is done to a scenario file: it is read, or refused with words and places, and nothing that is read has no end. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { leastTime } from '../../orchestrator/scenario/ends.js';
import { parseScenario } from '../../orchestrator/scenario/load.js';
import { FileError } from '../../orchestrator/topology/index.js';
import { edit, word } from './yaml-edits.js';

const RUNS = Number(process.env.FUZZ_RUNS ?? 150);
const FOLDER = 'topologies/scenarios';
const TEXTS = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => readFileSync(join(FOLDER, file), 'utf8'));

function check(text: string): void {
  try {
    const { timeline, limitMs } = parseScenario(text, join(FOLDER, 'fuzz.yaml'));
    if (!(leastTime(timeline) <= limitMs && limitMs <= 3_600_000)) throw new Error('a scenario without an end');
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    if (error.problems.length === 0) throw new Error('refused without a reason');
    for (const { message, place } of error.problems) {
      if (/undefined|\[object|Invalid (input|option)/.test(message) && !text.includes('undefined'))
        throw new Error(`poor words: ${message}`);
      const lines = text.split('\n');
      if (place !== undefined && (place.line > lines.length || place.column < 1))
        throw new Error(`no such place: ${message}`);
    }
  }
}

t.test('shipped scenarios with edits', async () => {
  fc.assert(
    fc.property(fc.constantFrom(...TEXTS), fc.array(edit, { minLength: 1, maxLength: 6 }), (text, edits) => {
      check(edits.reduce((edited, change) => change(edited), text));
    }),
    { numRuns: RUNS },
  );
});

const KEYS = [
  ...['fetch', 'exec', 'await', 'chaos', 'plug', 'unplug', 'wait', 'expect', 'always', 'never', 'serial', 'parallel'],
  ...['at', 'after', 'every', 'times', 'until', 'as', 'from', 'on', 'is', 'background', 'within', 'eventually', 'for'],
  ...['table', 'counter', 'frames', 'result', 'device', 'carrier', 'where', 'rows', 'count', 'during', 'sameAs', 'by'],
  ...['link', 'fault', 'partition', 'monkey', 'end', 'action', 'state', 'loss', 'delay', 'rate', 'offset', 'factor'],
  ...['atLeast', 'atMost', 'not', 'contains', 'matches', 'slowerThan', 'kinds', 'spare', 'seed', 'share', 'reply'],
];
const VALUES = [
  'a',
  'sw',
  'a -- sw',
  'b -- sw',
  'http://b/',
  '1s',
  '20%',
  'x',
  'kill',
  'drop',
  'clear',
  'arp',
  'random',
  'up',
];

t.test('any values under the known keys', async () => {
  const leaf = fc.oneof(fc.constantFrom(...VALUES), word, fc.integer(), fc.boolean(), fc.constant(null), fc.double());
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...KEYS), tie('value'), { maxKeys: 4 }),
    ),
  }));
  const steps = fc.array(fc.dictionary(fc.constantFrom(...KEYS), value, { minKeys: 1, maxKeys: 4 }), { maxLength: 4 });
  const topology = { devices: { a: 'host', b: 'host', sw: 'switch' }, links: ['a -- sw', 'b -- sw'] };
  fc.assert(
    fc.property(steps, (some) => check(JSON.stringify({ topology, limit: '60s', steps: some }))),
    { numRuns: RUNS * 4 },
  );
});
