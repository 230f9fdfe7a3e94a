/** `netarium test`: the same seed draws the same, Ctrl-C leaves nothing, bad files launch nothing, and what is kept of a failure. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { markedPackets } from '../support/pcapng-marks.js';
import { type Netarium, netarium, waitFor } from './netarium.js';
import { type TestReport, temporaryFolder } from './scenario-files.js';

const TWO_HOSTS = `topology:
  devices:
    a: {kind: host, address: 10.0.0.1/24}
    b: {kind: host, address: 10.0.0.2/24}
  links: [a -- b]
`;

/** A hundred and fifty pings a direction, on a link that loses, doubles and damages some. */
const DRAWS = `${TWO_HOSTS}seed: 11
steps:
  - chaos: {link: a -- b, loss: 20%, duplicate: 10%, corrupt: 5%}
  - {exec: ping -c 150 -i 0.005 10.0.0.2, on: a, is: {}}
`;

/** What became of the first, second, third frame that left by each end after the fault had begun: `dropped`, `twice`, … */
function decisions(evidence: string): Map<string, string[]> {
  const drawn = new Map<string, string[]>();
  for (const { on, direction, comment } of markedPackets(readFileSync(join(evidence, 'capture.pcapng')))) {
    if (direction === 'out') drawn.set(on, [...(drawn.get(on) ?? []), comment]);
  }
  return drawn;
}

async function record(net: Netarium, file: string, output: string, ...more: string[]): Promise<Map<string, string[]>> {
  const { stdout, exitStatus } = await net.run('test', file, '--record', '--json', '--output', output, ...more);
  if (exitStatus !== 0) throw new Error(stdout);
  return decisions((JSON.parse(stdout) as TestReport).scenarios[0].evidence ?? '');
}

t.test('the same seed draws the same for the n-th frame of a link, another one does not', async (t) => {
  const net = netarium(t);
  const output = temporaryFolder(t);
  const file = join(output, 'draws.yaml');
  writeFileSync(file, DRAWS);
  const first = await record(net, file, output);
  const second = await record(net, file, output);
  const other = await record(net, file, output, '--seed', '12');
  for (const end of ['a:eth0', 'b:eth0']) {
    const [one, two, three] = [first, second, other].map((drawn) => drawn.get(end) ?? []);
    const common = Math.min(one.length, two.length);
    t.ok(common >= 80, `${common} frames left by ${end}`);
    t.same(one.slice(0, common), two.slice(0, common), `${end}: the same`);
    t.ok(one.filter((comment) => comment.startsWith('dropped: impairmentLoss by fault-1')).length > 5);
    t.ok(
      one.some((comment) => comment.startsWith('fault-1: ')),
      'others were changed',
    );
    t.notSame(one.slice(0, 80), three.slice(0, 80), `${end}: not the same`);
  }
});

t.test('Ctrl-C in the middle leaves nothing', async (t) => {
  const net = netarium(t);
  const file = join(temporaryFolder(t), 'long.yaml');
  writeFileSync(file, `${TWO_HOSTS}steps: [{wait: 1ms}, {chaos: {device: b, action: pause}}, {wait: 100s}]\n`);
  const running = net.start('test', file);
  let said = '';
  running.stdout.on('data', (chunk) => {
    said += chunk;
  });
  await waitFor('the fault', () => said.includes('chaos device b, pause'));
  process.kill(running.pid ?? 0, 'SIGINT');
  t.equal((await running).exitCode, 130);
  t.same(net.files(), []);
  await waitFor('all processes to end', () => net.processes().length === 0);
});

t.test('a device that ends by itself fails the scenario, unless it speaks of that', async (t) => {
  const net = netarium(t);
  const folder = temporaryFolder(t);
  const runAndKill = async (steps: string) => {
    const file = join(folder, 'dies.yaml');
    writeFileSync(file, `${TWO_HOSTS}steps: [{wait: 1ms}, ${steps}]\n`);
    const running = net.start('test', file, '--output', folder);
    let said = '';
    running.stdout.on('data', (chunk) => {
      said += chunk;
    });
    await waitFor('the first step', () => said.includes('wait 1ms'));
    const devices = await net.json<{ name: string; pid: number }[]>('ps');
    process.kill(devices.find(({ name }) => name === 'b')?.pid ?? 0, 'SIGKILL');
    return { exitStatus: (await running).exitCode, said };
  };
  const silent = await runAndKill('{wait: 2s}');
  t.equal(silent.exitStatus, 1);
  t.match(silent.said, /expected: that no device ends by itself\n +seen: +.*\bb\b.*SIGKILL/);
  const spoken = await runAndKill('{expect: {device: b, is: dead}, within: 10s}');
  t.equal(spoken.exitStatus, 0, spoken.said);
});

