/** The timeline on a manual clock: what is done when, what is expected, and how a scenario ends. */
import t from 'tap';
import { CliError } from '../../../orchestrator/errors.js';
import { play } from './support/play.js';

t.test('steps follow each other; at and after say when', async (t) => {
  const { result, steps, stage } = await play(`
steps:
  - fetch: http://b/
  - at: 200ms
    exec: ping -c 1 'host b'
    on: a
  - after: 40ms
    wait: 100ms
  - chaos: {link: a -- sw, loss: 30%, for: 5s}
`);
  t.same(steps, [
    'passed 0+50 fetch http://b/ from a: ok true',
    'passed 200+10 exec ping -c 1 host b on a: status 0',
    'passed 250+100 wait 100ms',
    'passed 350+0 chaos link a -- sw, loss 30%, for 5s',
  ]);
  t.same(stage.log.slice(0, 2), ['0 fetch http://b/ from a', '200 exec ping | -c | 1 | host b on a']);
  t.match(
    stage.log[2],
    '350 chaos {"kind":"link","a":"a","b":"sw","impairment":{"loss":0.3},"forMs":5000,"seed":"1 steps.3.chaos"}',
  );
  t.equal(result.failure, undefined);
  t.equal(result.durationMs, 350);
});

t.test('what is not as expected ends the scenario; the rest is not reached', async (t) => {
  const { result, steps } = await play(
    `
steps:
  - fetch: http://b/
    is: {ok: false, error.stage: dns}
  - wait: 1s
`,
    (stage) => {
      stage.pages = [{ facts: { ok: false, error: { stage: 'tcp', code: 'ETIMEDOUT' } } }];
    },
  );
  t.same(steps, ['failed 0+50 fetch http://b/ from a: ok false, error.stage dns', 'skipped - wait 1s']);
  t.match(result.failure, {
    line: 9,
    atMs: 50,
    expected: 'ok false, error.stage dns',
    seen: 'error.stage is "tcp" (a page)',
  });
});

t.test('within: tried again until it is so, and no longer', async (t) => {
  const page = `
steps:
  - fetch: http://b/
    within: 1s
`;
  const bad = { facts: { ok: false, status: 0 } };
  const passes = await play(page, (stage) => {
    stage.pages = [bad, bad, {}];
  });
  t.same(passes.steps, ['passed 0+550 within 1s: fetch http://b/ from a: ok true']);
  const fails = await play(page, (stage) => {
    stage.pages = [bad];
  });
  t.match(fails.steps, [/^failed 0\+1000 /]);
  const hangs = await play(page, (stage) => {
    stage.pages = [{ ms: 60_000 }];
  });
  t.match(hangs.result.failure, { atMs: 1000, seen: 'it has not ended within 1.0 s' });
});

t.test('a device that is away is tried again, too', async (t) => {
  const away = { away: new CliError(1, 'a was killed by fault-1 1 s ago', 'Start it.'), ms: 0 };
  const page = 'steps:\n  - {fetch: http://b/, within: 1s}\n';
  const passes = await play(page, (stage) => {
    stage.pages = [away, {}];
  });
  t.same(passes.steps, ['passed 0+250 within 1s: fetch http://b/ from a: ok true']);
  const fails = await play('steps:\n  - {fetch: http://b/}\n', (stage) => {
    stage.pages = [away];
  });
  t.match(fails.result, { isError: false, failure: { expected: 'ok true', seen: 'a was killed by fault-1 1 s ago' } });
  const unheard = await play('steps:\n  - {fetch: http://b/, as: x, background: true}\n  - {await: x}\n', (stage) => {
    stage.pages = [away];
  });
  t.match(unheard.result.failure, { title: 'await x: ok true', seen: 'a was killed by fault-1 1 s ago' });
});

t.test('eventually: as long as the scenario may take', async (t) => {
  const text = `
limit: 3s
steps:
  - expect: {table: arp, on: a, where: {ip: 10.0.0.2}, is: {state: REACHABLE}}
    eventually: true
`;
  const rows = (state: string) => [
    { ip: '10.0.0.9', state: 'FAILED' },
    { ip: '10.0.0.2', state },
  ];
  const passes = await play(text, (stage) => {
    stage.tables.set('a arp', () => rows(stage.time < 250 ? 'INCOMPLETE' : 'REACHABLE'));
  });
  t.match(passes.result, { durationMs: 300, failure: undefined });
  t.equal(passes.result.steps[0].seen, 'state "REACHABLE"');
  const fails = await play(text, (stage) => {
    stage.tables.set('a arp', () => rows('INCOMPLETE'));
  });
  t.match(fails.result.failure, {
    atMs: 3000,
    seen: `the scenario's limit of 3.0 s is over; at last: state is "INCOMPLETE"`,
  });
});

