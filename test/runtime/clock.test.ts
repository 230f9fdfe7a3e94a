import t from 'tap';
import type { FetchResult, LinkOrder, RuleOrder } from '../../devices/control.js';
import { DeviceClock, monotonicNow } from '../../devices/runtime/clock.js';
import { inLabTime } from '../../devices/runtime/lab-times.js';
import { World } from '../support/world.js';

const EPOCH = Date.UTC(2026, 10, 22);

/** A clock whose right time is set by hand. */
function manual(start = 1000) {
  const lab = { now: start };
  const clock = new DeviceClock(
    () => lab.now,
    () => EPOCH + lab.now,
  );
  return { lab, clock };
}

t.test('a clock that nobody has touched is right, to the bit', async (t) => {
  const { lab, clock } = manual(123.456789);
  t.ok(clock.isRight);
  t.equal(clock.now(), lab.now);
  t.equal(clock.toLab(77.1), 77.1);
  t.equal(clock.toLab(Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY);
  t.equal(clock.wallClock(), EPOCH + lab.now);
  t.ok(Math.abs(new DeviceClock().now() - monotonicNow()) < 50);
});

t.test('a rate: time goes on from where it was, and stays ahead when the rate is right again', async (t) => {
  const { lab, clock } = manual();
  clock.setSkew({ rate: 2 });
  t.equal(clock.now(), 1000, 'no jump');
  lab.now = 1100;
  t.equal(clock.now(), 1200);
  t.equal(clock.wallClock(), EPOCH + 1200, 'the date runs with it');
  clock.setSkew({ rate: 0.5 });
  t.equal(clock.now(), 1200, 'no jump either');
  lab.now = 1200;
  t.equal(clock.now(), 1250);
  clock.setSkew(undefined);
  lab.now = 1300;
  t.equal(clock.now(), 1350, 'never back');
  t.equal(clock.wallClock(), EPOCH + 1300, 'the date is right again');
  clock.setSkew({ rate: 3 });
  t.equal(clock.wallClock(), EPOCH + 1300, 'and goes wrong from there, not from what was before');
  t.same([900, 1000, 1100, 1200, 1225, 1250, 1350].map(clock.toLab), [900, 1000, 1050, 1100, 1150, 1200, 1300]);
});

t.test('an offset changes the date alone', async (t) => {
  const { lab, clock } = manual();
  clock.setSkew({ offsetMs: -86_400_000 });
  t.equal(clock.wallClock(), EPOCH + lab.now - 86_400_000);
  t.equal(clock.now(), lab.now);
  t.ok(clock.isRight, 'the timeline is still one');
});

t.test('however often the rate changes, time never goes back, and what is remembered is bounded', async (t) => {
  const { lab, clock } = manual(0);
  let before = clock.now();
  for (let n = 0; n < 3000; n++) {
    clock.setSkew({ rate: n % 2 === 0 ? 0.1 : 10 });
    lab.now += 0.5;
    const now = clock.now();
    if (now <= before) t.fail(`${before}, then ${now}`);
    before = now;
  }
  t.ok(Math.abs(clock.toLab(clock.now()) - lab.now) < 1e-6);
  t.ok(Number.isFinite(clock.toLab(0)));
});

t.test('deadlines take as long as the rate says', async (t) => {
  const { lab, clock } = manual();
  clock.setSkew({ rate: 4 });
  t.equal(clock.realMsUntil(1400), 100);
  lab.now = 1101;
  t.equal(clock.realMsUntil(1400), -1);
});

t.test('a page load is told in the time of the lab', async (t) => {
  const { lab, clock } = manual();
  clock.setSkew({ rate: 2 });
  lab.now = 2000;
  const result = {
    url: 'http://a/',
    status: 200,
    startAt: 1200,
    endAt: 1400,
    exchanges: [{ status: 200, timing: { startTime: 1200, fetchStart: 1200, responseEnd: 1300 }, bytes: 1200 }],
  };
  t.same(inLabTime(result as unknown as FetchResult, clock.toLab), {
    url: 'http://a/',
    status: 200,
    startAt: 1100,
    endAt: 1200,
    exchanges: [{ status: 200, timing: { startTime: 1100, fetchStart: 1100, responseEnd: 1150 }, bytes: 1200 }],
  });
});

t.test('a device with a fast clock measures long round trips, and gives up early', async (t) => {
  const world = new World();
  t.teardown(() => world.stop());
  for (const [index, name] of ['a', 'b'].entries()) {
    world.add({ name, kind: 'host', ports: [{ name: 'eth0', addresses: [`10.0.0.${index + 1}/24`] }] });
  }
  world.link('a:eth0', 'b:eth0', { delayMs: 10 });
  world.start();
  await world.exec('a', 'ping -c 1 10.0.0.2');
  const rtt = async () => Number(/time=([\d.]+) ms/.exec((await world.exec('a', 'ping -c 1 10.0.0.2')).stdout)?.[1]);
  t.equal(await rtt(), 20);
  world.order('a', { clocks: [{ fault: 'fault-1', title: 'clock x2', rate: 2 }] });
  t.equal(await rtt(), 40);
  const startedAt = world.now;
  t.match(await world.exec('a', 'ping -c 1 -W 4 10.0.0.9'), { status: 1 });
  const took = world.now - startedAt;
  t.ok(took > 1400 && took < 2100, `${took} ms instead of up to 4000`);
  t.match(world.faultsOf('a'), [{ fault: 'fault-1', title: 'clock x2' }]);
  world.order('a', {});
  t.equal(await rtt(), 20);
});

t.test('links and packets that a fault delays keep the time of the lab, whatever clock the device has', async (t) => {
  const world = new World();
  t.teardown(() => world.stop());
  for (const [index, name] of ['a', 'b'].entries()) {
    world.add({ name, kind: 'host', ports: [{ name: 'eth0', addresses: [`10.0.0.${index + 1}/24`] }] });
  }
  world.link('a:eth0', 'b:eth0', { delayMs: 5 });
  world.start();
  await world.exec('a', 'ping -c 1 10.0.0.2');
  const fault = { fault: 'fault-1', title: 'slow' };
  const of = { ...fault, seed: 'x' };
  const links: LinkOrder[] = [
    { ...of, port: 'eth0', direction: 'out', impairment: { delayMs: 30, rateBps: 126 * 800 } },
  ];
  const rules: RuleOrder[] = [{ ...of, filter: 'icmp', at: 'origin', action: { kind: 'delay', delayMs: 50 } }];
  /** Of 126 bytes, which take 10 ms. */
  const roundTrip = async () => {
    const startedAt = world.now;
    await world.exec('a', 'ping -c 1 -s 72 10.0.0.2');
    return Math.round((world.now - startedAt) * 1000) / 1000;
  };
  for (const rate of [1, 4, 0.25]) {
    world.order('a', { links, rules, clocks: [{ ...fault, rate }] });
    t.equal(await roundTrip(), 100, `clock x${rate}`);
  }
  world.order('a', { links, clocks: [{ ...fault, rate: 10 }] });
  const underWay = roundTrip();
  await world.runFor(20);
  world.order('a', { links, clocks: [{ ...fault, rate: 0.5 }] });
  t.equal(await underWay, 50, 'a packet that is under way when the clock changes, too');
});
