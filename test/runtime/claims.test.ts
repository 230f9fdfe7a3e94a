import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { NO_LOG } from '../../devices/apps/machine.js';
import { folderClaims } from '../../devices/runtime/claims.js';
import { Choice } from '../../devices/stack/link/faults/choice.js';
import { Random } from '../../devices/stack/random.js';

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'claims-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

t.test('each number is drawn once, whoever draws, in order, and none beyond the limit', async (t) => {
  const folder = folderOf(t);
  const [a, b, c] = [1, 2, 3].map(() => folderClaims(folder, NO_LOG));
  t.same([a('hit', 5), b('hit', 5), a('hit', 5), c('hit', 5), b('hit', 5)], [1, 2, 3, 4, 5]);
  t.same([a('hit', 5), b('hit', 5), c('hit', 5)], [0, 0, 0]);
  t.equal(b('skip', 1), 1, 'each series has its own');
  t.same(readdirSync(folder).sort(), ['hit-1', 'hit-2', 'hit-3', 'hit-4', 'hit-5', 'skip-1']);
});

t.test('two rules that count together skip and hit as one', async (t) => {
  const folder = folderOf(t);
  const choices = ['a', 'b'].map(
    (name) => new Choice({ skip: 2, count: 2, random: new Random(name), claim: folderClaims(folder, NO_LOG) }),
  );
  const fates = Array.from({ length: 8 }, (_, n) => choices[n % 2].take());
  t.same(fates, [false, false, true, true, false, false, false, false]);
  t.ok(choices.every(({ exhausted }) => exhausted));
});

t.test('a folder that has gone ends the rule, and is logged once', async (t) => {
  const folder = folderOf(t);
  rmSync(folder, { recursive: true });
  const logged: string[] = [];
  const log = { ...NO_LOG, warn: (_facts: object, message: string) => logged.push(message) };
  const choice = new Choice({ count: 3, random: new Random('x'), claim: folderClaims(folder, log) });
  t.same([choice.take(), choice.take()], [false, false]);
  t.ok(choice.exhausted);
  t.match(logged, [/^a rule ends: it cannot count in /]);
  t.equal(logged.length, 1);
});

t.test('a rule that only skips ends too when it cannot know what has been skipped', async (t) => {
  const folder = folderOf(t);
  rmSync(folder, { recursive: true });
  const choice = new Choice({ skip: 2, random: new Random('x'), claim: folderClaims(folder, NO_LOG) });
  t.same([choice.take(), choice.take(), choice.take()], [false, false, false]);
  t.ok(choice.exhausted);
});

t.test('who comes late, or in a next life, goes on with the next number, however many are drawn', async (t) => {
  const folder = folderOf(t);
  const first = folderClaims(folder, NO_LOG);
  for (let n = 1; n <= 70; n++) {
    t.equal(first('hit', 70), n);
    t.equal(folderClaims(folder, NO_LOG)('hit', n), 0, `no more than ${n}`);
    t.equal(folderClaims(folder, NO_LOG)('skip', 70), n);
  }
  t.equal(readdirSync(folder).length, 140);
});
