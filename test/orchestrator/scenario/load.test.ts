/** Files that are no scenario: each mistake with its place, nothing launched. And what the short forms of a good one mean. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { loadScenario, parseScenario } from '../../../orchestrator/scenario/load.js';
import { scenarioJsonSchema } from '../../../orchestrator/scenario/schema.js';
import { FileError } from '../../../orchestrator/topology/index.js';

const HEAD = `topology:
  devices:
    a: {kind: host, address: 10.0.0.1/24}
    b: {kind: host, address: 10.0.0.2/24}
    sw: switch
  links: [a -- sw, b -- sw]
`;

function problemsOf(text: string, file = 'x.yaml'): string[] {
  try {
    parseScenario(text, file);
    return [];
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error.problems.map(({ place, message }) => `${place?.line ?? 0}:${place?.column ?? 0} ${message}`);
  }
}

/** On line 8, from column 5 on. */
const oneStep: [step: string, problem: RegExp][] = [
  ['{fecth: http://b/}', /^8:6 unknown key "fecth". Did you mean "fetch"\?$/],
  [
    '{from: a}',
    /^8:5 a step has one of the keys fetch, exec, await, chaos, plug, unplug, wait, expect, always, never, serial, parallel$/,
  ],
  ['{fetch: http://b/, exec: ping}', /^8:30 "fetch" and "exec" are two: a step has one of them$/],
  ['{wait: 5s, from: a}', /^8:22 "from" does not go with "wait"\./],
  ['{wait: 5}', /^8:12 5 is not a duration: write it with its unit/],
  ['wait', /^8:5 "wait" is not a step/],
  ['{fetch: http://b/, from: c}', /^8:30 there is no device c\. Devices are a, b, sw\.$/],
  ['{fetch: http://b/, from: sw}', /^8:30 sw is a switch: only hosts have a browser$/],
  ['{fetch: http://b/, is: true}', /^8:28 true is not a map of fields/],
  ['{fetch: http://b/, is: {durationMs: {atMost: 5x}}}', /^8:29 "5x" is not a quantity/],
  ['{fetch: http://b/, is: {title: {matches: "("}}}', /^8:29 Invalid regular expression/],
  ['{fetch: http://b/, background: true}', /^8:24 what runs in the background needs a name/],
  ['{exec: ping}', /^8:6 on which device\? Write "on:"$/],
  [`{exec: "ping 'b", on: a}`, /^8:12 a quote does not end$/],
  ['{plug: a}', /^8:12 "a" is no cable: write the two devices/],
  ['{plug: a -- a}', /^8:12 a cable has two ends$/],
  ['{unplug: x}', /^8:14 no plug before this has "as: x"\.$/],
  ['{chaos: {device: a, action: slow}}', /^8:33 how slow\? Write "factor: 4"$/],
  ['{chaos: {device: a, action: clock}}', /^8:33 what is wrong with it\?/],
  ['{chaos: {device: a, action: clock, rate: 10Mbit}}', /^8:46 how fast is the clock\?/],
  ['{chaos: {link: a -- sw, rate: 105%}}', /^8:35 of a link: write 10Mbit or 512kbit$/],
  ['{await: x}', /^8:13 no fetch or command before this has "as: x"\.$/],
  ['{expect: {device: b, is: ded}}', /^8:30 it is one of running, starting, stopped, killed, paused, dead$/],
  ['{expect: {table: rutes, on: a}}', /^8:22 "rutes" is no table: write one of interfaces, arp/],
  ['{expect: {table: routes}}', /^8:15 of which device\? Write "on:"$/],
  ['{expect: {table: routes, on: a, count: 3}}', /^8:44 "count" does not go with "table"\./],
  ['{expect: {counter: x, on: a}}', /^8:6 what is the counter to be\?/],
  ['{expect: {carrier: a:eth9, is: up}}', /^8:24 a has no link at a:eth9: it has eth0$/],
  [`{expect: {frames: 'ip.dst == '}}`, /^8:23 in the filter, column 11: the expression ends too early$/],
  ['{expect: {frames: arp, at: a:eth7}}', /^8:32 a has no port eth7\./],
  ['{expect: {frames: arp, during: x}}', /^8:36 no fetch or command before this has "as: x"\.$/],
  ['{expect: {result: x, is: {ok: true}}}', /^8:23 no fetch or command before this has "as: x"\.$/],
  ['{chaos: cler}', /^8:13 "cler" is no chaos/],
  ['{chaos: {link: a -- sw, loss: 120%}}', /^8:35 "120%" is not a share/],
  ['{chaos: {link: a -- sw, delay: -5ms}}', /^8:36 "-5ms" is below 0$/],
  ['{chaos: {link: a -- sw, los: 1%}}', /^8:29 unknown key "los". Did you mean "loss"\?$/],
  ['{chaos: {link: a -- b, loss: 1%}}', /^8:20 no link joins a and b\. Links of a: a:eth0 -- sw:1\.$/],
  ['{chaos: {link: a -- sw}}', /^8:14 what happens to it\?/],
  [`{chaos: {fault: 'tcp.flags.syn = 1', action: drop}}`, /^8:36 in the filter, column 15: "=" alone compares nothing/],
  ['{chaos: {fault: tcp, action: dorp}}', /^8:34 "dorp" is no action/],
  ['{chaos: {fault: tcp, action: drop, delay: 5ms}}', /^8:40 "delay" belongs to "action: delay"$/],
  ['{chaos: {fault: tcp, action: reply}}', /^8:34 "reply" is missing here: write reply: servfail$/],
  ['{chaos: {device: a, action: drop}}', /^8:33 what happens to it\? "action" is one of kill/],
  ['{chaos: {link: a -- c, loss: 1%}}', /^8:20 the lab has no device c/],
  ['{chaos: {link: a -- sw, from: b, loss: 1%}}', /^8:35 b is no end of a:eth0 -- sw:1\. Write a or sw\.$/],
  [`{chaos: {fault: '', action: drop}}`, /^8:21 which packets\? The expression is empty/],
  ['{chaos: {fault: frame.number == 2, action: drop}}', /^8:21 frame.number is known to captures only$/],
  ['{chaos: {fault: tcp, action: drop, at: c}}', /^8:44 the lab has no device c/],
  ['{chaos: {partition: x-*}}', /^8:25 no device is called x-\*\. Devices: a, b, sw\.$/],
  ['{chaos: {monkey: random, for: 1s, spare: c}}', /^8:46 no device is called c/],
  ['{chaos: {end: x}}', /^8:19 no chaos before this has "as: x"\.$/],
  ['{fetch: http://b/, as: x}\n  - {fetch: http://b/, as: x}', /^9:28 another step before this one has "as: x" too$/],
  // A field, table or counter that there is not would be nothing, whatever happens: no expectation of it could fail.
  [
    '{expect: {table: arp, on: a, where: {ipp: 10.0.0.2}, rows: 0}}',
    /^8:42 there is no field "ipp"\. Did you mean "ip"\?$/,
  ],
  [
    '{expect: {table: interfaces, on: a, is: {drops.badfcs: {atMost: 5}}}}',
    /^8:46 there is no field "badfcs" of drops\. Did you mean "badFcs"\?$/,
  ],
  [
    '{expect: {table: sockets, on: a, is: {info.cwnd: {not: 3}}}}',
    /^8:43 there is no field "cwnd" of info\. Fields are/,
  ],
  ['{expect: {table: arp, on: a, is: {atLeast: 3}}}', /^8:39 there is no field "atLeast"\./],
  ['{never: {table: mac-table, on: a}, for: 1s}', /^8:21 a host has no table mac-table\. It has interfaces, /],
  [
    '{expect: {counter: tcp.badChecksm, on: a, is: 0}}',
    /^8:24 nothing is counted as tcp\.badChecksm\. Did you mean "tcp\.badChecksum"\?$/,
  ],
  [
    '{expect: {counter: tcp.badChecksum, on: a, is: {atleast: 5}}}',
    /^8:48 it is one number: write 3, or \{atLeast: 1, atMost: 5\}$/,
  ],
  ['{expect: {counter: tcp.badChecksum, on: a, is: {}}}', /^8:48 it is one number/],
  ['{expect: {frames: arp, count: {}}}', /^8:28 a map is not a number of things/],
  ['{fetch: http://b/, is: {oke: {not: 7}}}', /^8:29 there is no field "oke"\. Did you mean "ok"\?$/],
  [
    '{fetch: http://b/, is: {error.stagee: {not: dns}}}',
    /^8:29 there is no field "stagee" of error\. Did you mean "stage"\?$/,
  ],
  [
    '{fetch: http://b/, is: {connections.clos: reset}}',
    /^8:29 "clos" of connections: it is a list, write the place of an item, such as connections\.0$/,
  ],
  [
    '{fetch: http://b/, is: {connections.0.clos: reset}}',
    /^8:29 there is no field "clos" of connections\.0\. Did you mean "close"\?$/,
  ],
  ['{fetch: http://b/, is: {status: {}}}', /^8:29 nothing is said of it: write a bound/],
  [
    '{exec: ping b, on: a, is: {exit: {not: 1}}}',
    /^8:32 there is no field "exit"\. Fields are status, stdout, stderr, durationMs\.$/,
  ],
  // It would never be looked at.
  [
    '{fetch: http://b/, as: x, background: true, is: {ok: true}}',
    /^8:49 what runs in the background is judged when it is awaited: write "is" there$/,
  ],
  ['{exec: ping b, on: a, as: x, background: true, within: 3s}', /^8:52 what runs in the background is judged/],
  ['{always: {frames: arp}, for: 1s}', /^8:6 at the beginning there are no frames: say \{atMost: …\} here/],
  ['{never: {frames: arp, count: {atMost: 3}}, for: 1s}', /^8:6 at the beginning there are no frames/],
  [
    `{expect: {frames: 'arp && frame.drop_reason == "impairmentLos"', count: 0}}`,
    /^8:\d+ no frame is dropped for the reason "impairmentLos"\. Did you mean "impairmentLoss"\?$/,
  ],
  ['{wait: 1s, times: 3}', /^8:16 "times" needs "every:", the interval$/],
];

