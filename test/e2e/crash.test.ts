/** Whatever dies, and however: nothing is left behind, the next lab comes up, and who is there says what happened. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { SocketRow } from '../../devices/control.js';
import type { FetchReport } from '../../orchestrator/story/report.js';
import { bigSite } from './big-site.js';
import { type Netarium, netarium, waitFor } from './netarium.js';
import { servedFile } from './sites.js';

/** The contract: this long after a SIGKILL of the orchestrator nothing is left. */
const GONE_LIMIT_MS = 2000;

interface PsRow {
  readonly name: string;
  readonly pid: number;
  readonly state: string;
}

/** The lab's supervisor and its devices, not the commands that look at them. */
function labProcesses(net: Netarium, lab: string): string[] {
  return net.processes().flatMap(({ title }) => (title.startsWith(`netarium:${lab}`) ? [title] : []));
}

function sockets(net: Netarium): string[] {
  return net.files().filter((path) => path.endsWith('.sock'));
}

async function nothingLeft(net: Netarium, lab: string): Promise<void> {
  const left = () => [...labProcesses(net, lab), ...sockets(net)];
  await waitFor('all processes and sockets of the lab to go', () => left().length === 0, GONE_LIMIT_MS).catch(
    (error) => {
      throw new Error(`${error.message}; left now: ${left().join(' ') || 'nothing, too late'}`);
    },
  );
}

t.test('kill -9 of the supervisor during a transfer', async (t) => {
  const net = netarium(t);
  const { topology, url } = bigSite(t, 10_000_000);
  const lab = await net.up('orphans', topology);
  t.equal(labProcesses(net, lab).length, 22, '21 devices and the supervisor');
  const fetching = net.run('fetch', url);
  await waitFor('the transfer to be under way', async () =>
    (await net.json<SocketRow[]>('inspect', 'client', 'sockets')).some(
      ({ protocol, bytesReceived }) => protocol === 'tcp' && bytesReceived > 0,
    ),
  );

  const { pid } = JSON.parse(readFileSync(join(net.runDir, lab, 'lab.json'), 'utf8')) as { pid: number };
  process.kill(pid, 'SIGKILL');
  await nothingLeft(net, lab);

  const fetch = await fetching;
  t.equal(fetch.exitStatus, 1, 'the fetch ends with an error of one line');
  t.match(fetch.stderr, new RegExp(`^in the lab ${lab}, which is up\nerror: .*closed the connection \\(at \\w+\\)$`));
  t.notMatch(fetch.stderr, /^ +at /m);
  t.match(await net.run('ps'), { exitStatus: 3, stderr: 'error: no lab is up\nLaunch one with `netarium up`.' });

  const again = await net.run('up', '--name', lab, 'topologies/hello.yaml');
  t.equal(again.exitStatus, 0, 'the same name can be launched at once');
  t.equal((await net.json<FetchReport>('fetch', 'http://b/')).ok, true);
  t.equal((await net.run('down')).exitStatus, 0);
  t.same(labProcesses(net, lab), []);
  t.same(net.files(), [], 'an orderly end leaves nothing at all');
});

t.test('two labs with the same addresses do not disturb each other', async (t) => {
  const net = netarium(t);
  const labs = await Promise.all(['one', 'two'].map((purpose) => net.up(purpose, 'topologies/hello.yaml')));
  const reports = await Promise.all(labs.map((lab) => net.json<FetchReport>('fetch', 'http://b/', '--lab', lab)));
  for (const [index, report] of reports.entries()) {
    t.match(report, { ok: true, lab: labs[index], body: servedFile('http://hello/') });
    t.match(report.capture, { dropped: 0, missed: 0 });
  }
  t.match(await net.run('ps'), {
    exitStatus: 3,
    stderr: `error: several labs are up: ${labs.join(', ')}\nName one with --lab LAB.`,
  });
  t.match(await net.run('up', '--name', labs[0], 'topologies/hello.yaml'), {
    exitStatus: 1,
    stderr: new RegExp(`a lab named ${labs[0]} is already up`),
  });
  t.equal((await net.run('down', labs[0])).exitStatus, 0);
  t.same(labProcesses(net, labs[0]), []);
  t.ok((await net.json<FetchReport>('fetch', 'http://b/')).ok, 'the other one goes on');
  t.equal((await net.run('down')).exitStatus, 0);
});

t.test('kill -9 of `up --foreground`', async (t) => {
  const { net, lab, up } = await foreground(t, 'killed');
  process.kill(up.pid ?? 0, 'SIGKILL');
  await nothingLeft(net, lab);
});

t.test('Ctrl-C ends `up --foreground` in an orderly way', async (t) => {
  const { net, lab, up } = await foreground(t, 'ctrl-c');
  process.kill(up.pid ?? 0, 'SIGINT');
  t.equal((await up).exitCode, 0);
  t.same(labProcesses(net, lab), []);
  t.same(net.files(), []);
});

t.test('a device that dies is reported at once, with its last log lines', async (t) => {
  const { net, lab, said } = await foreground(t, 'bereft');
  const victim = (await net.json<PsRow[]>('ps')).find(({ name }) => name === 'b');
  process.kill(victim?.pid ?? 0, 'SIGKILL');
  await waitFor('the report', () => /^b has ended \(SIGKILL\)\n {4}\{.*"name":"b".*\}$/m.test(said()));

  const rows = await net.json<PsRow[]>('ps');
  t.same(Object.fromEntries(rows.map(({ name, state }) => [name, state])), { a: 'running', b: 'dead', sw: 'running' });
  t.match(await net.run('inspect', 'b', 'arp'), { exitStatus: 1, stderr: /^error: b has ended \(SIGKILL\)/ });
  const { exitStatus, stdout } = await net.run('fetch', 'http://b/', '--json');
  t.equal(exitStatus, 1);
  t.match(JSON.parse(stdout), { ok: false, error: { code: 'EHOSTUNREACH', stage: 'arp' } });
  t.equal((await net.run('down')).exitStatus, 0);
  t.same(labProcesses(net, lab), []);
  t.same(net.files(), []);
});

async function foreground(t: Test, purpose: string) {
  const net = netarium(t);
  const lab = net.labName(purpose);
  const up = net.start('up', 'topologies/hello.yaml', '--name', lab, '--foreground');
  let text = '';
  up.stderr.on('data', (chunk) => {
    text += chunk;
  });
  await waitFor('the lab to be up', () => text.includes('the lab is up'));
  return { net, lab, up, said: () => text };
}