t.test('rows, counters, devices, carriers', async (t) => {
  const prepare = (stage: Parameters<NonNullable<Parameters<typeof play>[1]>>[0]) => {
    stage.tables.set('sw mac-table', () => [
      { mac: '1', port: '1' },
      { mac: '2', port: '1' },
    ]);
    stage.tables.set('a counters', () => [{ name: 'ipv4.forwarded', value: 7 }]);
    stage.tables.set('a interfaces', () => [
      { name: 'eth0', carrier: false, drops: { badFcs: 2 }, addresses: ['10.0.0.1/24'] },
    ]);
    stage.states.set('b', 'paused');
  };
  const expect = (condition: string) => play(`steps:\n  - expect: ${condition}\n`, prepare);
  const cases: [condition: string, seen: string, holds: boolean][] = [
    ['{table: mac-table, on: sw, rows: 2}', '2 rows', true],
    ['{table: mac-table, on: sw, where: {port: "2"}, rows: 0}', '0 rows', true],
    ['{table: mac-table, on: sw, where: {mac: "2"}, rows: {atLeast: 2}}', '1 row: {"mac":"2","port":"1"}', false],
    ['{table: mac-table, on: sw, is: {mac: "1"}}', 'mac is "2"', false],
    ['{counter: ipv4.forwarded, on: a, is: {atLeast: 5, atMost: 7}}', 'ipv4.forwarded 7', true],
    ['{counter: ipv4.noRoute, on: a, is: 0}', 'ipv4.noRoute 0', true],
    ['{counter: ipv4.forwarded, on: a, is: {not: 7}}', 'ipv4.forwarded 7', false],
    [
      '{table: interfaces, on: a, is: {drops.badFcs: 2, drops.runt: {atMost: 0}, addresses: 10.0.0.1/24}}',
      'drops.badFcs 2, drops.runt nothing, addresses ["10.0.0.1/24"]',
      true,
    ],
    ['{carrier: a:eth0, is: down}', 'a:eth0 is down', true],
    ['{carrier: a, is: up}', 'a:eth0 is down', false],
    ['{device: b, is: [stopped, paused]}', 'b is paused', true],
    ['{device: a, is: dead}', 'a is running', false],
    ['{table: arp, on: b, rows: 0}', 'b is paused', false],
  ];
  for (const [condition, seen, holds] of cases) {
    const { result } = await expect(condition);
    t.match(result.steps[0], { outcome: holds ? 'passed' : 'failed', seen }, condition);
    t.equal(result.steps[0].seen, seen);
  }
});

t.test('always: until it is not so, at the next look', async (t) => {
  const text = `
steps:
  - serial: [{wait: 1s}, {fetch: http://b/}]
    always: {device: b, is: running}
  - wait: 1s
`;
  t.equal((await play(text)).result.failure, undefined);
  const { result, steps } = await play(text, (stage) => stage.later(450, () => stage.states.set('b', 'dead')));
  t.match(result.failure, { atMs: 500, line: 9, expected: 'always device b: running', seen: 'b is dead' });
  t.same(steps, [
    'failed 0+500 serial, always device b: running',
    '  skipped 0+500 wait 1s',
    '  skipped - fetch http://b/ from a: ok true',
    'skipped - wait 1s',
  ]);
});

t.test('never: at the very frame', async (t) => {
  const text = `
never: {frames: icmp.type == 3}
steps:
  - wait: 1s
`;
  t.equal((await play(text)).result.failure, undefined);
  const { result } = await play(text, (stage) => stage.later(333, () => stage.frame('icmp.type == 3')));
  t.match(result.failure, {
    title: 'the whole scenario',
    atMs: 333,
    expected: 'never frames icmp.type == 3: at least 1',
    seen: '1 frame',
  });
});