t.test('what a step cannot be is told with its place', async (t) => {
  for (const [step, problem] of oneStep) {
    const problems = problemsOf(`${HEAD}steps:\n  - ${step}\n`);
    t.equal(problems.length, 1, step);
    t.match(problems[0], problem, step);
  }
});

t.test('a scenario that cannot end is refused', async (t) => {
  const endless: [text: string, problem: RegExp][] = [
    ['steps:\n  - {fetch: http://b/, every: 1s}', /^8:24 it has no end: write "times:", "until:" or "for:"/],
    ['steps:\n  - {serial: [{wait: 1s}], every: 2s, for: 1s}', /^8:28 it has no end/],
    ['steps:\n  - {wait: 1s, every: 1s, until: {device: b, is: dead}}', /^8:16 what if that never comes\?/],
    ['steps:\n  - {expect: {device: b, is: dead}, eventually: true}', /^8:37 by when\?/],
    ['steps:\n  - {always: {device: b, is: running}}', /^8:6 for how long\?/],
    ['steps:\n  - {chaos: {monkey: random}}', /^8:14 a monkey needs an end/],
    ['limit: 1s\nsteps:\n  - {wait: 5s}', /^8:1 the timeline takes 5s at least, but the limit is 1s/],
    ['limit: 5s\nsteps:\n  - {at: 4s, wait: 2s}', /^8:1 the timeline takes 6s at least/],
    ['limit: 5s\nsteps:\n  - {parallel: [{wait: 1s, every: 2s, times: 4}, {wait: 1s}]}', /^8:1 the timeline takes 7s/],
    ['steps:\n  - {wait: 10min}', /^7:1 the timeline takes 600s at least, but the limit is 120s/],
    ['limit: 2h\nsteps:\n  - {wait: 1s}', /^7:8 the limit is at most 1h$/],
    ['steps:\n  - {at: 2s, wait: 1s}\n  - {at: 1s, wait: 1s}', /^9:10 a step before this one begins later/],
  ];
  for (const [text, problem] of endless) t.match(problemsOf(HEAD + text)[0], problem, text);
  const fine = [
    'steps:\n  - {parallel: [{fetch: http://b/, every: 1s}], for: 5s}',
    'limit: 10s\nsteps:\n  - {expect: {device: b, is: dead}, eventually: true}',
    'limit: 10s\nsteps:\n  - {wait: 1s, every: 1s, until: {device: b, is: dead}}',
  ];
  for (const text of fine) t.same(problemsOf(HEAD + text), [], text);
});

