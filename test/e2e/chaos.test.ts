/** Faults in a lab of real processes, by the command: made, seen, ended. */
import t from 'tap';
import type { FaultRow, InterfaceRow } from '../../devices/control.js';
import type { ListedFault } from '../../orchestrator/chaos/chaos-methods.js';
import { type Netarium, netarium, waitFor } from './netarium.js';

const PING = ['exec', 'a', 'ping', '-c', '1', '-W', '1', 'b'];

async function carriers(net: Netarium, device: string): Promise<boolean[]> {
  return (await net.json<InterfaceRow[]>('inspect', device, 'interfaces')).map(({ carrier }) => carrier);
}

t.test('a link that loses, one that is down, packets that are hit, and all of it gone again', async (t) => {
  const net = netarium(t);
  await net.up('chaos', 'topologies/hello.yaml');
  const list = () => net.json<ListedFault[]>('chaos', 'list');
  const heals = () => waitFor('a ping that arrives', async () => (await net.run(...PING)).exitStatus === 0);
  await heals();

  const lossy = await net.run('chaos', 'link', 'a', 'sw', '--loss', '100%', '--from', 'a');
  t.match(lossy, { exitStatus: 0, stdout: 'fault-1  a:eth0 -- sw:1, from a:eth0: loss 100%', stderr: '' });
  t.equal((await net.run(...PING)).exitStatus, 1);
  t.match(await list(), [{ id: 'fault-1', title: 'loss 100%', target: 'a:eth0 -- sw:1, from a:eth0' }]);
  const [{ matched = 0, hit }] = await list();
  t.ok(matched > 0 && hit === matched, `all that came by were hit: ${hit} of ${matched}`);
  const ended = await net.run('chaos', 'clear');
  t.match(ended, { exitStatus: 0, stdout: '', stderr: 'ended fault-1  a:eth0 -- sw:1, from a:eth0: loss 100%' });
  await heals();
  for (const device of ['a', 'b', 'sw']) t.same(await net.json<FaultRow[]>('inspect', device, 'faults'), []);

  await net.run('chaos', 'link', 'a', 'sw', 'down');
  await waitFor('no carrier at both ends', async () => {
    const [ours, theirs] = [await carriers(net, 'a'), await carriers(net, 'sw')];
    return String(ours) === 'false' && String(theirs) === 'false,true';
  });
  t.match(await net.run('chaos', 'link', 'a', 'sw', 'up'), { exitStatus: 0, stdout: 'a:eth0 -- sw:1: up' });
  await heals();
  t.same(await carriers(net, 'a'), [true]);

  const drop = await net.json('chaos', 'fault', 'icmp.type == 8', 'drop', '--count', '1');
  t.match(drop, { id: 'fault-3', title: 'drop: icmp.type == 8 (count 1)', target: 'all devices' });
  t.equal((await net.run(...PING)).exitStatus, 1, 'the first one');
  t.equal((await net.run(...PING)).exitStatus, 0, 'and no other');
  t.match(await list(), [{ id: 'fault-3', hit: 1, exhausted: true }]);

  await net.run('chaos', 'link', 'b', 'sw', '--delay', '20ms', '--for', '300ms');
  await waitFor('a fault that ends by itself', async () => (await list()).length === 1);
  t.match(await net.run('chaos', 'end', 'fault-3'), { exitStatus: 0, stderr: /^ended fault-3 / });
  t.match(await net.run('chaos', 'list'), { exitStatus: 0, stdout: '', stderr: 'no fault is in force' });
  t.match(
    (await net.run('logs', '--pretty')).stdout,
    / lab {2}fault-4 ended: delay 20ms on b:eth0 -- sw:2 \(expired\)/,
  );
});

t.test('a device that is killed has its faults when it is back; a monkey comes and goes; mistakes', async (t) => {
  const net = netarium(t);
  await net.up('chaos-2', 'topologies/hello.yaml');
  await net.run('chaos', 'device', 'b', 'kill');
  const slow = await net.run('chaos', 'link', 'b', 'sw', '--loss', '100%');
  t.match(slow, { exitStatus: 0, stderr: 'not yet in force everywhere: b is killed' });
  t.match(await net.run('chaos', 'device', 'b', 'start'), { exitStatus: 0, stdout: 'b: started' });
  t.match(await net.json('inspect', 'b', 'faults'), [{ fault: 'fault-2', port: 'eth0' }]);
  await net.run('chaos', 'clear');

  const monkey = [
    'chaos',
    'monkey',
    '--seed',
    '7',
    '--for',
    '1500ms',
    '--interval',
    '100ms',
    '--kinds',
    'impair,cut,packets',
  ];
  const planned = await net.json<{ request: object }[]>(...monkey, '--plan');
  const made = await net.json<{ parts: { event: string; fault: { request: object } }[]; why: string }>(...monkey);
  t.equal(made.why, 'expired');
  t.same(
    made.parts.filter(({ event }) => event === 'began').map(({ fault }) => fault.request),
    planned.map(({ request }) => request),
    'it does what the plan says',
  );
  t.same(await net.json('chaos', 'list'), []);
  await waitFor('a ping that arrives', async () => (await net.run(...PING)).exitStatus === 0);

  const fails = async (exitStatus: number, stderr: string | RegExp, ...argv: string[]) =>
    t.match(await net.run('chaos', ...argv), { exitStatus, stdout: '', stderr });
  await fails(2, /^error: --loss: "120%" is not a share/, 'link', 'a', 'sw', '--loss', '120%');
  await fails(2, /^error: unknown option '--los'/, 'link', 'a', 'sw', '--los', '1%');
  const caret = 'error: the expression, column 8: the expression ends too early\ntcp && \n       \\^';
  await fails(2, new RegExp(`^${caret}`), 'fault', 'tcp && ', 'drop');
  await fails(2, 'error: the lab has no device c\nDevices: a, b, sw.', 'link', 'a', 'c', 'down');
  await fails(2, 'error: no link joins a and b\nLinks of a: a:eth0 -- sw:1.', 'link', 'a', 'b', 'down');
  await fails(3, /^error: no fault fault-1 is in force/, 'end', 'fault-1');
  t.same(await net.json('chaos', 'list'), [], 'mistakes change nothing');
  for (const device of ['a', 'b', 'sw']) t.same(await net.json('inspect', device, 'faults'), []);
  await net.end();
  await fails(3, /^error: no lab is up/, 'link', 'a', 'sw', 'down');
});
