/** The documents' routing examples, by the shipped file. */
import t from 'tap';
import type { InterfaceRow } from '../../devices/control.js';
import { formatIpv4, formatMac } from '../../devices/stack/wire/address.js';
import { ethernetOf, icmpOf, ipv4Of } from '../support/packets.js';
import type { World } from '../support/world.js';
import { shippedWorld } from './shipped-world.js';

interface Sighting {
  readonly at: string;
  readonly srcMac: string;
  readonly dstMac: string;
  readonly etherType: number;
  readonly src: string;
  readonly dst: string;
  readonly ttl: number;
}

/** Every echo message on its way, cable by cable. */
function echoes(world: World): Sighting[] {
  return world.frames
    .filter(({ packet }) => icmpOf(packet) !== undefined)
    .map(({ from, packet }) => {
      const frame = ethernetOf(packet);
      const ip = ipv4Of(packet);
      if (frame === undefined || ip === undefined) throw new Error('no IP packet');
      return {
        at: from,
        srcMac: formatMac(frame.src),
        dstMac: formatMac(frame.dst),
        etherType: frame.etherType,
        src: formatIpv4(ip.src),
        dst: formatIpv4(ip.dst),
        ttl: ip.ttl,
      };
    });
}

function macOf(world: World, device: string, port: string): string {
  const rows = world.machine(device).inspect('interfaces') as InterfaceRow[];
  return rows.find(({ name }) => name === port)?.mac ?? `no ${device}:${port}`;
}

function routes(): World {
  const world = shippedWorld('routes');
  t.teardown(() => world.stop());
  return world;
}

t.test('Source address by route: 192.168.10.200 is reached through eth1, with its address', async (t) => {
  const world = routes();
  t.match((await world.exec('two-homed', 'route -n')).stdout.split('\n').slice(2), [
    /^0\.0\.0\.0 +192\.168\.3\.254 +0\.0\.0\.0 +UG .* eth0$/,
    /^192\.168\.3\.0 +0\.0\.0\.0 +255\.255\.255\.0 +U .* eth0$/,
    /^192\.168\.10\.0 +0\.0\.0\.0 +255\.255\.255\.0 +U .* eth1$/,
    '',
  ]);
  t.match(await world.exec('two-homed', 'ping -c 1 192.168.10.200'), { status: 0 });
  t.match(echoes(world)[0], {
    at: 'two-homed:eth1',
    src: '192.168.10.2',
    dst: '192.168.10.200',
    srcMac: macOf(world, 'two-homed', 'eth1'),
    dstMac: macOf(world, 'near', 'eth0'),
  });
  t.notOk(
    echoes(world).some(({ at }) => at.startsWith('router')),
    'no router is on this way',
  );
});

t.test("Source address by route: 10.100.20.100 by the default row alone, to the gateway's MAC address", async (t) => {
  const world = routes();
  t.match(await world.exec('two-homed', 'ping -c 1 10.100.20.100'), { status: 0 });
  t.match(echoes(world)[0], {
    at: 'two-homed:eth0',
    src: '192.168.3.2',
    dst: '10.100.20.100',
    srcMac: macOf(world, 'two-homed', 'eth0'),
    dstMac: macOf(world, 'router', 'eth0'),
  });
});

t.test('Router: 10.10.1.101 to 192.168.1.100: new MAC header, type 0800, IP addresses as they were', async (t) => {
  const world = routes();
  t.match(await world.exec('sender', 'ping -c 1 192.168.1.100'), { status: 0 });
  t.match(
    (await world.exec('router', 'route -n')).stdout,
    /^192\.168\.1\.0 +0\.0\.0\.0 +255\.255\.255\.0 +U .* eth4$/m,
    'the row',
  );
  const ip = { src: '10.10.1.101', dst: '192.168.1.100', etherType: 0x0800 };
  t.match(echoes(world).slice(0, 2), [
    {
      ...ip,
      at: 'sender:eth0',
      srcMac: macOf(world, 'sender', 'eth0'),
      dstMac: macOf(world, 'router', 'eth3'),
      ttl: 64,
    },
    {
      ...ip,
      at: 'router:eth4',
      srcMac: macOf(world, 'router', 'eth4'),
      dstMac: macOf(world, 'receiver', 'eth0'),
      ttl: 63,
    },
  ]);
});

t.test('errors on the way come back to the sender: no route, nobody there, time exceeded', async (t) => {
  const world = routes();
  t.match(await world.exec('sender', 'ping -c 1 172.16.0.1'), {
    status: 1,
    stdout: /^From 10\.10\.1\.254 icmp_seq=1 Destination Net Unreachable$/m,
  });
  t.match(await world.exec('sender', 'ping -c 1 192.168.1.77'), {
    status: 1,
    stdout: /^From 10\.10\.1\.254 icmp_seq=1 Destination Host Unreachable$/m,
  });
  t.match(await world.exec('sender', 'ping -c 1 -t 1 192.168.1.100'), {
    status: 1,
    stdout: /^From 10\.10\.1\.254 icmp_seq=1 Time to live exceeded$/m,
  });
});
