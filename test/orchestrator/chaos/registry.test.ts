/** The lab's faults: what devices are ordered, what ends what, and that a mistake changes nothing. */
import t from 'tap';
import { RPC_INVALID_PARAMS, RpcError } from '../../../devices/control.js';
import { Couriers } from '../../../orchestrator/chaos/couriers.js';
import type { FaultRequest, LinkRequest } from '../../../orchestrator/chaos/fault.js';
import { FakeGround, refusal, settle } from './fake-ground.js';

const loss: LinkRequest = { kind: 'link', a: 'a', b: 'sw', impairment: { loss: 0.2 } };
const synDrop: FaultRequest = { kind: 'rule', filter: 'tcp.flags.syn == 1', action: { kind: 'drop' } };

t.test('a link: both ends, or one; what is ended is gone', async (t) => {
  const lab = new FakeGround();
  const both = await lab.chaos.apply(loss);
  t.match(both, { id: 'fault-1', title: 'loss 20%', target: 'a:eth0 -- sw:1', since: 1_000_000 });
  t.same(lab.orders.get('a'), {
    links: [
      {
        fault: 'fault-1',
        title: 'loss 20%',
        port: 'eth0',
        direction: 'out',
        seed: 'fault-1/a:eth0/out',
        impairment: { loss: 0.2 },
      },
    ],
    rules: [],
  });
  const one = await lab.chaos.apply({ ...loss, from: 'sw', impairment: { delayMs: 50, jitterMs: 10 }, seed: 'x' });
  t.match(one, { id: 'fault-2', title: 'delay 50ms ± 10ms', target: 'a:eth0 -- sw:1, from sw:1' });
  t.same(lab.summary(), ['a:eth0 out: loss 20%', 'sw:1 out: loss 20%', 'sw:1 out: delay 50ms ± 10ms']);
  t.equal(lab.orders.get('sw')?.links[1].seed, 'x/sw:1/out');
  t.equal((await lab.chaos.end('fault-1')).id, 'fault-1');
  t.same(lab.summary(), ['sw:1 out: delay 50ms ± 10ms']);
  t.same(
    (await lab.chaos.clear()).map(({ id }) => id),
    ['fault-2'],
  );
  t.same(lab.orders.get('sw'), { links: [], rules: [] });
  t.same(lab.chaos.list(), []);
  t.same(
    lab.news.map(({ event, fault, why }) => [event, fault.id, why]),
    [
      ['began', 'fault-1', undefined],
      ['began', 'fault-2', undefined],
      ['ended', 'fault-1', 'ended'],
      ['ended', 'fault-2', 'cleared'],
    ],
  );
  t.equal(lab.lines[0], 'fault-1 began: loss 20% on a:eth0 -- sw:1');
});

t.test('what is external cannot do it itself: our end does', async (t) => {
  const lab = new FakeGround();
  await lab.chaos.apply({ ...loss, a: 'sw', b: 'lab-pc' });
  t.same(lab.summary(), ['sw:5 out: loss 20%', 'sw:5 in: loss 20%']);
  await lab.chaos.apply({ ...loss, a: 'lab-pc', b: 'sw', from: 'lab-pc', impairment: { corrupt: 0.1 } });
  t.equal(lab.summary().at(-1), 'sw:5 in: corrupt 10%');
  await lab.chaos.clear();
  await lab.chaos.apply({ kind: 'link', a: 'sw', b: 'lab-pc', state: 'down' });
  t.same(lab.summary(), ['sw:5 out: down']);
  lab.attached = [{ device: 'a', port: 'eth1', link: 'a:eth1 -- udp 127.0.0.1:26000' }];
  const attached = await lab.chaos.apply({ ...loss, a: 'a', b: 'udp 127.0.0.1:26000' });
  t.equal(attached.target, 'a:eth1 -- udp 127.0.0.1:26000', 'a port that was attached since');
});

