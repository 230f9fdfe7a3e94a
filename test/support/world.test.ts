import t from 'tap';
import type { DeviceConfig, PortConfig } from '../../devices/control/config.js';
import { arpOf, icmpOf } from './packets.js';
import { World, type WorldOptions } from './world.js';

/** Two hosts on a switch and a third behind a router. */
function office(options?: WorldOptions): World {
  const world = new World(options);
  const gateway = (via: string) => [{ destination: '0.0.0.0/0', gateway: via }];
  world.add({ name: 'a', kind: 'host', ports: [eth(0, '192.168.1.2/24')], routes: gateway('192.168.1.1') });
  world.add({ name: 'b', kind: 'host', ports: [eth(0, '192.168.1.3/24')], routes: gateway('192.168.1.1') });
  world.add({ name: 'sw', kind: 'switch', ports: [{ name: '1' }, { name: '2' }, { name: '3' }] });
  world.add({ name: 'r', kind: 'router', ports: [eth(0, '192.168.1.1/24'), eth(1, '10.0.0.1/24')] });
  world.add({ name: 'c', kind: 'host', ports: [eth(0, '10.0.0.2/24')], routes: gateway('10.0.0.1') });
  world.link('a:eth0', 'sw:1', { delayMs: 1 });
  world.link('b:eth0', 'sw:2', { delayMs: 1 });
  world.link('r:eth0', 'sw:3', { delayMs: 1 });
  world.link('r:eth1', 'c:eth0', { delayMs: 10 });
  return world;
}

function eth(index: number, ...addresses: string[]): PortConfig {
  return { name: `eth${index}`, addresses };
}

t.test('a command runs to its end on the manual clock', async (t) => {
  const world = office();
  world.start();
  const { status, stdout, stderr } = await world.exec('a', 'ping -c 2 10.0.0.2');
  t.equal(stderr, '');
  t.equal(status, 0);
  t.match(stdout, /2 packets transmitted, 2 received, 0% packet loss/);
  const echoes = world.frames.filter(({ packet }) => icmpOf(packet) !== undefined);
  t.same(
    echoes.slice(0, 6).map(({ from, to }) => `${from} > ${to}`),
    ['a:eth0 > sw:1', 'sw:3 > r:eth0', 'r:eth1 > c:eth0', 'c:eth0 > r:eth1', 'r:eth0 > sw:3', 'sw:1 > a:eth0'],
  );
  t.equal(echoes[11].at + 1 - echoes[6].at, 24, 'the second round trip, without ARP, takes what the cables take');
  await world.stop();
});

t.test('tables, traces and the log of frames are at hand', async (t) => {
  const world = office();
  world.start();
  await world.exec('a', 'ping -c 1 192.168.1.3');
  t.match(world.machine('sw').inspect('mac-table'), [{ port: '1' }, { port: '2' }, { port: '3' }]);
  t.ok(world.traced.some((event) => event.device === 'sw' && event.event === 'mac-learned' && event.port === '1'));
  t.ok(world.traced.some((event) => event.device === 'a' && event.event === 'arp-learned'));
  t.ok(world.frames.some(({ packet }) => arpOf(packet) !== undefined));
  t.ok(world.lines().some((line) => line.endsWith('ARP who has 192.168.1.3? tell 192.168.1.2')));
  await world.stop();
});

t.test('the same seed gives the same packets at the same times, another seed others', async (t) => {
  const story = async (seed: string) => {
    const world = office({ seed });
    for (const name of ['a', 'c']) world.machine(name).ports[0].setImpairment({ jitterMs: 0.9, delayMs: 1, loss: 0.1 });
    world.start();
    await world.exec('a', 'ping -c 5 10.0.0.2');
    await world.stop();
    return world.frames.map(({ at, packet }) => `${at} ${Buffer.from(packet).toString('hex')}`).join('\n');
  };
  const first = await story('one');
  t.equal(await story('one'), first);
  t.not(await story('two'), first);
});

t.test('planned configs are wired by their tunnels', async (t) => {
  const end = (port: number) => ({ address: '127.0.0.1', port });
  const tunnel = (local: number, remote: number) =>
    ({ encapsulation: 'native', local: end(local), remote: end(remote) }) as const;
  const common = { lab: 'lab', seed: 1, control: '' };
  const configs: DeviceConfig[] = [
    {
      ...common,
      name: 'a',
      kind: 'host',
      ports: [{ ...eth(0, '10.0.0.1/24'), mac: '02:00:00:00:00:01', tunnel: tunnel(20001, 20002) }],
    },
    {
      ...common,
      name: 'hub',
      kind: 'hub',
      ports: [
        { name: '1', tunnel: tunnel(20002, 20001) },
        { name: '2', tunnel: tunnel(20003, 20004) },
        { name: '3', tunnel: tunnel(20005, 29999) },
      ],
    },
    {
      ...common,
      name: 'b',
      kind: 'host',
      ports: [{ ...eth(0, '10.0.0.2/24'), mac: '02:00:00:00:00:02', tunnel: tunnel(20004, 20003) }],
    },
  ];
  const world = World.fromConfigs(configs, { latencyMs: 2 });
  t.same(
    world.machine('hub').ports.map(({ carrier }) => carrier),
    [true, true, false],
  );
  const { status } = await world.exec('a', 'ping -c 1 10.0.0.2');
  t.equal(status, 0);
  await world.stop();
});

t.test('what is not there is named', async (t) => {
  const world = office();
  t.throws(() => world.machine('x'), { message: 'no machine named x' });
  await t.rejects(world.exec('sw', 'ping 10.0.0.2'), { message: 'sw has no command ping' });
  await t.rejects(world.fetch('r', { url: 'http://x/' }), { message: 'r is a router: only hosts load pages' });
});
