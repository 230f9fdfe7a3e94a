/** From the words of `netarium chaos` to what is asked of the lab, and what is said of those that make no sense. */
import t from 'tap';
import type { FaultRequest } from '../../../orchestrator/chaos/fault.js';
import { checkRule } from '../../../orchestrator/chaos/rule-fault.js';
import { chaosCommand } from '../../../orchestrator/commands/chaos/chaos.js';
import { deviceRequest } from '../../../orchestrator/commands/chaos/device.js';
import { linkRequest } from '../../../orchestrator/commands/chaos/link.js';
import { monkeyRequest } from '../../../orchestrator/commands/chaos/monkey.js';
import { ruleRequest } from '../../../orchestrator/commands/chaos/rule.js';
import { faultTable } from '../../../orchestrator/commands/chaos/show.js';
import { IMPAIRMENT_KEYS } from '../../../orchestrator/topology/schema-impairment.js';
import { refusal } from '../chaos/fake-ground.js';

const fault = (run: () => FaultRequest) => refusal((async () => run())());
const plain = (_style: unknown, text: string) => text;

t.test('links: values as in a topology', async (t) => {
  t.same(
    linkRequest('client', 'sw', undefined, {
      loss: '20%',
      delay: '50ms',
      jitter: '10ms',
      rate: '2Mbit',
      from: 'client',
      for: '10s',
    }),
    {
      kind: 'link',
      a: 'client',
      b: 'sw',
      forMs: 10_000,
      from: 'client',
      impairment: { loss: 0.2, delayMs: 50, jitterMs: 10, rateBps: 2_000_000 },
    },
  );
  t.match(linkRequest('a', 'b', 'down', { seed: '7' }), { state: 'down', seed: '7' });
  t.match(linkRequest('a:eth0 -- sw:1', 'blackhole', undefined, {}), { a: 'a:eth0', b: 'sw:1', state: 'blackhole' });
  t.same(
    linkRequest('a', 'b', undefined, {
      loss: '{model: gilbert-elliott, goodToBad: 1%, badToGood: 25%}',
      jitterDistribution: '[-1, 0, 1]',
      jitterReorders: true,
      codelEcn: 'false',
      lossBurst: '2.5',
      bitErrorRate: '1e-6',
      mtu: '1400',
      queue: '20 packets',
    }).impairment,
    {
      jitterDistribution: [-1, 0, 1],
      jitterReorders: true,
      lossModel: { model: 'gilbert-elliott', goodToBad: 0.01, badToGood: 0.25 },
      lossBurst: 2.5,
      bitErrorRate: 1e-6,
      queuePackets: 20,
      codelEcn: false,
      mtu: 1400,
    },
  );
});

t.test('links: mistakes', async (t) => {
  const link = (options: object, state?: string) => fault(() => linkRequest('a', 'b', state, options));
  t.equal(await link({ loss: '120%' }), '2 --loss: "120%" is not a share: write it in percent, 0% to 100%, such as 1%');
  t.equal(await link({ delay: '-5ms' }), '2 --delay: "-5ms" is below 0');
  t.equal(
    await link({ delay: '5' }),
    '2 --delay: 5 is not a duration: write it with its unit, such as 20ms, 1.5s or 5min',
  );
  t.equal(
    await link({ loss: '{model: markov, states: [{loss: 0%, next: [50%]}]}' }),
    '2 --loss: states.0.next: the shares of the next states are 50% together, not 100%',
  );
  t.equal(await link({ loss: '{model' }), '2 --loss: "{model" is neither a list nor a map, as YAML has them');
  t.equal(await link({ jitterReorders: 'perhaps' }), '2 --jitter-reorders: "perhaps" is neither true nor false');
  t.equal(await link({ for: '0s' }), '2 --for: a fault of no time is none');
  t.equal(
    await link({ for: '10' }),
    '2 --for: "10" is not a duration: write it with its unit, such as 20ms, 1.5s or 5min',
  );
  t.equal(await link({}, 'dwn'), '2 "dwn" is no state of a link: write down, up or blackhole\nDid you mean "down"?');
  t.equal(
    await fault(() => linkRequest('a', 'down', undefined, {})),
    '2 which link?\nName both of its ends: netarium chaos link client home-switch …',
  );
});

