import t from 'tap';
import { World } from '../../support/world.js';

/** A home: two hosts without addresses behind a switch, a router that serves them, another host beyond it. */
function home(seed: string): World {
  const world = new World({ seed });
  world.add({ name: 'client', kind: 'host', ports: [{ name: 'eth0', dhcp: true }] });
  world.add({ name: 'laptop', kind: 'host', ports: [{ name: 'eth0', dhcp: true }] });
  world.add({ name: 'sw', kind: 'switch', ports: [{ name: '1' }, { name: '2' }, { name: '3' }] });
  world.add({
    name: 'router',
    kind: 'router',
    ports: [
      { name: 'eth0', addresses: ['192.168.1.1/24'] },
      { name: 'eth1', addresses: ['10.0.0.1/24'] },
    ],
    dhcpServers: [
      {
        interface: 'eth0',
        from: '192.168.1.100',
        to: '192.168.1.199',
        leaseSeconds: 3600,
        gateway: '192.168.1.1',
        dnsServers: ['192.168.1.1'],
        domain: 'home.lan',
      },
    ],
  });
  world.add({ name: 'stranger', kind: 'host', ports: [{ name: 'eth0', dhcp: true }] });
  world.link('client:eth0', 'sw:1');
  world.link('laptop:eth0', 'sw:2');
  world.link('sw:3', 'router:eth0');
  world.link('router:eth1', 'stranger:eth0');
  world.start();
  return world;
}

t.test('First contact: client against server, through the switch', async (t) => {
  const world = home('first contact');
  await world.run(() => world.machine('client').configured && world.machine('laptop').configured);
  await world.run(world.now + 20_000);
  const client = world.machine('client').inspect('dhcp');
  const leases = world.machine('router').inspect('dhcp');
  t.match(client, [{ role: 'client', state: 'BOUND', server: '192.168.1.1', hostName: 'client' }]);
  t.same(
    leases.map((row) => 'hostName' in row && `${row.address} ${row.hostName} ${'state' in row && row.state}`).sort(),
    ['192.168.1.100 client BOUND', '192.168.1.101 laptop BOUND'],
  );
  t.match(world.machine('stranger').inspect('dhcp'), [{ state: 'SELECTING' }], 'not served on the other interface');
  const fromServer = world.frames.filter(
    ({ from, packet }) => from === 'router:eth1' && packet[20] === 8 && packet[21] === 0,
  );
  t.same(fromServer, [], 'not a word there');
  const { stdout } = await world.exec('client', 'ping -c 1 10.0.0.1');
  t.match(stdout, '1 packets transmitted, 1 received, 0% packet loss');
});

t.test('dhclient: verbose renewal, release, and an address again', async (t) => {
  const world = home('dhclient');
  await world.run(() => world.machine('client').configured && world.machine('laptop').configured);
  t.same(await world.exec('client', 'dhclient -v eth0'), {
    status: 0,
    stdout: '',
    stderr: [
      'DHCPREQUEST for 192.168.1.100 on eth0 to 192.168.1.1 port 67',
      'DHCPACK of 192.168.1.100 from 192.168.1.1',
      'bound to 192.168.1.100 -- renewal in 1800 seconds.',
      '',
    ].join('\n'),
  });
  t.same(await world.exec('client', 'dhclient -r -v'), {
    status: 0,
    stdout: '',
    stderr: 'DHCPRELEASE of 192.168.1.100 on eth0 to 192.168.1.1 port 67\n',
  });
  t.equal((await world.exec('client', 'ip route')).stdout, '');
  t.equal(world.machine('client').configured, false);
  await world.run(world.now + 100);
  t.match(world.machine('router').inspect('dhcp')[0], { address: '192.168.1.100', state: 'RELEASED' });
  t.equal((await world.exec('client', 'dhclient')).status, 0);
  t.match(
    (await world.exec('client', 'ip -4 addr show eth0')).stdout,
    /inet 192\.168\.1\.100\/24 brd .* dynamic eth0\n +valid_lft 3600sec/,
  );
  t.match(await world.exec('client', 'dhclient eth7'), {
    status: 1,
    stderr: 'dhclient: eth7 is not configured by DHCP\n',
  });
  t.match(await world.exec('stranger', 'dhclient -v'), { status: 2, stderr: /No DHCPOFFERS received\.\n$/ });
});

t.test('the same seed: the same frames', async (t) => {
  const run = async () => {
    const world = home('again');
    await world.run(30_000);
    return world.lines();
  };
  t.same(await run(), await run());
});
