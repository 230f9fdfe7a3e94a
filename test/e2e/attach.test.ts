/** Something that is not ours joins a running lab, and leaves it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { InterfaceRow, MacRow } from '../../devices/control.js';
import { ForeignPeer } from './foreign-peer.js';
import { netarium, waitFor } from './netarium.js';

t.test('a peer behind a UDP port joins a switch, then a host, and leaves', async (t) => {
  const net = netarium(t);
  await net.up('attach', 'topologies/hello.yaml');
  const peer = await ForeignPeer.open(t, '10.0.0.9');
  const where = ['--encap', 'udp', '--local', peer.remote, '--remote', peer.local];
  const made = await net.json<{ port: string; link: string }>('attach', 'sw', ...where);
  t.match(made, { device: 'sw', port: '3', link: `sw:3 -- udp ${peer.local}`, encapsulation: 'udp' });

  await peer.ping('10.0.0.1');
  await peer.ping('10.0.0.2');
  const ping = await net.run('exec', 'a', 'ping', '-c', '2', '-i', '0.2', '10.0.0.9');
  t.match(ping, { exitStatus: 0, stdout: /2 packets transmitted, 2 received, 0% packet loss/ });
  const learned = await net.json<MacRow[]>('inspect', 'sw', 'mac-table');
  t.ok(learned.some(({ mac, port }) => mac === '02:00:00:00:00:09' && port === '3'));
  const rows = await net.json<InterfaceRow[]>('inspect', 'sw', 'interfaces');
  t.match(rows.at(-1), { name: '3', carrier: true, drops: {} });

  const taken = await net.run('attach', 'a', ...where);
  t.match(taken, { exitStatus: 1, stderr: `error: UDP ${peer.remote}: EADDRINUSE: the port is in use` });
  t.match(await net.run('detach', 'sw', '3'), { exitStatus: 0, stdout: '', stderr: 'detached sw:3' });
  t.match(await net.run('detach', 'sw', '3'), {
    exitStatus: 1,
    stderr: 'error: sw has no port 3; nothing is attached',
  });
  t.match(await net.run('detach', 'sw', '1'), { exitStatus: 1, stderr: /port 1 was not attached/ });
  t.equal((await net.json<InterfaceRow[]>('inspect', 'sw', 'interfaces')).length, 2);

  const other = await ForeignPeer.open(t, '172.20.0.9');
  const onHost = await net.run('attach', 'a', '--encap', 'udp', '--local', other.remote, '--remote', other.local);
  t.match(onHost, {
    exitStatus: 0,
    stdout: `a:eth1 -- udp ${other.local}`,
    stderr: 'give it an address: netarium exec a ip addr add ADDRESS/LENGTH dev eth1',
  });
  t.equal((await net.run('exec', 'a', 'ip', 'addr', 'add', '172.20.0.1/24', 'dev', 'eth1')).exitStatus, 0);
  await other.ping('172.20.0.1');
  t.equal((await net.run('exec', 'a', 'ping', '-c', '1', '172.20.0.9')).exitStatus, 0);
  t.match(await net.json('detach', 'a', 'eth1'), { device: 'a', port: 'eth1' });
  t.notMatch((await net.run('exec', 'a', 'route', '-n')).stdout, '172.20.0.0');
});

t.test('a topology with an external link, and what is in its way', async (t) => {
  const net = netarium(t);
  const peer = await ForeignPeer.open(t, '10.0.0.9');
  const file = join(net.runDir, 'external.yaml');
  const text = (local: string, remote: string) =>
    `devices: {a: {kind: host, address: 10.0.0.1/24}}\nlinks: [{link: a, external: {encap: udp, local: ${local}, remote: ${remote}}, delay: 10ms}]\n`;
  writeFileSync(file, text(peer.remote, peer.local));
  const lab = await net.up('external', file);
  await peer.ping('10.0.0.1');
  const ping = await net.run('exec', 'a', 'ping', '-c', '1', '10.0.0.9');
  const [, ms] = /time=([\d.]+) ms/.exec(ping.stdout) ?? [];
  t.ok(Number(ms) >= 20, `10 ms there and 10 ms back: ${ms}`);

  const again = await net.run('up', file, '--name', net.labName('external-2'));
  t.match(again, { exitStatus: 1, stderr: new RegExp(`UDP port ${peer.remote}, .* is in use`) });
  t.equal((await net.run('down', lab)).exitStatus, 0);
  writeFileSync(file, text('192.0.2.1:9999', '192.0.2.2:9999'));
  const nowhere = await net.run('up', file, '--name', net.labName('external-3'));
  t.match(nowhere, { exitStatus: 1, stderr: /this machine has no address 192\.0\.2\.1/ });
  await waitFor('all devices to be gone', () => net.processes().length === 0);
});

t.test('slips of the pen are told without a lab', async (t) => {
  const net = netarium(t);
  const fails = async (stderr: string | RegExp, ...argv: string[]) =>
    t.match(await net.run('attach', 'sw', ...argv), { exitStatus: 2, stdout: '', stderr });
  const ends = ['--local', '127.0.0.1:36000', '--remote', '127.0.0.1:26000'];
  await fails(/required option '--encap/, ...ends);
  await fails(/Allowed choices are udp, vxlan/, '--encap', 'gre', ...ends);
  await fails(/error: vxlan needs a VNI/, '--encap', 'vxlan', ...ends);
  await fails(/error: --vni 1e3: write a number, 0 to 16777215/, '--encap', 'vxlan', '--vni', '1e3', ...ends);
  await fails(/error: --remote: "x" is not an IPv4 address/, '--encap', 'udp', '--local', ends[1], '--remote', 'x');
  t.match(await net.run('attach', 'sw', '--encap', 'udp', ...ends), { exitStatus: 3, stderr: 'error: no lab is up' });
});
