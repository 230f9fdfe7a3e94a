/** Devices of a running lab are killed, paused and started again: what survives, what does not, and what everybody says. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { DhcpRow, InterfaceRow, MacRow, SocketRow } from '../../devices/control.js';
import type { FetchReport } from '../../orchestrator/story/report.js';
import { ForeignPeer } from './foreign-peer.js';
import { type Netarium, netarium, waitFor } from './netarium.js';
import { factsOf } from './sites.js';

/** The contract: this long after a SIGKILL of the orchestrator nothing is left. */
const GONE_LIMIT_MS = 2000;
/** Eight seconds of the link to the server. */
const FILE = new Uint8Array(4_000_000).map((_, index) => (index * 7) >> 3);

const TOPOLOGY = `
devices:
  client: {kind: host, address: dhcp}
  sw: {kind: switch, ports: 4}
  gw:
    kind: router
    interfaces: {eth0: 192.168.1.1/24, eth1: 203.0.113.1/24}
    dhcpServer:
      eth0: {pool: 192.168.1.100-192.168.1.199, lease: 1h}
  server: {kind: host, address: 203.0.113.80/24, sites: {www: site}}
links:
  - client:eth0 -- sw:1
  - gw:eth0 -- sw:2
  - {link: gw:eth1 -- server:eth0, rate: 4Mbit}
`;
const SERVER = '203.0.113.80';
const URL = `http://${SERVER}/file.bin`;

interface PsRow {
  readonly name: string;
  readonly pid: number;
  readonly state: string;
  readonly by?: string;
  readonly uptimeMs: number;
  readonly memoryPssBytes: number;
}

class World {
  readonly net: Netarium;
  readonly lab: string;

  private constructor(net: Netarium, lab: string) {
    this.net = net;
    this.lab = lab;
  }

  static async up(t: Test, purpose: string): Promise<World> {
    const net = netarium(t);
    const file = join(net.runDir, 'devices.yaml');
    mkdirSync(join(net.runDir, 'site'));
    writeFileSync(join(net.runDir, 'site', 'file.bin'), FILE);
    writeFileSync(file, TOPOLOGY);
    return new World(net, await net.up(purpose, file));
  }

  async chaos(device: string, action: string): Promise<void> {
    const { exitStatus, stderr } = await this.net.run('chaos', 'device', device, action);
    if (exitStatus !== 0) throw new Error(stderr);
  }

  async row(device: string): Promise<PsRow | undefined> {
    return (await this.net.json<PsRow[]>('ps')).find(({ name }) => name === device);
  }

  async pings(address: string): Promise<boolean> {
    return (await this.net.run('exec', 'client', 'ping', '-c', '1', '-W', '1', address)).exitStatus === 0;
  }

  inspect<Row>(device: string, table: string): Promise<Row[]> {
    return this.net.json<Row[]>('inspect', device, table);
  }

  /** Bytes that have come to the client on its connection. */
  async received(): Promise<number> {
    const rows = await this.inspect<SocketRow>('client', 'sockets');
    return rows.find(({ remote }) => remote === `${SERVER}:80`)?.bytesReceived ?? 0;
  }
}