t.test('packets', async (t) => {
  t.same(ruleRequest('tcp', 'drop', undefined, { skip: '1', count: '2', share: '30%', at: 'a' }), {
    kind: 'rule',
    filter: 'tcp',
    action: { kind: 'drop' },
    at: 'a',
    skip: 1,
    count: 2,
    share: 0.3,
  });
  const action = (word: string, value?: string, options = {}) => ruleRequest('', word, value, options).action;
  t.same(action('delay', '200ms', { jitter: '5ms' }), { kind: 'delay', delayMs: 200, jitterMs: 5 });
  t.same(action('duplicate', undefined, { copies: '3' }), { kind: 'duplicate', copies: 3 });
  t.same(action('corrupt', undefined, { bits: '2', fixFcs: true }), { kind: 'corrupt', bits: 2, fixFcs: true });
  t.same(action('reply', 'servfail'), { kind: 'reply', reply: 'servfail' });
  t.same(action('reset', undefined, { after: '10kB' }), { kind: 'reset', afterBytes: 10_000 });
});

t.test('packets: mistakes', async (t) => {
  const rule = (word: string, value?: string, options = {}) => fault(() => ruleRequest('tcp', word, value, options));
  const actions = 'drop, delay, duplicate, corrupt, reply, reset';
  t.equal(await rule('dorp'), `2 "dorp" is no action: write ${actions}\nDid you mean "drop"?`);
  t.equal(
    await rule('=='),
    `2 "==" is no action: write ${actions}\nAn expression with blanks goes in quotes: 'tcp.len > 0'.`,
  );
  t.equal(await rule('drop', '5'), '2 drop takes no value: "5" is too much');
  t.equal(await rule('delay'), '2 delay: for how long?\nWrite it behind it: delay 200ms.');
  t.match(
    await rule('reply', 'servfial'),
    /^2 reply: "servfial" is no answer\. Did you mean "servfail"\?\nAnswers are noerror, /,
  );
  t.equal(await rule('drop', undefined, { fixFcs: true }), '2 --fix-fcs belongs to corrupt, not to drop');
  t.equal(
    await rule('drop', undefined, { count: '0' }),
    '2 --count: "0" is not a number: write a whole one, at least 1',
  );
});

t.test('packets: what is wrong with an expression', async (t) => {
  const rule = (filter: string) =>
    refusal((async () => checkRule({ kind: 'rule', filter, action: { kind: 'drop' } }))());
  for (const empty of ['', '  ']) {
    t.equal(await rule(empty), '2 which packets? The expression is empty\nEvery packet is `frame`.');
  }
  await t.resolves(async () => checkRule({ kind: 'rule', filter: 'frame', action: { kind: 'drop' } }));
  const hint = /capture --fields/;
  for (const filter of ['tcp.prot == 80', 'tpc', '!nosuch.field']) t.match(await rule(filter), hint, filter);
  for (const filter of ['ip.src == 300.1.1.1', 'http.host matches "["', 'tcp.port ==', '(tcp'])
    t.notMatch(await rule(filter), hint, filter);
});

t.test('packets: a time below 0 is no option', async (t) => {
  const said: string[] = [];
  t.intercept(process.stderr, 'write', { value: (text: string) => said.push(text) > 0 });
  const parse = (...words: string[]) => {
    const command = chaosCommand();
    for (const one of command.commands) one.exitOverride();
    return command.parseAsync(['fault', ...words], { from: 'user' });
  };
  await t.rejects(parse('tcp', 'delay', '-5ms'));
  await t.rejects(parse('tcp', 'drop', '--cuont', '1'));
  t.match(said[0], /^error: "-5ms" is below 0\n/);
  t.match(said[1], /^error: unknown option '--cuont'/);
});

