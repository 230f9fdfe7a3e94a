import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import type { Machine } from '../../devices/apps/machine.js';
import { DeviceClock, monotonicNow } from '../../devices/runtime/clock.js';
import { Driver } from '../../devices/runtime/driver.js';
import { Timers } from '../../devices/stack/clock.js';

/** What the driver uses of a machine. */
function machineOf(timers: Timers, received: number[] = []): Machine {
  return {
    receive: (_port: unknown, packet: Uint8Array, now: number) => {
      timers.advance(now);
      received.push(packet.length);
    },
    advance: (now: number) => timers.advance(now),
    nextTimeoutAt: () => timers.nextAt(),
  } as unknown as Machine;
}

function drive(): { driver: Driver; timers: Timers; received: number[] } {
  const timers = new Timers();
  timers.advance(monotonicNow());
  const received: number[] = [];
  const driver = new Driver();
  driver.attach(machineOf(timers, received));
  return { driver, timers, received };
}

t.test('deadlines run in order, none early', async (t) => {
  const { driver, timers } = drive();
  const fired: string[] = [];
  await new Promise<void>((resolve) => {
    const start = timers.now;
    const check = (name: string, dueMs: number) => {
      fired.push(name);
      t.ok(monotonicNow() >= start + dueMs, `${name} is not early`);
    };
    timers.after(20, () => {
      check('late', 20);
      resolve();
    });
    driver.wake();
    timers.after(5, () => check('early', 5));
    driver.wake();
  });
  t.same(fired, ['early', 'late']);
  driver.stop();
});

t.test('a deadline that was set while another ran is armed too', async (t) => {
  const { driver, timers } = drive();
  await new Promise<void>((resolve) => {
    timers.after(1, () => timers.after(1, () => timers.after(0, resolve)));
    driver.wake();
  });
  t.pass();
  driver.stop();
});

t.test('a packet may bring a deadline', async (t) => {
  const { driver, timers, received } = drive();
  const fired = new Promise<void>((resolve) => timers.after(1, resolve));
  driver.receive({} as never, new Uint8Array(3));
  await fired;
  t.same(received, [3]);
  driver.stop();
});

t.test('packets that have waited while the process was busy come before deadlines that have passed', async (t) => {
  const timers = new Timers();
  timers.advance(monotonicNow());
  const driver = new Driver();
  const done: string[] = [];
  const deadline = timers.after(5, () => done.push('again'));
  timers.after(6, () => done.push('next'));
  const machine = { ...machineOf(timers), receive: () => deadline.clear() };
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  t.teardown(() => socket.close());
  await once(socket, 'listening');
  socket.on('message', (packet) => {
    done.push('acknowledged');
    driver.receive({} as never, packet);
  });
  driver.attach(machine as unknown as Machine);
  socket.send('ack', socket.address().port, '127.0.0.1');
  const until = monotonicNow() + 40;
  while (monotonicNow() < until);
  await delay(10);
  t.same(done, ['acknowledged', 'next']);
  driver.stop();
});

t.test('a cleared or far deadline costs nothing and does not overflow setTimeout', async (t) => {
  const { driver, timers } = drive();
  let fired = 0;
  timers
    .after(2, () => {
      fired += 1;
    })
    .clear();
  timers.after(30 * 24 * 3600 * 1000, () => {
    fired += 1;
  });
  driver.wake();
  await delay(10);
  t.equal(fired, 0);
  driver.stop();
});

t.test('after stop nothing runs', async (t) => {
  const { driver, timers, received } = drive();
  let fired = 0;
  timers.after(1, () => {
    fired += 1;
  });
  driver.wake();
  driver.stop();
  driver.receive({} as never, new Uint8Array(3));
  driver.wake();
  await delay(10);
  t.equal(fired, 0);
  t.same(received, []);
});

t.test('the clock is that of all processes of the machine', async (t) => {
  const before = Number(process.hrtime.bigint()) / 1e6;
  const now = monotonicNow();
  const after = Number(process.hrtime.bigint()) / 1e6;
  t.ok(now >= before - 1 && now <= after + 1);
});

t.test(
  'by a clock of another rate deadlines take as long as that says, also those that are armed already',
  async (t) => {
    const clock = new DeviceClock();
    const timers = new Timers();
    timers.advance(clock.now());
    const driver = new Driver(clock);
    driver.attach(machineOf(timers));
    t.teardown(() => driver.stop());
    let fired = 0;
    const startedAt = monotonicNow();
    await new Promise<void>((resolve) => {
      timers.after(30_000, () => {
        fired = clock.now();
        resolve();
      });
      const deadline = timers.now + 30_000;
      driver.wake();
      clock.setSkew({ rate: 500 });
      driver.rearm();
      t.ok(clock.realMsUntil(deadline) < 60.001);
    });
    const tookMs = monotonicNow() - startedAt;
    t.ok(tookMs >= 59.9 && tookMs < 29_000, `30 s of the device took ${tookMs} ms`);
    t.ok(fired >= startedAt + 30_000, 'not early by its own clock');
  },
);
