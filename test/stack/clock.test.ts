import fc from 'fast-check';
import t from 'tap';
import { NEVER, type Timer, Timers } from '../../devices/stack/clock.js';

t.test('timers run in the order of time, equal ones in the order in which they were armed', async (t) => {
  const timers = new Timers();
  const ran: string[] = [];
  for (const [name, at] of Object.entries({ c: 30, a: 10, b1: 20, b2: 20, b3: 20 })) {
    timers.create(() => ran.push(`${name}@${timers.now}`)).set(at);
  }
  t.equal(timers.nextAt(), 10);
  timers.advance(9.999);
  t.same(ran, []);
  timers.advance(10);
  t.same(ran, ['a@10']);
  timers.advance(25);
  t.same(ran, ['a@10', 'b1@25', 'b2@25', 'b3@25']);
  t.equal(timers.nextAt(), 30);
  timers.advance(30);
  t.equal(timers.nextAt(), NEVER);
});

t.test('after counts from the present', async (t) => {
  const timers = new Timers();
  timers.advance(100);
  let ran = 0;
  const timer = timers.after(5, () => ran++);
  t.equal(timer.at, 105);
  t.ok(timer.armed);
  timers.advance(105);
  t.equal(ran, 1);
  t.notOk(timer.armed);
});

t.test('a cleared timer does not run, and no longer counts as the next deadline', async (t) => {
  const timers = new Timers();
  let ran = 0;
  const first = timers.after(5, () => ran++);
  timers.after(8, () => ran++);
  first.clear();
  t.equal(timers.nextAt(), 8);
  timers.advance(100);
  t.equal(ran, 1);
});

t.test('a timer moves later and earlier, and runs once', async (t) => {
  const timers = new Timers();
  const ran: number[] = [];
  const timer = timers.create(() => ran.push(timers.now));
  timer.set(10);
  timer.set(20);
  t.equal(timers.nextAt(), 20);
  timers.advance(15);
  t.same(ran, []);
  timer.set(16);
  t.equal(timers.nextAt(), 16);
  timers.advance(16);
  timers.advance(50);
  t.same(ran, [16]);
  timer.set(60);
  timer.clear();
  timer.set(60);
  timers.advance(60);
  t.same(ran, [16, 60], 'clearing and arming for the same time runs once');
});

t.test('a timer that arms itself for the present runs again in the same advance', async (t) => {
  const timers = new Timers();
  let left = 3;
  const timer: Timer = timers.create(() => {
    left -= 1;
    if (left > 0) timer.set(timers.now);
  });
  timer.set(5);
  timers.advance(5);
  t.equal(left, 0);
});

t.test('time never goes back', async (t) => {
  const timers = new Timers();
  timers.advance(10);
  timers.advance(5);
  t.equal(timers.now, 10);
});

t.test('whatever is set, moved and cleared: each armed timer runs once, on time, in order', async () => {
  const action = fc.record({
    timer: fc.nat(9),
    kind: fc.constantFrom('set', 'set', 'clear', 'advance'),
    delay: fc.nat(50),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const timers = new Timers();
      const expected = new Map<number, number>();
      let sound = true;
      let last = 0;
      const all = Array.from({ length: 10 }, (_, i) =>
        timers.create(() => {
          const at = expected.get(i) ?? NEVER;
          sound &&= at <= timers.now && at >= last;
          last = at;
          expected.delete(i);
        }),
      );
      for (const { timer, kind, delay } of actions) {
        if (kind === 'set') {
          all[timer].set(timers.now + delay);
          expected.set(timer, timers.now + delay);
        } else if (kind === 'clear') {
          all[timer].clear();
          expected.delete(timer);
        } else {
          last = 0;
          timers.advance(timers.now + delay);
          sound &&= [...expected.values()].every((at) => at > timers.now);
        }
        sound &&= timers.nextAt() === Math.min(NEVER, ...expected.values());
      }
      return sound;
    }),
  );
});