t.test('devices', async (t) => {
  t.match(deviceRequest('a', 'slow', { factor: '2.5' }), { action: 'slow', factor: 2.5 });
  t.match(deviceRequest('a', 'clock', { rate: '105%', offset: '-2h' }), { rate: 1.05, offsetMs: -7_200_000 });
  t.equal(
    await fault(() => deviceRequest('a', 'puase', {})),
    '2 "puase" is no action: write kill, stop, start, restart, pause, resume, slow, clock\nDid you mean "pause"?',
  );
  t.match(await fault(() => deviceRequest('a', 'explode', {})), /^2 "explode" is no action: write kill, [^\n]*$/);
  t.equal(
    await fault(() => deviceRequest('a', 'kill', { seed: '--json' })),
    '2 --seed: "--json" looks like an option: a seed begins with no dash',
  );
  t.equal(
    await fault(() => deviceRequest('a', 'clock', { rate: '5%' })),
    '2 --rate: "5%" is not how fast a clock goes: write 10% to 1000%, such as 105%',
  );
});

t.test('the monkey', async (t) => {
  t.same(monkeyRequest({ for: '60s', spare: 'client,server-*', kinds: 'impair, cut', interval: '500ms' }), {
    kind: 'monkey',
    forMs: 60_000,
    seed: '1',
    intervalMs: 500,
    spare: ['client', 'server-*'],
    kinds: ['impair', 'cut'],
  });
  t.equal(
    await fault(() => monkeyRequest({})),
    '2 for how long?\nSay it with --for 60s: a monkey that never stops is no test.',
  );
  t.equal(
    await fault(() => monkeyRequest({ for: '1s', kinds: 'kil' })),
    '2 --kinds: "kil" is no kind of fault: impair, cut, packets, kill, restart, pause, slow, clock. Did you mean "kill"?',
  );
});

t.test('every link parameter is an option that says what it does', async (t) => {
  const link = chaosCommand().commands.find((command) => command.name() === 'link');
  const options = new Map(link?.options.map((option) => [option.attributeName(), option.description]));
  for (const key of IMPAIRMENT_KEYS) t.ok((options.get(key) ?? '').length > 5, key);
});

t.test('the list: parts below the whole, what is not everywhere below the table', async (t) => {
  const request = { kind: 'partition', left: ['a'] } as const;
  const now = Date.now();
  const faults = [
    { id: 'fault-1', request, title: 'partition', target: 'a | all others', since: now - 2000, leftMs: 8000 },
    { id: 'fault-3', request, title: 'killed', target: 'b', since: now - 1000 },
    {
      id: 'fault-2',
      request,
      title: 'down',
      target: 'a:eth0 -- sw:1',
      since: now - 2000,
      parent: 'fault-1',
      matched: 3,
      hit: 2,
      exhausted: true,
      pending: ['a is paused'],
    },
  ];
  t.equal(
    faultTable(faults, plain, undefined).replace(/\d\.\d s/g, 'T'),
    [
      'ID         TARGET          FAULT      SINCE   LEFT  MATCHED      HIT',
      'fault-1    a | all others  partition  T  T',
      '  fault-2  a:eth0 -- sw:1  down       T               3  2 (all)',
      'fault-3    b               killed     T',
      'fault-2 is not in force everywhere: a is paused',
    ].join('\n'),
  );
});

t.test('the list in a narrow terminal: what faults do is shortened before columns are left out', async (t) => {
  const request = { kind: 'device', device: 'a', action: 'kill' } as const;
  const title = 'loss 20%, delay 50ms ± 10ms, jitter correlation 25%, rate 2Mbit, queue 50 packets';
  const target = 'client:eth0 -- home-switch:1';
  const listed = [{ id: 'fault-1', request, title, target, since: Date.now(), matched: 104, hit: 22 }];
  const [head, row] = faultTable(listed, plain, 120).split('\n');
  t.match(head, /SINCE {2}LEFT {2}MATCHED {2}HIT$/);
  t.match(row, /^fault-1 {2}client:eth0 -- home-switch:1 {2}loss 20%, delay 50ms .*… /);
  const narrow = faultTable(listed, plain, 80);
  t.match(narrow, /^ID .* MATCHED {2}HIT\nfault-1 {2}client:eth0 -- .*loss 20%.*… .* 104 {3}22$/);
});