t.test('what is no scenario at all', async (t) => {
  const files: [text: string, problem: RegExp][] = [
    ['', /^0:0 the file is empty: a scenario begins with "topology:" and "steps:"$/],
    ['- 1', /^1:1 a scenario is a map with "topology:" and "steps:"/],
    ['steps: [', /^1:9 not valid YAML/],
    [HEAD, /^1:1 "steps:" is missing$/],
    [`${HEAD}steps: []`, /^7:8 there is no step here$/],
    [`${HEAD}steps: []\nsteps: []`, /^8:1 "steps" is there twice; the first one is on line 7$/],
    [`${HEAD}steps: 3`, /^7:8 3 is not a list of steps$/],
    [
      'topology: mini-internt\nsteps: [{wait: 1s}]',
      /^1:11 no shipped topology is called "mini-internt"\. Did you mean "mini-internet"\?/,
    ],
    ['topology: linear,x\nsteps: [{wait: 1s}]', /^1:11 write linear,N, with whole numbers from 1$/],
    ['topology: ./x.yaml\nsteps: [{wait: 1s}]', /^1:11 there is no file .*x\.yaml$/],
    ['topology: {devices: {a: hots}}\nsteps: [{wait: 1s}]', /^1:25 kind "hots" is not supported/],
    ['topology:\n  devices: {a: host}\n  links: [a -- b]\nsteps: [{wait: 1s}]', /^3:16 there is no device "b"/],
  ];
  for (const [text, problem] of files) t.match(problemsOf(text)[0], problem, text);
});

