/** Steps are paired by what they are about. */
import fc from 'fast-check';
import t from 'tap';
import { align, type Pair } from '../../../orchestrator/diff/align.js';
import { type Happening, happeningsOf } from '../../../orchestrator/diff/happenings.js';
import type { FetchReport, Step } from '../../../orchestrator/story/report.js';

function happening(subject: string, atMs: number, change: Partial<Step> = {}): Happening {
  const place = { atMs, device: 'client', layer: 'http' as const, event: 'request' };
  const step = { ...place, subject, outcome: '', summary: subject, frames: [], ...change };
  return { ...step, step };
}

const inOrder = (...subjects: string[]) => subjects.map((subject, index) => happening(subject, index));
const text = (pairs: readonly Pair[]) =>
  pairs.map(({ a, b, inOrder }) => `${a?.subject ?? '-'}${inOrder ? '=' : '~'}${b?.subject ?? '-'}`);

t.test('what is missing, what is more', async (t) => {
  t.same(text(align(inOrder('a', 'b', 'c'), inOrder('a', 'c', 'd'))), ['a=a', 'b~-', 'c=c', '-~d']);
  t.same(text(align([], inOrder('a'))), ['-~a']);
  t.same(text(align([], [])), []);
});

t.test('what is about the same is paired in any order; times and outcomes do not count', async (t) => {
  const pairs = align(inOrder('a', 'b', 'c'), [
    happening('c', 7),
    happening('a', 8),
    happening('b', 9, { outcome: 'x' }),
  ]);
  t.same(text(pairs).sort(), ['a=a', 'b=b', 'c~c']);
});

t.test('what goes wrong comes before what follows from it, however busy that run was', async (t) => {
  const lost = happening('SYN', 90, { event: 'loss' });
  const pairs = align(inOrder('a', 'missing', 'b'), [happening('a', 50), lost, happening('b', 91)]);
  t.same(text(pairs), ['a=a', '-~SYN', 'missing~-', 'b=b']);
});

t.test(
  'a question and its answer are two things, and what happened at one instant comes before the answer',
  async (t) => {
    const question = happening('A www', 1, { event: 'query', outcome: 'answer', frames: [1, 9], endMs: 5 }).step;
    const steps = [question, happening('between', 3).step, happening('then', 5).step];
    t.match(happeningsOf({ steps } as unknown as FetchReport), [
      { event: 'query', atMs: 1, outcome: '', frames: [1] },
      { subject: 'between' },
      { subject: 'then' },
      { event: 'query ends', atMs: 5, outcome: 'answer', frames: [9] },
    ]);
  },
);

const arbitrary = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('loss', 'request', 'response'), fc.nat(50)))
  .map((steps) =>
    steps.map(([subject, event, atMs]) => happening(subject, atMs, { event })).sort((x, y) => x.atMs - y.atMs),
  );

t.test('every step is in one pair, and both ways the pairs are the same', async (t) => {
  fc.assert(
    fc.property(arbitrary, arbitrary, (a, b) => {
      const pairs = align(a, b);
      const of = (side: 'a' | 'b') => new Set(pairs.flatMap((pair) => pair[side] ?? []));
      const back = align(b, a).map((pair) => ({ ...pair, a: pair.b, b: pair.a }));
      const plain = (some: readonly Pair[]) =>
        JSON.stringify(some.map(({ a, b, inOrder }) => [a ?? 0, b ?? 0, inOrder]));
      return of('a').size === a.length && of('b').size === b.length && plain(back) === plain(pairs);
    }),
    { numRuns: 300 },
  );
  t.pass();
});

t.test('two with nothing in common, of thousands of steps: paired in a moment', async (t) => {
  const many = (name: string) => Array.from({ length: 5000 }, (_, i) => happening(`${name}${i}`, i));
  const pairs = align(many('a'), many('b'));
  t.equal(pairs.length, 10_000);
});
