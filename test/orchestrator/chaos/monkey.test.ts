/** The monkey: the same from the same seed, all kinds of faults, nothing that contradicts itself, healed in the end. */
import t from 'tap';
import { compileFilter, isFilterError } from '../../../devices/stack/wire/filter/filter.js';
import { Cabling, fitsPattern } from '../../../orchestrator/chaos/cabling.js';
import { type DeviceRequest, MONKEY_KINDS, type MonkeyRequest } from '../../../orchestrator/chaos/fault.js';
import { type PlannedFault, planMonkey } from '../../../orchestrator/chaos/monkey-plan.js';
import { plannedLine } from '../../../orchestrator/commands/chaos/monkey.js';
import { misfits } from '../../../orchestrator/topology/impairment.js';
import { describeImpairment } from '../../../orchestrator/topology/impairment-text.js';
import { FakeGround, refusal } from './fake-ground.js';

const lab = new FakeGround();
const ground = { devices: lab.devices, cables: Cabling.planned(lab).cables };

function plan(seed: string, options: Partial<MonkeyRequest> = {}): PlannedFault[] {
  return planMonkey(ground, { kind: 'monkey', forMs: 60_000, ...options, seed });
}

const SEEDS = Array.from({ length: 20 }, (_, seed) => String(seed));
const LONG = SEEDS.flatMap((seed) => plan(seed, { forMs: 200_000, intervalMs: 500 }));

t.test('the same seed, the same faults at the same times; another seed, others', async (t) => {
  t.same(plan('7'), plan('7'));
  t.notSame(plan('7'), plan('8'));
  t.match(plan('7')[0], { atMs: 743, request: { seed: '7/1' } }, 'also on other machines, and in later versions');
  const longer = plan('7', { forMs: 120_000 }).slice(0, 10);
  t.same(
    longer.map(({ atMs }) => atMs),
    plan('7')
      .slice(0, 10)
      .map(({ atMs }) => atMs),
    'it begins alike, however long it stays',
  );
});

t.test('one fault after the other, at the pace that was asked for', async (t) => {
  const times = plan('3', { forMs: 600_000 }).map(({ atMs }) => atMs);
  t.same(
    times,
    [...times].sort((a, b) => a - b),
  );
  t.ok(
    times.length > 150 && times.length < 350,
    `600 s, one in 2 s on average, less what could not be: ${times.length}`,
  );
});

t.test('every fault ends before the monkey does', async (t) => {
  for (const seed of SEEDS) {
    for (const { atMs, request } of plan(seed, { forMs: 20_000 })) {
      const isRestart = request.kind === 'device' && request.action === 'restart';
      if ((request.forMs === undefined) !== isRestart) t.fail(`${seed}: ${atMs} has no end`);
      if (atMs + (request.forMs ?? 0) > 20_000) t.fail(`${seed}: ${atMs} ${JSON.stringify(request)}`);
      const needsTime = request.kind === 'device' && ['kill', 'stop', 'pause', 'restart'].includes(request.action);
      if (needsTime && atMs + (request.forMs ?? 0) > 17_000) t.fail(`${seed}: no time to come back from ${atMs}`);
    }
  }
});

t.test('all kinds of faults come, every link parameter among them', async (t) => {
  const actions = new Set(LONG.map(({ request }) => (request.kind === 'device' ? request.action : request.kind)));
  t.same([...actions].sort(), ['clock', 'kill', 'link', 'pause', 'restart', 'rule', 'slow', 'stop']);
  const parameters = new Set(
    LONG.flatMap(({ request }) =>
      request.kind === 'link' ? Object.keys(request.impairment ?? { [String(request.state)]: 1 }) : [],
    ),
  );
  const expected = [
    ...['blackhole', 'down', 'delayMs', 'jitterMs', 'jitterDistribution', 'jitterCorrelation', 'jitterReorders'],
    ...['loss', 'lossBurst', 'lossCorrelation', 'lossModel', 'duplicate', 'duplicateCorrelation', 'reorder'],
    ...[
      'reorderDelayMs',
      'reorderGap',
      'reorderCorrelation',
      'corrupt',
      'corruptCorrelation',
      'bitErrorRate',
      'rateBps',
    ],
    ...['queueBytes', 'queuePackets', 'queueDiscipline', 'codelTargetMs', 'codelIntervalMs', 'codelEcn', 'mtu'],
    ...['slotMs', 'slotJitterMs', 'slotPackets', 'slotBytes'],
  ];
  t.same([...parameters].sort(), expected.sort());
  const packets = new Set(LONG.flatMap(({ request }) => (request.kind === 'rule' ? request.action.kind : [])));
  t.same([...packets].sort(), ['corrupt', 'delay', 'drop', 'duplicate', 'reply', 'reset']);
});