t.test('down, black hole, and up', async (t) => {
  const lab = new FakeGround();
  const link = { kind: 'link', a: 'a', b: 'sw' } as const;
  await lab.chaos.apply({ ...link, state: 'down' });
  await lab.chaos.apply({ ...link, state: 'blackhole', from: 'a' });
  await lab.chaos.apply(loss);
  t.same(
    lab.orders.get('a')?.links.map(({ state }) => state),
    ['down', 'blackhole', undefined],
  );
  t.match(await lab.chaos.apply({ ...link, state: 'up' }), {
    ...{ id: '', title: 'up', target: 'a:eth0 -- sw:1' },
    ended: ['fault-1', 'fault-2'],
  });
  t.same(lab.summary(), ['a:eth0 out: loss 20%', 'sw:1 out: loss 20%'], 'only what holds it has ended');
  t.same(
    lab.news.slice(3).map(({ event, fault, why }) => [event, fault.id, why]),
    [
      ['ended', 'fault-1', 'replaced'],
      ['ended', 'fault-2', 'replaced'],
      ['done', '', undefined],
    ],
  );
  t.equal(await refusal(lab.chaos.apply({ ...link, state: 'up' })), '1 no fault holds a:eth0 -- sw:1 down');
});

t.test('a time: it ends by itself', async (t) => {
  const lab = new FakeGround();
  const fault = await lab.chaos.apply({ ...loss, forMs: 5000 });
  t.equal(fault.until, 1_005_000);
  await lab.chaos.apply({ kind: 'device', device: 'r', action: 'kill', forMs: 7000 });
  await lab.pass(4999);
  t.equal(lab.chaos.list().length, 2);
  await lab.pass(1);
  t.same(lab.summary(), []);
  t.match(lab.news.at(-1), { event: 'ended', why: 'expired', fault: { id: 'fault-1' } });
  await lab.pass(2000);
  t.same(lab.acts, ['r kill by fault-2', 'r start']);
  t.same(lab.chaos.list(), []);
  t.equal(lab.waiting, 0, 'no timer is left');
});

t.test('what was ended before its time leaves no timer behind', async (t) => {
  const lab = new FakeGround();
  await lab.chaos.apply({ ...loss, forMs: 5000 });
  await lab.chaos.end('fault-1');
  t.equal(lab.waiting, 0);
});

t.test('one that is ended in the moment in which its time is over ends once', async (t) => {
  const lab = new FakeGround();
  await lab.chaos.apply({ ...loss, forMs: 5000 });
  const ended = lab.chaos.end('fault-1');
  await lab.pass(5000);
  await ended;
  t.same(
    lab.news.map(({ event, why }) => [event, why]),
    [
      ['began', undefined],
      ['ended', 'ended'],
    ],
  );
});

t.test('a thousand faults, and no more', async (t) => {
  const lab = new FakeGround();
  // Five links each, and the whole.
  for (let i = 0; i < 166; i++) await lab.chaos.apply({ kind: 'partition', left: ['sw'] });
  t.equal(lab.chaos.list().length, 996);
  const words = '1 1000 faults at most are in force at a time\n`netarium chaos clear` ends all.';
  t.equal(await refusal(lab.chaos.apply({ kind: 'partition', left: ['sw'] })), words);
  for (let i = 0; i < 4; i++) await lab.chaos.apply({ kind: 'device', device: 'a', action: 'slow', factor: 2 });
  t.equal(await refusal(lab.chaos.apply({ ...synDrop, count: 1 })), words);
  t.equal(lab.claims.size, 0);
  t.equal((await lab.chaos.clear()).length, 1000);
  t.same(lab.summary(), []);
});

t.test('no more orders than a device takes in one message', async (t) => {
  const lab = new FakeGround();
  const couriers = new Couriers(lab);
  const orders = (bytes: number) => {
    const rule = {
      fault: 'fault-1',
      title: 'drop',
      filter: '',
      at: 'origin',
      seed: 'x',
      action: { kind: 'drop' },
    } as const;
    const filter = 'tcp'.padEnd(4000);
    return new Map([
      ['a', { links: [], rules: Array.from({ length: Math.ceil(bytes / 4100) }, () => ({ ...rule, filter })) }],
    ]);
  };
  await couriers.change(orders(800 * 1024));
  const before = lab.orders.get('a');
  t.match(
    await refusal(couriers.change(orders(1024 * 1024))),
    /^1 the faults in force are too much for a: more than 960 KiB\n/,
  );
  t.equal(lab.orders.get('a'), before, 'it was told nothing');
  t.notOk(couriers.isPending('a'));
});

