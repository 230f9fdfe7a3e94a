import t from 'tap';
import { Random } from '../../devices/stack/random.js';

function draws(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.uint32());
}

/** Computed by another implementation of FNV-1a and splitmix32. */
const GOLDEN = [3045266575, 412487204, 3263116713, 4111793154];

t.test('the same seed gives the same draws, here and everywhere', async (t) => {
  t.same(draws(new Random('netarium'), 4), GOLDEN);
  t.same(draws(new Random(7), 5), draws(new Random('7'), 5));
  t.notSame(draws(new Random(7), 5), draws(new Random(8), 5));
});

t.test('a fork depends on seed and label alone, never on how much was drawn', async (t) => {
  const parent = new Random('seed');
  const early = draws(parent.fork('link client-sw1 loss'), 5);
  draws(parent, 100);
  t.same(draws(parent.fork('link client-sw1 loss'), 5), early);
  t.notSame(draws(parent.fork('link client-sw2 loss'), 5), early);
  t.notSame(draws(new Random('other').fork('link client-sw1 loss'), 5), early);
  t.notSame(draws(parent.fork('a').fork('b'), 5), draws(parent.fork('b').fork('a'), 5));
});

t.test('uniform, below and chance stay in their ranges and are even', async (t) => {
  const random = new Random('even');
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 20_000; i++) counts[random.below(10)] += 1;
  t.ok(
    counts.every((count) => Math.abs(count - 2000) < 200),
    counts.join(' '),
  );
  const uniforms = Array.from({ length: 20_000 }, () => random.uniform());
  t.ok(uniforms.every((value) => value >= 0 && value < 1));
  const mean = uniforms.reduce((sum, value) => sum + value, 0) / uniforms.length;
  t.ok(Math.abs(mean - 0.5) < 0.01, `mean ${mean}`);
  const hits = Array.from({ length: 20_000 }, () => random.chance(0.3)).filter(Boolean).length;
  t.ok(Math.abs(hits - 6000) < 300, `${hits} hits`);
  t.ok(Array.from({ length: 100 }, () => random.chance(1)).every(Boolean));
  t.notOk(Array.from({ length: 100 }, () => random.chance(0)).some(Boolean));
});

t.test('every chance costs one draw, whatever its probability', async (t) => {
  const [a, b] = [new Random('x'), new Random('x')];
  a.chance(0);
  b.chance(1);
  t.equal(a.uint32(), b.uint32());
});

t.test('bits are even too, in streams whose labels differ in one character', async (t) => {
  const root = new Random(1);
  for (let bit = 0; bit < 32; bit++) {
    let ones = 0;
    for (let i = 0; i < 2000; i++) ones += (root.fork(`link ${i}`).uint32() >>> bit) & 1;
    if (Math.abs(ones - 1000) > 160) t.fail(`bit ${bit}: ${ones} of 2000`);
  }
});