t.test('always and never as steps hold for their time', async (t) => {
  const text = `
steps:
  - never: {table: arp, on: a, where: {state: FAILED}}
    for: 500ms
  - wait: 100ms
`;
  t.same((await play(text)).steps, [
    'passed 0+500 never table arp of a where state FAILED: at least 1 row for 500ms',
    'passed 500+100 wait 100ms',
  ]);
  const late = await play(text, (stage) =>
    stage.tables.set('a arp', () => (stage.time < 290 ? [] : [{ state: 'FAILED' }])),
  );
  t.match(late.result.failure, { atMs: 300, expected: 'never table arp of a where state FAILED: at least 1 row' });
});

t.test('frames are counted in the time of a step', async (t) => {
  const { result, steps } = await play(
    `
steps:
  - serial: [{wait: 100ms}]
    as: first
  - wait: 100ms
  - expect:
      - {frames: arp, during: first, count: 2}
      - {frames: arp, count: 3}
      - {frames: arp, at: sw, during: first, count: {atMost: 2}}
  - expect: {frames: arp, during: first, count: {atLeast: 3}}
`,
    (stage) => {
      for (const ms of [10, 90, 150]) stage.later(ms, () => stage.frame('arp'));
    },
  );
  t.equal(result.steps[3].seen, '2 frames; 3 frames; 2 frames');
  t.match(steps.at(-1), /^failed 200\+0/);
});

t.test('what holds during a step is not asked before it', async (t) => {
  const text = `
always: {frames: arp, during: second, count: {atMost: 1}}
steps:
  - wait: 100ms
  - {wait: 100ms, as: second}
  - wait: 100ms
`;
  const frames = (...times: number[]) =>
    play(text, (stage) => {
      for (const ms of times) stage.later(ms, () => stage.frame('arp'));
    });
  t.equal((await frames(20, 40, 150, 250)).result.failure, undefined);
  t.match((await frames(20, 150, 160)).result.failure, { atMs: 160, seen: '2 frames' });
});

t.test('every: so many times, for a time, until it is so, or as long as its block', async (t) => {
  const times = await play('steps:\n  - {fetch: http://b/, every: 200ms, times: 3}\n');
  t.same(
    times.stage.log,
    ['0', '200', '400'].map((at) => `${at} fetch http://b/ from a`),
  );
  t.match(times.result.steps[0], { times: 3, durationMs: 450 });

  const forTime = await play('steps:\n  - {fetch: http://b/, every: 200ms, for: 400ms}\n');
  t.equal(forTime.stage.log.length, 2);

  const until = await play(
    "limit: 10s\nsteps:\n  - {exec: 'true', on: a, every: 100ms, until: {device: b, is: dead}}\n",
    (stage) => stage.later(250, () => stage.states.set('b', 'dead')),
  );
  t.same(
    until.stage.log.map((line) => line.split(' ')[0]),
    ['0', '100', '200', '300'],
  );

  const block = await play(`
steps:
  - parallel:
      - {fetch: http://b/, every: 300ms}
      - wait: 100ms
    for: 1s
`);
  t.same(
    block.stage.log.map((line) => line.split(' ')[0]),
    ['0', '300', '600', '900'],
  );
  t.equal(block.result.durationMs, 1000);

  const slow = await play('steps:\n  - {fetch: http://b/, every: 20ms, times: 3}\n');
  t.same(
    slow.stage.log.map((line) => line.split(' ')[0]),
    ['0', '50', '100'],
    'not side by side',
  );
});

t.test('until that never comes is a failure', async (t) => {
  const { result } = await play('steps:\n  - {wait: 1ms, every: 100ms, for: 1s, until: {device: b, is: dead}}\n');
  t.match(result.failure, { expected: 'until device b: dead', seen: 'b is running' });
});

t.test('parallel: all at once; when one fails the others are stopped', async (t) => {
  const { result, steps } = await play(
    `
steps:
  - parallel:
      - {fetch: http://b/, from: a}
      - serial: [{wait: 20ms}, {chaos: clear}]
      - {after: 30ms, wait: 10s}
  - wait: 1ms
`,
    (stage) => {
      stage.pages = [{ facts: { ok: false } }];
    },
  );
  t.same(steps, [
    'failed 0+50 parallel',
    '  failed 0+50 fetch http://b/ from a: ok true',
    '  passed 0+20 serial',
    '    passed 0+20 wait 20ms',
    '    passed 20+0 chaos clear',
    '  skipped 30+20 wait 10s',
    'skipped - wait 1ms',
  ]);
  t.match(result.failure, { title: 'fetch http://b/ from a: ok true', line: 10 });
});