t.test('what it asks for is sound', async (t) => {
  const unsound = LONG.flatMap(({ request }) => {
    if (request.kind === 'rule') return isFilterError(compileFilter(request.filter)) ? [request.filter] : [];
    if (request.kind !== 'link' || request.impairment === undefined) return [];
    const { lossModel } = request.impairment;
    const rows = lossModel?.model === 'markov' ? lossModel.states.map(({ next }) => next) : [];
    const sums = rows.map((row) => row.reduce((sum, share) => sum + share, 0));
    if (sums.some((sum) => Math.abs(sum - 1) > 1e-9)) return [JSON.stringify(lossModel)];
    return describeImpairment(request.impairment) === ''
      ? ['nothing']
      : misfits(request.impairment).map(({ message }) => message);
  });
  t.same(unsound, []);
});

t.test('a device has one trouble of its own at a time, and one device is away at most', async (t) => {
  for (const seed of SEEDS) {
    const own = plan(seed, { forMs: 300_000, intervalMs: 200 }).filter(({ request }) => request.kind === 'device');
    const until = new Map<string, number>();
    let away = { device: '', until: 0 };
    for (const { atMs, request } of own) {
      const { device, action, forMs = 0 } = request as DeviceRequest;
      if ((until.get(device) ?? 0) > atMs) t.fail(`${seed}: ${device} is in trouble at ${atMs} already`);
      until.set(device, atMs + forMs);
      if (action === 'slow' || action === 'clock') continue;
      if (away.until > atMs) t.fail(`${seed}: ${away.device} is away at ${atMs}`);
      away = { device, until: atMs + forMs };
    }
  }
  t.pass('none has two');
});

t.test('a link is cut once at a time', async (t) => {
  const until = new Map<string, number>();
  const twice: string[] = [];
  for (const { atMs, request } of plan('5', { forMs: 300_000, intervalMs: 300, kinds: ['cut'] })) {
    if (request.kind !== 'link') throw new Error('only cuts were asked for');
    const name = `${request.a} ${request.b}`;
    if ((until.get(name) ?? 0) > atMs) twice.push(`${name} at ${atMs}`);
    until.set(name, atMs + Number(request.forMs));
  }
  t.same(twice, []);
});

t.test('kinds, and devices that are spared', async (t) => {
  for (const kind of MONKEY_KINDS) {
    const drawn = plan('1', { kinds: [kind], forMs: 60_000 });
    t.ok(drawn.length > 3, kind);
  }
  const [own, ends] = [new Set<string>(), new Set<string>()];
  for (const { request } of plan('1', { spare: ['r'], forMs: 600_000 })) {
    if (request.kind === 'device') own.add(request.device);
    if (request.kind === 'link') for (const end of [request.a, request.b]) ends.add(end.split(':')[0]);
    if (request.kind === 'rule') t.same(request.except, ['r'], 'nor the packets that they make');
  }
  t.same([...own].sort(), ['a', 'b', 'sw']);
  t.notOk(ends.has('r'), 'nor their links');
  t.ok(ends.has('a'));
  t.notOk(plan('1').some(({ request }) => request.kind === 'rule' && request.except !== undefined));
  const fails = (options: Partial<MonkeyRequest>) => refusal((async () => plan('1', options))());
  t.equal(await fails({ spare: ['x'] }), '3 no device is called x\nDevices: a, b, sw, r, lab-pc.');
  t.match(await fails({ spare: ['x*'] }), /^2 no device is called x\*/);
  const nothing = '2 there is nothing that the monkey could do\nSpare fewer devices, or allow other kinds of faults.';
  t.equal(await fails({ spare: ['*'] }), nothing);
  t.equal(await fails({ spare: ['sw'], kinds: ['cut'] }), nothing);
});