t.test('--keep: the lab stays up, faults included, until it is told to end', async (t) => {
  const net = netarium(t);
  const file = join(temporaryFolder(t), 'kept.yaml');
  writeFileSync(file, `${TWO_HOSTS}steps: [{chaos: {link: a -- b, loss: 50%}}]\n`);
  const running = net.start('test', file, '--keep');
  let said = '';
  running.stderr.on('data', (chunk) => {
    said += chunk;
  });
  await waitFor('the news', () => said.includes('stays up, as it is'));
  t.match(await net.json('chaos', 'list'), [{ id: 'fault-1', title: 'loss 50%' }]);
  t.equal((await net.run('down')).exitStatus, 0);
  t.equal((await running).exitCode, 0);
  t.same(net.files(), []);
});

t.test('with a bad file among them nothing is launched', async (t) => {
  const net = netarium(t);
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'a-good.yaml'), `${TWO_HOSTS}steps: [{wait: 1ms}]\n`);
  writeFileSync(join(folder, 'b-bad.yaml'), `${TWO_HOSTS}steps: [{wait: 1}]\n`);
  writeFileSync(join(folder, 'c-endless.yaml'), `${TWO_HOSTS}steps: [{wait: 1s, every: 1s}]\n`);
  const bad = await net.run('test', folder);
  t.equal(bad.exitStatus, 2);
  t.equal(bad.stdout, '');
  t.match(bad.stderr, /b-bad\.yaml:6:16: 1 is not a duration: .*\n.*\n *\| +\^\n.*c-endless\.yaml:6:20: it has no end/);
  t.same(net.files(), [], 'not even a folder');
  const usage: [argv: string[], message: string][] = [
    [['test', join(folder, 'nothing.yaml')], 'there is no such file'],
    [['test', join(folder, 'x*.yaml')], 'no file has such a name'],
    [['test', join(folder, 'a-*'), '--filter', 'b'], 'no scenario is called "b"'],
    [['test'], "missing required argument 'file'"],
  ];
  for (const [argv, message] of usage) t.match(await net.run(...argv), { exitStatus: 2, stderr: new RegExp(message) });
});

t.test('what people read: steps, what was expected and seen, and how to have it again', async (t) => {
  const net = netarium(t);
  const folder = temporaryFolder(t);
  const file = join(folder, 'told.yaml');
  writeFileSync(
    file,
    `description: Two hosts.\n${TWO_HOSTS}steps:\n  - {exec: ping -c 1 10.0.0.2, on: a}\n  - {fetch: http://10.0.0.2/, as: page, is: {error.code: ECONNREFUSED}}\n  - expect: {table: arp, on: a, rows: 7}\n  - {wait: 1s}\n`,
  );
  const output = join(folder, 'out');
  const { exitStatus, stdout } = await net.run('test', file, join(folder, 'told.yaml'), '--output', output, '--bail');
  t.equal(exitStatus, 1);
  const lines = stdout.split('\n').map((line) => line.trim().replace(/\d+(\.\d+)? m?s\b/g, 'TIME'));
  t.match(lines, [
    /^told \(.*told\.yaml, seed 1\)$/,
    'Two hosts.',
    /^ok +TIME +exec ping -c 1 10\.0\.0\.2 on a: status 0$/,
    /^exit status 0, TIME, rtt/,
    /^ok +TIME +fetch http:\/\/10\.0\.0\.2\/ from a: error\.code ECONNREFUSED$/,
    'failed at tcp: 10.0.0.2:80 refuses the connection: nothing listens on that port, TIME',
    /^FAILED +TIME +expect table arp of a: 7 rows$/,
    /^1 row: \{"ip":"10\.0\.0\.2"/,
    'FAILED after TIME, the lab up after TIME',
    'line 10: expect table arp of a: 7 rows',
    'expected: table arp of a: 7 rows',
    /^seen: +1 row: \{"ip":"10\.0\.0\.2"/,
    `evidence: ${join(output, 'told')}`,
    `again:    netarium test ${file} --seed 1`,
  ]);
  const page = join(output, 'told', 'fetches', 'page.json');
  t.match(JSON.parse(readFileSync(page, 'utf8')), { error: { stage: 'tcp' }, connections: [{ retransmissions: 0 }] });
  t.match(await net.run('diff', page, page), { exitStatus: 0 }, 'as netarium diff wants it');
  const again = await net.run('test', file, '--seed', '1', '--output', output, '--quiet');
  t.match(again.stdout, `evidence: ${join(output, 'told-2')}`, 'nothing is overwritten');
  const tables = JSON.parse(readFileSync(join(output, 'told', 'tables.json'), 'utf8'));
  t.match(tables, { a: { state: 'running', tables: { arp: [{ ip: '10.0.0.2' }] } }, b: { state: 'running' } });
});
