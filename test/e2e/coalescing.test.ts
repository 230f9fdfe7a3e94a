/** The wire under load and idle: frames that become ready together ride in one datagram, and none waits for another. */
import t from 'tap';
import type { InterfaceRow } from '../../devices/control.js';
import { netarium, waitFor } from './netarium.js';

const BULK_BYTES = 4_000_000;
const PINGS = 4;

t.test('linear,3: several frames a datagram in a bulk transfer, one when idle', async (t) => {
  const net = netarium(t);
  await net.up('chain', '--topo', 'linear,3');

  /** What has left h1, and what the middle switch has passed on towards h3. */
  const sent = async () => {
    const rows = await Promise.all(
      [
        ['h1', 'eth0'],
        ['s2', '3'],
      ].map(async ([device, port]) => {
        const all = await net.json<InterfaceRow[]>('inspect', device, 'interfaces');
        return all.find(({ name }) => name === port);
      }),
    );
    return rows.map((row) => ({ frames: row?.framesOut ?? 0, datagrams: row?.datagramsOut ?? 0 }));
  };
  const difference = async (before: Awaited<ReturnType<typeof sent>>) =>
    (await sent()).map(({ frames, datagrams }, index) => ({
      frames: frames - before[index].frames,
      datagrams: datagrams - before[index].datagrams,
    }));

  const receiver = net.start('exec', 'h3', '--', 'nc', '-l', '5000');
  await waitFor('a listener on h3', async () => (await net.run('exec', 'h3', 'ss', '-lnt')).stdout.includes(':5000'));
  let before = await sent();
  const sender = net.startWith({ input: 'x'.repeat(BULK_BYTES) }, 'exec', 'h1', '--', 'nc', '-N', 'h3', '5000');
  t.equal((await sender).exitCode, 0);
  t.equal(String((await receiver).stdout).length, BULK_BYTES);
  for (const { frames, datagrams } of await difference(before)) {
    t.ok(frames > BULK_BYTES / 1460, `${frames} frames`);
    t.ok(frames > 3 * datagrams, `${frames} frames in ${datagrams} datagrams`);
  }

  before = await sent();
  const ping = await net.run('exec', 'h1', '--', 'ping', '-c', String(PINGS), '-i', '0.5', 'h3');
  t.equal(ping.exitStatus, 0);
  const [host, middle] = await difference(before);
  t.ok(host.frames >= PINGS);
  t.equal(host.datagrams, host.frames, 'the host: one frame a datagram');
  t.equal(middle.datagrams, middle.frames, 'the switch: one frame a datagram');
});