t.test('all that is wrong is told at once', async (t) => {
  t.same(problemsOf(`${HEAD}steps:\n  - {fetch: http://b/, from: c}\n  - {await: x}\n`), [
    '8:30 there is no device c. Devices are a, b, sw.',
    '9:13 no fetch or command before this has "as: x".',
  ]);
});

t.test('topologies: within, beside, shipped, made', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nt-scenario-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const topologyOf = (topology: string) => {
    writeFileSync(join(folder, 'Some Test.yaml'), `topology: ${topology}\nseed: 7\nsteps: [{wait: 1s}]\n`);
    return loadScenario(join(folder, 'Some Test.yaml'));
  };
  writeFileSync(join(folder, 'net.yaml'), 'devices: {one: host}\n');
  t.match(topologyOf('net.yaml'), { name: 'some-test', seed: 7, topology: { seed: 7 } });
  t.same([...topologyOf('./net.yaml').topology.devices.keys()], ['one']);
  t.equal(topologyOf('mini-internet').topology.devices.size, 21);
  t.equal(topologyOf('"linear,2"').topology.devices.size, 4);
  t.same([...topologyOf('{devices: {two: host}}').topology.devices.keys()], ['two']);
  t.match(loadScenario(join(folder, 'Some Test.yaml'), { seed: 'other' }), {
    seed: 'other',
    topology: { seed: 'other' },
  });
  t.throws(() => loadScenario(join(folder, 'nothing.yaml')), { exitStatus: 2, message: /there is no such file$/ });
  t.throws(() => loadScenario(folder), { exitStatus: 2, message: /this is a folder, not a scenario file$/ });
});

t.test('the JSON Schema knows steps within steps', async (t) => {
  const schema = scenarioJsonSchema() as { properties: object; $defs?: Record<string, { properties?: object }> };
  t.ok(Object.keys(schema.properties).includes('steps'));
  const { properties = {} } = schema.$defs?.step ?? {};
  t.match(Object.keys(properties), ['at', 'after', 'every']);
  t.match(JSON.stringify(properties), /"parallel":\{[^}]*"\$ref":/);
});
