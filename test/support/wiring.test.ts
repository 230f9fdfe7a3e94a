import t from 'tap';
import { type Instant, NEVER } from '../../devices/stack/clock.js';
import { Hub } from '../../devices/stack/link/hub.js';
import { BROADCAST_MAC } from '../../devices/stack/wire/address.js';
import { ListeningStation, PortNode } from './port-node.js';
import { Wiring } from './wiring.js';

function pair(delayMs: number) {
  const wiring = new Wiring();
  const a = wiring.attach(new ListeningStation('a', 0x020000000001));
  const b = wiring.attach(new ListeningStation('b', 0x020000000002));
  const cable = wiring.link('a:eth0', 'b:eth0', { delayMs });
  return { wiring, a, b, cable };
}

t.test('a packet arrives after the delay of the cable, and stands in the log', async (t) => {
  const { wiring, a, b } = pair(5);
  wiring.runSync(10);
  a.say(b.nic.mac, 'hello');
  wiring.runSync(14.9);
  t.same(b.heard, []);
  wiring.runSync(15);
  t.same(b.heard, ['hello']);
  t.match(wiring.frames, [{ n: 0, at: 10, from: 'a:eth0', to: 'b:eth0', dropped: false }]);
  t.equal(wiring.frames[0].packet.length, 72);
});

t.test('packets of equal time arrive in the order in which they were sent', async (t) => {
  const { wiring, a, b } = pair(0);
  for (let i = 0; i < 20; i++) a.say(b.nic.mac, `${i}`);
  wiring.runSync();
  t.same(
    b.heard,
    Array.from({ length: 20 }, (_, i) => `${i}`),
  );
});

t.test('a fault drops or delays chosen packets', async (t) => {
  const { wiring, a, b, cable } = pair(1);
  cable.fault = ({ n, from }) => (from !== 'a:eth0' ? 'drop' : n === 0 ? 10 : n === 1 ? 'drop' : 'pass');
  for (const text of ['late', 'lost', 'punctual']) a.say(b.nic.mac, text);
  b.say(a.nic.mac, 'lost too');
  wiring.runSync();
  t.same(b.heard, ['punctual', 'late']);
  t.same(a.heard, []);
  t.same(
    wiring.frames.map(({ dropped }) => dropped),
    [false, true, false, true],
  );
});

t.test('a cut loses what is under way and the carrier of both ends, until it is restored', async (t) => {
  const { wiring, a, b, cable } = pair(5);
  a.say(b.nic.mac, 'under way');
  wiring.runSync(2);
  cable.cut();
  t.same([a.ports[0].carrier, b.ports[0].carrier], [false, false]);
  a.say(b.nic.mac, 'not even sent');
  cable.restore();
  a.say(b.nic.mac, 'after it');
  wiring.runSync();
  t.same(b.heard, ['after it']);
  t.equal(a.ports[0].counters.droppedOut, 1);
});

t.test('unlinked ports have no carrier; wrong ends are refused', async (t) => {
  const wiring = new Wiring();
  const a = wiring.attach(new PortNode('a', ['1', '2']));
  wiring.attach(new PortNode('b', ['1']));
  t.notOk(a.ports[0].carrier);
  wiring.link('a:1', 'b:1');
  t.ok(a.ports[0].carrier);
  t.throws(() => wiring.link('a:2', 'b:2'), { message: 'no port b:2' });
  t.throws(() => wiring.link('a:2', 'c:1'), { message: 'no port c:1' });
  t.throws(() => wiring.link('a:1', 'a:2'), { message: 'a:1 is linked already' });
  t.throws(() => wiring.attach(new PortNode('a', [])), { message: 'there is already a node named a' });
});

/** A program on a node: what it hears it answers, some turns of Node's event loop later. */
class Answering extends ListeningStation {
  override readonly hasPrograms: boolean = true;