t.test('processes: what ends what', async (t) => {
  const lab = new FakeGround();
  const r = { kind: 'device', device: 'r' } as const;
  await lab.chaos.apply({ ...r, action: 'pause' });
  await lab.chaos.apply({ ...r, action: 'kill' });
  t.same(
    lab.chaos.list().map(({ id, title, target }) => [id, title, target]),
    [['fault-2', 'killed', 'r']],
  );
  t.equal(await refusal(lab.chaos.apply({ ...r, action: 'stop' })), '1 cannot stop r: it is killed');
  t.equal(lab.chaos.list().length, 1, 'what failed is no fault');
  t.match(await lab.chaos.apply({ ...r, action: 'start' }), { id: '', title: 'started', ended: ['fault-2'] });
  t.same(lab.chaos.list(), []);
  await lab.chaos.apply({ ...r, action: 'pause' });
  await lab.chaos.apply({ ...r, action: 'restart' });
  t.same(lab.chaos.list(), [], 'a device that was started anew is not paused');
  await lab.chaos.apply({ ...r, action: 'stop' });
  lab.setState('b', 'dead');
  await lab.chaos.clear();
  t.equal(lab.state('r'), 'running');
  t.equal(lab.state('b'), 'running', 'also one that died by itself');
  await lab.chaos.apply({ ...r, action: 'kill' });
  await lab.chaos.end(lab.chaos.list()[0].id);
  t.equal(lab.state('r'), 'running');
});

t.test('a device that is away gets its orders before it starts, one that sleeps when it wakes', async (t) => {
  const lab = new FakeGround();
  await lab.chaos.apply({ kind: 'device', device: 'a', action: 'kill' });
  await lab.chaos.apply({ kind: 'device', device: 'b', action: 'pause' });
  await lab.chaos.apply(loss);
  await lab.chaos.apply({ kind: 'device', device: 'b', action: 'slow', factor: 4 });
  t.same(lab.summary(), ['sw:1 out: loss 20%']);
  t.same(
    lab.chaos.list().map(({ pending }) => pending),
    [undefined, undefined, ['a is killed'], ['b is paused']],
  );
  await lab.chaos.apply({ kind: 'device', device: 'a', action: 'start' });
  await lab.chaos.apply({ kind: 'device', device: 'b', action: 'resume' });
  await settle();
  t.same(lab.summary().sort(), ['a:eth0 out: loss 20%', 'b: 4 times slower', 'sw:1 out: loss 20%']);
  t.same(
    lab.chaos.list().map(({ pending }) => pending),
    [undefined, undefined],
  );
  await lab.chaos.apply({ kind: 'device', device: 'a', action: 'restart' });
  t.ok(lab.summary().includes('a:eth0 out: loss 20%'), 'a restart takes nothing back');
});

t.test('what a device has is in force also while it is told something else', async (t) => {
  const lab = new FakeGround();
  await lab.chaos.apply(loss);
  let answer: () => void = () => {};
  lab.answers = new Promise((resolve) => {
    answer = resolve;
  });
  const second = lab.chaos.apply({ ...loss, impairment: { delayMs: 20 } });
  await settle();
  t.same(
    lab.chaos.list().map(({ id, pending }) => [id, pending]),
    [['fault-1', undefined]],
  );
  answer();
  await second;
  t.equal(lab.chaos.list().length, 2);
});