t.test('one lab, and what happens to its devices', async (t) => {
  const world = await World.up(t, 'lives');
  const { net, lab } = world;

  await t.test('a router is killed and started again', async (t) => {
    const before = await world.inspect<InterfaceRow>('gw', 'interfaces');
    const pid = (await world.row('gw'))?.pid;
    const watching = net.start('inspect', 'gw', 'arp', '--watch', '--json');
    let [tables, told] = [0, ''];
    watching.stdout.on('data', () => tables++);
    watching.stderr.on('data', (text) => {
      told += text;
    });
    await waitFor('the first table', () => tables > 0);
    t.ok(await world.pings(SERVER));
    await world.chaos('gw', 'kill');
    t.match(await world.row('gw'), { state: 'killed', by: 'fault-1', pid: 0, uptimeMs: 0, memoryPssBytes: 0 });
    t.notOk(await world.pings(SERVER));
    const remedy = `\`netarium chaos device gw start --lab ${lab}\` brings it back.`;
    const said = { exitStatus: 1, stderr: new RegExp(`^error: gw was killed by fault-1 [\\d.]+ m?s ago\n${remedy}$`) };
    const commands = [
      ['exec', 'gw', 'route'],
      ['inspect', 'gw', 'arp'],
      ['inspect', 'gw', 'arp', '--watch'],
      ['console', 'gw'],
      ['attach', 'gw', '--encap', 'udp', '--local', '127.0.0.1:9999', '--remote', '127.0.0.1:9998'],
      ['expose', 'gw:80'],
    ];
    for (const command of commands) t.match(await net.run(...command), said, command.join(' '));
    await waitFor('who watches to hear of it', () => /^gw was killed by fault-1 .* ago\n$/.test(told));
    const seen = tables;
    t.match(await net.run('logs', 'gw'), { exitStatus: 0, stdout: /started/ });

    await world.chaos('gw', 'start');
    const row = await world.row('gw');
    t.match(row, { state: 'running' });
    t.not(row?.pid, pid);
    t.ok(await world.pings(SERVER), 'with the next ping: its neighbours have their carrier back');
    await waitFor('who watches to see it again', () => tables > seen);
    watching.kill('SIGINT');
    const identity = ({ name, mac, link, addresses }: InterfaceRow) => ({ name, mac, link, addresses });
    t.same((await world.inspect<InterfaceRow>('gw', 'interfaces')).map(identity), before.map(identity));
  });

  await t.test('a router sleeps during a transfer', async (t) => {
    const fetching = net.json<FetchReport>('fetch', URL, '--from', 'client');
    await waitFor('the transfer to be under way', async () => (await world.received()) > 100_000);
    await world.chaos('gw', 'pause');
    const said = {
      exitStatus: 1,
      stderr: /^error: gw was paused by fault-2 .* ago\n.* resume --lab .* lets it go on\.$/,
    };
    t.match(await net.run('inspect', 'gw', 'arp'), said);
    t.match(await net.run('exec', 'gw', 'route'), said);
    t.match(await world.row('gw'), { state: 'paused', by: 'fault-2' });
    const asleep = await world.received();
    await world.chaos('gw', 'resume');
    t.ok(asleep > 0 && asleep < FILE.length, 'in the midst of it');
    const report = await fetching;
    t.match(report, { ok: true, body: factsOf(FILE) }, 'every byte, and the connection is the same one');
    t.equal(report.connections.length, 1);
    t.match(report.capture.outages, [
      { device: 'gw', state: 'paused', by: 'fault-2', fromMs: Number, untilMs: Number },
    ]);
  });

  await t.test('a switch forgets and learns anew; its cables are there again', async (t) => {
    const ports = (await world.inspect<InterfaceRow>('sw', 'interfaces')).length;
    const peer = await ForeignPeer.open(t, '192.168.1.9');
    const made = await net.run('attach', 'sw', '--encap', 'udp', '--local', peer.remote, '--remote', peer.local);
    t.equal(made.exitStatus, 0, made.stderr);
    await peer.ping('192.168.1.1');
    const learned = (await world.inspect<MacRow>('sw', 'mac-table')).map(({ mac, port }) => `${mac} ${port}`);
    await world.chaos('sw', 'restart');
    await peer.ping('192.168.1.1');
    t.ok(await world.pings(SERVER));
    const again = (await world.inspect<MacRow>('sw', 'mac-table')).map(({ mac, port }) => `${mac} ${port}`);
    t.same(again.sort(), learned.sort(), 'all three at the same ports');
    t.equal((await net.run('detach', 'sw', made.stdout.split(/[: ]/)[1])).exitStatus, 0);
    await world.chaos('sw', 'restart');
    t.equal((await world.inspect<InterfaceRow>('sw', 'interfaces')).length, ports, 'what was detached stays away');
  });

  await t.test('a host asks for its address again', async (t) => {
    const before = await world.inspect<DhcpRow>('client', 'dhcp');
    await world.chaos('client', 'restart');
    t.match(await world.inspect<DhcpRow>('client', 'dhcp'), [{ state: 'BOUND', address: before[0].address }]);
    t.ok(await world.pings(SERVER), 'at once: start ends when the address is there');
    t.ok((await world.row('client'))?.state === 'running');
  });

  await t.test('who loads a page is killed, or whom it is loaded from', async (t) => {
    const client = net.run('fetch', URL, '--from', 'client');
    await waitFor('the transfer to be under way', async () => (await world.received()) > 100_000);
    await world.chaos('client', 'kill');
    t.match(await client, { exitStatus: 1, stderr: /^error: client was killed by fault-\d .* ago \(at http\)$/m });
    t.match(await net.run('fetch', URL, '--from', 'client'), { exitStatus: 1, stderr: /client was killed by fault/ });
    await world.chaos('client', 'start');

    const loading = net.json<FetchReport>('fetch', URL, '--from', 'client', '--timeout', '4s');
    await waitFor('the transfer to be under way', async () => (await world.received()) > 100_000);
    await world.chaos('server', 'kill');
    t.match(await loading, { ok: false, error: { stage: 'http' } }, 'its own time limit ends it');
  });
  t.equal((await net.run('down')).exitStatus, 0);
  t.same(
    net.processes().map(({ title }) => title),
    [],
  );
});

t.test('kill -9 of the supervisor while devices are paused', { skip: process.platform === 'win32' }, async (t) => {
  const world = await World.up(t, 'asleep');
  const { net, lab } = world;
  await world.chaos('gw', 'pause');
  await world.chaos('server', 'pause');
  await world.chaos('client', 'kill');
  const { pid } = JSON.parse(readFileSync(join(net.runDir, lab, 'lab.json'), 'utf8')) as { pid: number };
  process.kill(pid, 'SIGKILL');
  const left = () => [
    ...net.processes().map(({ title }) => title),
    ...net.files().filter((path) => path.endsWith('.sock')),
  ];
  await waitFor('all to go', () => left().length === 0, GONE_LIMIT_MS).catch((error) => {
    throw new Error(`${error.message}; left now: ${left().join(' ') || 'nothing, too late'}`);
  });
  t.equal(
    (await net.run('up', '--name', lab, join(net.runDir, 'devices.yaml'))).exitStatus,
    0,
    'the next one comes up',
  );
  await world.chaos('gw', 'pause');
  const began = performance.now();
  t.equal((await net.run('down')).exitStatus, 0, 'down ends what is paused');
  t.ok(performance.now() - began < GONE_LIMIT_MS, 'and does not wait for it');
  t.same(
    net.processes().map(({ title }) => title),
    [],
  );
});