  constructor(name: string, mac: number) {
    super(name, mac);
    this.nic.setHandler(0x88b5, async (frame) => {
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => process.nextTick(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      this.say(frame.src, 'answer');
    });
  }
}

t.test('programs come to rest between events: their answers leave at the instant of the question', async (t) => {
  const wiring = new Wiring();
  const a = wiring.attach(new ListeningStation('a', 0x020000000001));
  wiring.attach(new Answering('b', 0x020000000002));
  wiring.link('a:eth0', 'b:eth0', { delayMs: 5 });
  for (let i = 0; i < 3; i++) {
    a.say(0x020000000002, `question ${i}`);
    await wiring.runFor(1);
  }
  await wiring.run(() => a.heard.length === 3);
  t.equal(wiring.now, 12);
  t.same(
    wiring.frames.map(({ from, at }) => `${from}@${at}`),
    ['a:eth0@0', 'a:eth0@1', 'a:eth0@2', 'b:eth0@5', 'b:eth0@6', 'b:eth0@7'],
  );
});

t.test('a condition that cannot come true ends the run with an error', async (t) => {
  const { wiring, a, b } = pair(5);
  a.say(b.nic.mac, 'x');
  await t.rejects(
    wiring.run(() => false),
    { message: 'nothing is left to happen, at 5 ms' },
  );
  const beat = () => {
    a.timers.after(10, beat);
  };
  beat();
  await t.rejects(
    wiring.run(() => false, 100),
    { message: /^not within 100 ms, at / },
  );
  t.throws(() => wiring.runSync(() => false), { message: /^the condition does not come true/ });
});

t.test('until: passes on what a promise comes to', async (t) => {
  const { wiring, a } = pair(5);
  const slept = new Promise<string>((resolve) => {
    a.timers.after(1000, () => resolve('slept'));
  });
  t.equal(await wiring.until(slept), 'slept');
  t.equal(wiring.now, 1000);
  await t.rejects(wiring.until(Promise.reject(new Error('failed'))), { message: 'failed' });
});

t.test('work in another thread is waited for', async (t) => {
  const { gzip } = await import('node:zlib');
  const wiring = new Wiring();
  let done = false;
  gzip(new Uint8Array(100_000), () => {
    done = true;
  });
  await wiring.run(() => done);
  t.equal(wiring.now, 0);
});

t.test('deadlines of nodes run in the order of time among deliveries', async (t) => {
  const { wiring, a, b } = pair(5);
  const story: string[] = [];
  a.timers.after(4, () => story.push(`a's timer at ${wiring.now}`));
  a.timers.after(5, () => story.push(`a's second timer at ${wiring.now}`));
  b.ports[0].addTap((_packet, direction, _dropped, at: Instant) => story.push(`${direction} at ${at}`));
  a.say(b.nic.mac, 'x');
  wiring.runSync();
  t.same(story, ["a's timer at 4", 'in at 5', "a's second timer at 5"]);
  t.equal(wiring.nextAt(), NEVER);
});

t.test('the same wiring gives the same frames, byte for byte, with impairments too', async (t) => {
  const story = () => {
    const wiring = new Wiring();
    const body = wiring.attach(new PortNode('hub', ['1', '2', '3']));
    new Hub(body.ports);
    const stations = [1, 2, 3].map((n) => wiring.attach(new ListeningStation(`s${n}`, 0x020000000000 + n)));
    const impairment = { loss: 0.2, delayMs: 2, jitterMs: 2, duplicate: 0.1, reorder: 0.1, corrupt: 0.05 };
    for (const n of [1, 2, 3]) wiring.link(`s${n}:eth0`, `hub:${n}`, { impairment });
    for (let i = 0; i < 50; i++) {
      stations[i % 3].say(BROADCAST_MAC, `message ${i}`);
      wiring.runSync(i);
    }
    wiring.runSync(200);
    const frames = wiring.frames.map(({ at, from, packet }) => `${at} ${from} ${Buffer.from(packet).toString('hex')}`);
    return [...frames, ...stations.map(({ heard }) => heard.join())].join('\n');
  };
  const first = story();
  t.equal(story(), first);
  t.match(first, /message 49/);
});