t.test('a device that does not take what is taken back from it is one line in the log', async (t) => {
  const lab = new FakeGround();
  await lab.chaos.apply(loss);
  const lines = lab.lines.length;
  lab.faults.set('a', new Error('chaos: no answer within 5000 ms'));
  await lab.chaos.clear();
  await lab.pass(60_000);
  t.same(lab.lines.slice(lines), ['a does not take its orders', 'fault-1 ended: loss 20% on a:eth0 -- sw:1 (cleared)']);
  lab.faults.clear();
  await lab.pass(2000);
  t.same(lab.summary(), []);
  t.equal(lab.waiting, 0);
});

for (const action of ['restart', 'stop'] as const) {
  t.test(`a pause whose time is over, or that is ended, while its device is to ${action} fails nothing`, async (t) => {
    const lab = new FakeGround();
    lab.stopMs = 2000;
    await lab.chaos.apply({ kind: 'device', device: 'a', action: 'pause' });
    await lab.chaos.apply({ kind: 'device', device: 'b', action: 'pause', forMs: 1000 });
    const wishes = ['a', 'b'].map((device) => lab.chaos.apply({ kind: 'device', device, action }));
    await settle();
    const ended = refusal(lab.chaos.end('fault-1'));
    await lab.pass(5000);
    await Promise.all(wishes);
    t.equal(await ended, 'done');
    t.same(
      lab.news.filter(({ event }) => event === 'failed').map(({ message }) => message),
      [],
    );
    const state = action === 'restart' ? 'running' : 'stopped';
    t.same([lab.state('a'), lab.state('b')], [state, state]);
  });
}