t.test('what is planned is written as what happens', async (t) => {
  const lab = new FakeGround();
  await lab.chaos.apply({ kind: 'monkey', seed: '7', forMs: 60_000, intervalMs: 300, spare: ['b'] });
  await lab.pass(60_000);
  const happened = lab.news.filter(({ event, fault }) => fault.parent !== undefined && event !== 'ended');
  const cabling = Cabling.planned(lab);
  const lines = plan('7', { intervalMs: 300, spare: ['b'] }).map((one) => plannedLine(one, cabling, (_, text) => text));
  t.same(
    lines.map((line) => line.slice(10).replace(/, for [^,]*$/, '')),
    happened.map(({ fault: { target, title } }) => `${target}: ${title}`.replace(/, for [^,]*$/, '')),
  );
  t.ok(lines.some((line) => line.includes('all devices but b: ')));
});

t.test('patterns', async (t) => {
  const fitting: [string, string][] = [
    ['home-router', 'home-*'],
    ['a', '*'],
    ['abc', 'a*c'],
    ['abab', '*ab'],
    ['a.b', 'a.b'],
  ];
  for (const [name, pattern] of fitting) t.ok(fitsPattern(name, pattern), pattern);
  const others: [string, string][] = [
    ['home', 'home-*'],
    ['aXb', 'a.b'],
    ['ab', 'ab*b'],
    ['abc', 'a*b'],
    ['ab', 'abc'],
  ];
  for (const [name, pattern] of others) t.notOk(fitsPattern(name, pattern), pattern);
});

t.test('in a lab: it goes its way, and leaves nothing behind', async (t) => {
  const lab = new FakeGround();
  const monkey = await lab.chaos.apply({ kind: 'monkey', seed: '7', forMs: 60_000, intervalMs: 300 });
  t.match(monkey, { id: 'fault-1', title: 'monkey, seed 7, 60s', target: 'the whole lab', until: 1_060_000 });
  await lab.pass(59_999);
  const begun = lab.news.filter(
    ({ event, fault }) => fault.parent === 'fault-1' && (event === 'began' || event === 'done'),
  );
  const planned = plan('7', { intervalMs: 300 });
  t.same(
    begun.map(({ fault }) => fault.request),
    planned.map(({ request }) => request),
    'what was planned, in its order',
  );
  t.same(
    lab.news.filter(({ event }) => event === 'failed'),
    [],
  );
  await lab.pass(1);
  t.same(lab.chaos.list(), []);
  t.same(lab.summary(), []);
  t.same(
    lab.devices.filter(({ name }) => lab.state(name) !== 'running'),
    [],
  );
  t.equal(lab.waiting, 0);
  t.match(lab.news.at(-1), { event: 'ended', why: 'expired', fault: { id: 'fault-1' } });
});

t.test('it can be sent away in the middle, and nothing comes after it', async (t) => {
  for (const clear of [false, true]) {
    const lab = new FakeGround();
    await lab.chaos.apply({ kind: 'monkey', seed: '11', forMs: 60_000, intervalMs: 300 });
    await lab.pass(20_000);
    t.ok(lab.chaos.list().length > 1, 'it is at work');
    if (clear) await lab.chaos.clear();
    else await lab.chaos.end('fault-1');
    const { length } = lab.news;
    t.same([lab.chaos.list(), lab.summary(), lab.waiting, lab.claims.size], [[], [], 0, 0]);
    t.same(
      lab.devices.filter(({ name }) => lab.state(name) !== 'running'),
      [],
    );
    await lab.pass(60_000);
    t.equal(lab.news.length, length);
  }
});