t.test('in the background: the next step does not wait', async (t) => {
  const text = `
steps:
  - {fetch: http://b/big, as: download, background: true}
  - {wait: 300ms, as: meanwhile}
  - {await: download, is: {ok: true, retransmissions: {atLeast: 2}}}
  - expect: {frames: arp, during: download, count: 1}
`;
  const { result, steps } = await play(text, (stage) => {
    stage.pages = [{ ms: 700 }];
    stage.later(650, () => stage.frame('arp'));
    stage.later(750, () => stage.frame('arp'));
  });
  t.same(steps.slice(0, 3), [
    'passed 0+0 fetch http://b/big from a, in the background',
    'passed 0+300 wait 300ms',
    'passed 300+400 await download: ok true, retransmissions at least 2',
  ]);
  t.equal(result.steps[2].seen, 'a page, retransmissions 3', 'what was not known at once is read from the report');
  t.equal(result.failure, undefined);
  const hangs = await play(text.replace('await: download,', 'await: download, within: 100ms,'), (stage) => {
    stage.pages = [{ ms: 700 }];
  });
  t.match(hangs.result.failure, { atMs: 400, seen: 'it has not ended within 100 ms' });
});

t.test('results are compared with each other', async (t) => {
  const text = (condition: string) => `
steps:
  - {fetch: http://b/, as: before}
  - {fetch: http://b/, as: after}
  - expect: {result: after, ${condition}}
`;
  const pages = [{ ms: 100 }, { ms: 350, parts: ['page 200'] }, {}];
  const run = (condition: string) =>
    play(text(condition), (stage) => {
      stage.pages = structuredClone(pages);
    });
  t.match((await run('sameAs: before, slowerThan: before, by: {atLeast: 200ms, atMost: 300ms}')).result.steps[2], {
    outcome: 'passed',
    seen: 'the same as before, 350 ms against 100 ms',
  });
  t.match((await run('slowerThan: before, by: {atLeast: 300ms}')).result.steps[2], {
    outcome: 'failed',
    seen: '350 ms against 100 ms',
  });
  pages[1].parts = ['page 200', 'page 200'];
  t.match((await run('sameAs: before')).result.steps[2], { seen: 'not the same as before: 2 parts against 1' });
  pages[1].parts = ['page 500'];
  t.match((await run('sameAs: before')).result.steps[2], { seen: 'not the same as before: page 500' });
  for (const page of pages) page.parts = [];
  t.match((await run('sameAs: before')).result.steps[2], { seen: 'of neither, this and before, a part has come' });
});

t.test('faults end by the name of their step', async (t) => {
  const { stage } = await play(`
steps:
  - {chaos: {link: a -- sw, state: down}, as: cut}
  - chaos: {device: b, action: kill}
  - chaos: {end: cut}
  - chaos: clear
`);
  t.same(stage.log.slice(2), ['0 end fault-1', '0 clear']);
});

t.test('a cable in no plan is plugged in and out', async (t) => {
  const { stage, result } = await play('steps:\n  - {plug: a -- sw, as: cable}\n  - {wait: 1s}\n  - unplug: cable\n');
  t.same(stage.log, ['0 plug a -- sw', '1000 unplug']);
  t.equal(result.steps[0].seen, 'a:9 -- sw:9');
});

t.test('what the lab refuses is an error of the file, what goes wrong there a failure', async (t) => {
  const text = 'steps:\n  - chaos: {link: a -- sw, loss: 30%}\n  - wait: 1s\n';
  const refused = await play(text, (stage) => {
    stage.refusal = new CliError(2, 'loss 130% is above 100%', 'Write less.');
  });
  t.match(refused.result, { isError: true, failure: { seen: 'loss 130% is above 100% (Write less.)', line: 8 } });
  const broken = await play(text, (stage) => {
    stage.refusal = new CliError(1, 'a does not answer');
  });
  t.match(broken.result, { isError: false, failure: { seen: 'a does not answer' } });
});