t.test('one device refuses: all have what they had', async (t) => {
  const lab = new FakeGround();
  await lab.chaos.apply(loss);
  const before = lab.summary();
  lab.faults.set('sw', new RpcError(RPC_INVALID_PARAMS, 'I would rather not'));
  t.equal(await refusal(lab.chaos.apply({ ...loss, seed: 'r' })), '2 sw refuses: I would rather not');
  const bad = lab.chaos.apply({ ...loss, from: 'a', impairment: { delayMs: -1 } });
  t.equal(await refusal(bad), '2 a refuses: links[1].impairment.delayMs: expected a number of at least 0, got -1');
  lab.faults.set('sw', Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
  t.equal(await refusal(lab.chaos.apply({ ...loss, seed: 's' })), '1 sw does not answer: it is paused or overloaded');
  lab.faults.clear();
  await lab.pass(1000);
  t.same(lab.summary(), before);
  t.equal(lab.chaos.list().length, 1);
});

t.test('what is taken back is taken back, also from one that does not answer now', async (t) => {
  const lab = new FakeGround();
  await lab.chaos.apply(loss);
  lab.faults.set('sw', new Error('no answer'));
  await lab.chaos.end('fault-1');
  t.same(lab.chaos.list(), []);
  t.same(lab.summary(), ['sw:1 out: loss 20%']);
  lab.faults.clear();
  await lab.pass(1000);
  t.same(lab.summary(), []);
});

t.test('packet rules: everywhere or in one place; what counts does so in a folder, and beyond restarts', async (t) => {
  const lab = new FakeGround();
  await lab.chaos.apply({ ...synDrop, skip: 1, count: 1 });
  t.equal(lab.orders.size, 4);
  t.match(lab.orders.get('r')?.rules[0], {
    at: 'origin',
    skip: 1,
    count: 1,
    claims: '/claims/fault-1',
    seed: 'fault-1/r',
  });
  t.equal(lab.chaos.list()[0].title, 'drop: tcp.flags.syn == 1 (skip 1, count 1)');
  t.same([...lab.claims], ['/claims/fault-1']);
  await lab.chaos.end('fault-1');
  t.same([...lab.claims], []);
  await lab.chaos.apply({ ...synDrop, at: 'r', count: 2 });
  await lab.chaos.apply({ ...synDrop, at: 'sw:5' });
  t.match(lab.orders.get('r')?.rules, [{ at: 'device', count: 2, claims: '/claims/fault-2' }]);
  t.match(lab.orders.get('sw')?.rules, [{ at: { port: '5' } }]);
  t.same([...lab.claims], ['/claims/fault-2'], 'what does not count needs none');
});

t.test('what faults have done', async (t) => {
  const lab = new FakeGround();
  await lab.chaos.apply(loss);
  await lab.chaos.apply({ kind: 'device', device: 'r', action: 'kill' });
  lab.counted = [{ fault: 'fault-1', title: 'loss 20%', port: 'eth0', direction: 'out', matched: 10, hit: 2 }];
  t.same(await lab.chaos.counts(), [{ id: 'fault-1', matched: 20, hit: 4, exhausted: false }], 'both ends told ten');
});

t.test('a partition and its links', async (t) => {
  const lab = new FakeGround();
  const whole = await lab.chaos.apply({ kind: 'partition', left: ['a', 'b'] });
  t.match(whole, { id: 'fault-1', title: 'partition', target: 'a b | all others' });
  t.same(
    lab.chaos.list().map(({ id, parent, target }) => [id, parent, target]),
    [
      ['fault-1', undefined, 'a b | all others'],
      ['fault-2', 'fault-1', 'a:eth0 -- sw:1'],
      ['fault-3', 'fault-1', 'b:eth0 -- sw:2'],
    ],
  );
  await lab.chaos.apply({ kind: 'link', a: 'a', b: 'sw', state: 'up' });
  t.same(lab.summary().sort(), ['b:eth0 out: down', 'sw:2 out: down']);
  await lab.chaos.apply({ kind: 'link', a: 'b', b: 'sw', state: 'up' });
  t.same(lab.chaos.list(), [], 'nothing is left of it');
  await lab.chaos.apply({ kind: 'partition', left: ['sw'], right: ['r', 'lab-*'], silent: true, forMs: 1000 });
  t.same(lab.summary().sort(), [
    'r:eth0 out: black hole',
    'r:eth1 out: black hole',
    'sw:3 out: black hole',
    'sw:4 out: black hole',
    'sw:5 in: black hole',
    'sw:5 out: black hole',
  ]);
  await lab.pass(1000);
  t.same(lab.summary(), []);
  t.same(lab.chaos.list(), []);
});

t.test('parameters may lean on what is there already', async (t) => {
  const lab = new FakeGround();
  const normal: FaultRequest = { ...loss, impairment: { jitterDistribution: 'normal' } };
  t.equal(await refusal(lab.chaos.apply(normal)), '2 jitterDistribution says nothing without jitter');
  for (const end of ['a:eth0 out', 'sw:1 out']) lab.bases.set(end, { jitterMs: 5 });
  t.equal(await refusal(lab.chaos.apply(normal)), 'done');
  t.equal(
    await refusal(lab.chaos.apply({ ...loss, impairment: { lossBurst: 3 } })),
    '2 lossBurst says nothing without loss',
  );
  await lab.chaos.apply(loss);
  t.equal(await refusal(lab.chaos.apply({ ...loss, impairment: { lossBurst: 3 } })), 'done');
  for (const end of ['a:eth0 out', 'sw:1 out']) {
    lab.bases.set(end, { rateBps: 1e6, queueDiscipline: 'codel', codelTargetMs: 9 });
  }
  const dropTail: FaultRequest = { ...loss, impairment: { queueDiscipline: 'drop-tail' } };
  t.equal(await refusal(lab.chaos.apply(dropTail)), 'done', 'what it makes pointless is no mistake');
});

t.test('every mistake has its words and its status, and changes nothing', async (t) => {
  const lab = new FakeGround();
  const fails = async (request: object, words: string) =>
    t.equal(await refusal(lab.chaos.apply(request as FaultRequest)), words);
  await fails({ ...loss, a: 'aa' }, '2 the lab has no device aa\nDid you mean "a"?');
  await fails({ ...loss, b: 'c:eth0' }, '2 the lab has no device c\nDevices: a, b, sw, r.');
  await fails({ kind: 'device', device: 'aa', action: 'kill' }, '3 the lab has no device aa\nDid you mean "a"?');
  await fails({ ...loss, b: 'b' }, '2 no link joins a and b\nLinks of a: a:eth0 -- sw:1.');
  await fails({ ...loss, b: 'a' }, '2 both ends of this link are on a');
  await fails({ ...loss, a: 'a:eth7' }, '2 a has no port eth7\nIts ports: eth0.');
  await fails(
    { ...loss, a: 'r' },
    '2 r and sw are joined by 2 links: r:eth0 -- sw:3, r:eth1 -- sw:4\nSay which by a port: r:eth0.',
  );
  await fails({ ...loss, a: 'r:eth1', from: 'a' }, '2 a is no end of r:eth1 -- sw:4\nWrite r or sw.');
  await fails(
    { kind: 'link', a: 'a', b: 'sw' },
    '2 what shall happen to the link?\nSay down, up, blackhole, or parameters: --loss 20% --delay 50ms.',
  );
  await fails(
    { ...loss, state: 'down' },
    '2 a link cannot be down and have parameters in one fault\nAsk for one after the other.',
  );
  await fails(
    { kind: 'link', a: 'a', b: 'sw', state: 'down', from: 'a' },
    '2 a link is down at both ends: it has no direction\n`blackhole` lets the frames of one direction vanish; nobody is told.',
  );
  const broken = await refusal(lab.chaos.apply({ ...synDrop, filter: 'tcp.flags.sym == 1' }));
  t.equal(
    broken,
    '2 the expression, column 1: "tcp.flags.sym" is no field or protocol. Did you mean "tcp.flags.syn"?\n' +
      'tcp.flags.sym == 1\n^\n`netarium capture --fields tcp` lists the fields that begin so.',
  );
  await fails(
    { ...synDrop, filter: 'frame.number == 2' },
    '2 frame.number is known to captures only\nTo hit the 2nd packet that matches: --skip 1 --count 1.',
  );
  await fails({ ...synDrop, at: 'c' }, '3 the lab has no device c\nDevices: a, b, sw, r.');
  await fails(
    { kind: 'device', device: 'r', action: 'slow' },
    '2 how slow?\nSay it with --factor 4: as on a CPU of a quarter of the speed.',
  );
  await fails({ kind: 'device', device: 'r', action: 'kill', factor: 3 }, '2 only `slow` has a factor, kill has none');
  await fails(
    { kind: 'device', device: 'r', action: 'start', forMs: 3 },
    '2 start is no fault that could end by itself: leave the time out',
  );
  await fails({ kind: 'partition', left: ['x*'] }, '2 no device is called x*\nDevices: a, b, sw, r, lab-pc.');
  await fails({ kind: 'partition', left: ['x'] }, '3 no device is called x\nDevices: a, b, sw, r, lab-pc.');
  await fails({ ...synDrop, except: ['c'] }, '3 the lab has no device c\nDevices: a, b, sw, r.');
  await fails({ ...synDrop, at: 'a', except: ['b'] }, '2 a rule at one place excepts no others');
  await fails({ kind: 'partition', left: ['a', 'sw'], right: ['s*'] }, '2 on both sides of the partition: sw');
  await fails({ kind: 'partition', left: ['*'] }, '2 all devices are on one side: there is nothing to cut off');
  await fails(
    { kind: 'partition', left: ['a'], right: ['b'] },
    '2 no link joins the two sides directly\nLeave the second group out to cut the first one off from all others.',
  );
  await fails(
    { kind: 'device', device: 'r', action: 'explode' },
    '2 bad request, action: Invalid option: expected one of "kill"|"stop"|"start"|"restart"|"pause"|"resume"|"slow"|"clock"',
  );
  await fails({ kind: 'monkey' }, '2 bad request, forMs: Invalid input: expected number, received undefined');
  t.equal(await refusal(lab.chaos.end('fault-9')), '3 no fault fault-9 is in force\nNone is.');
  t.same([lab.orders.size, lab.chaos.list(), lab.news, lab.acts], [0, [], [], []]);
  t.equal((await lab.chaos.apply(loss)).id, 'fault-1', 'mistakes do not count');
  t.equal(await refusal(lab.chaos.end('fualt-1')), '3 no fault fualt-1 is in force\nDid you mean "fault-1"?');
});
