import t from 'tap';
import type { World } from '../../support/world.js';
import { A_MAC, R1_MAC, threeNetworks } from './three-networks.js';

async function output(world: World, device: string, line: string): Promise<string> {
  const { status, stdout, stderr } = await world.exec(device, line);
  if (status !== 0) throw new Error(`${line}: ${status} ${stderr}`);
  return stdout;
}

/** A world in which `a` knows r1, and knows that nobody is 10.0.0.9. */
async function talkedWorld(): Promise<World> {
  const world = threeNetworks();
  await world.exec('a', 'ping -c 1 b');
  await world.exec('a', 'ping -c 1 10.0.0.9');
  return world;
}

t.test('arp: both styles, with names and without', async (t) => {
  const world = await talkedWorld();
  t.equal(
    await output(world, 'a', 'arp -n'),
    `Address                  HWtype  HWaddress           Flags Mask            Iface
10.0.0.1                 ether   ${R1_MAC}   C                     eth0
10.0.0.9                         (incomplete)                              eth0
`,
  );
  t.equal(
    await output(world, 'a', 'arp -a'),
    `r1 (10.0.0.1) at ${R1_MAC} [ether] on eth0\n? (10.0.0.9) at <incomplete> on eth0\n`,
  );
  t.equal(await output(world, 'a', 'arp -an 10.0.0.1'), `? (10.0.0.1) at ${R1_MAC} [ether] on eth0\n`);
});

t.test('arp -s and -d', async (t) => {
  const world = await talkedWorld();
  await output(world, 'a', 'arp -d r1');
  t.match(await world.exec('a', 'arp -n 10.0.0.1'), { status: 1, stdout: '10.0.0.1 (10.0.0.1) -- no entry\n' });
  t.match(await world.exec('a', 'arp -d 10.0.0.1'), { status: 1, stderr: 'arp: No ARP entry for 10.0.0.1\n' });
  await output(world, 'a', 'arp -s 10.0.0.1 02:00:00:00:00:99');
  t.equal(await output(world, 'a', 'arp -an r1'), '? (10.0.0.1) at 02:00:00:00:00:99 [ether] PERM on eth0\n');
  t.match(await world.exec('a', 'arp -s 10.0.0.1 xyz'), { status: 1, stderr: /invalid hardware address/ });
  t.match(await world.exec('a', 'arp -s 10.7.0.1 02:00:00:00:00:99'), { status: 1, stderr: /Network is unreachable/ });
  t.match(await world.exec('a', 'arp -i eth7'), { status: 1, stderr: 'arp: device eth7 not found\n' });
  t.match(await world.exec('a', 'arp -s r1'), { status: 2, stderr: /need host name and hardware address/ });
});

t.test('route -n, and changes that packets follow', async (t) => {
  const world = threeNetworks();
  t.equal(
    await output(world, 'a', 'route -n'),
    `Kernel IP routing table
Destination     Gateway         Genmask         Flags Metric Ref    Use Iface
0.0.0.0         10.0.0.1        0.0.0.0         UG    0      0        0 eth0
10.0.0.0        0.0.0.0         255.255.255.0   U     0      0        0 eth0
`,
  );
  t.match(await output(world, 'a', 'route'), 'default         r1              0.0.0.0');
  await output(world, 'a', 'route del default');
  t.match(await world.exec('a', 'ping -c 1 b'), { status: 2, stderr: 'ping: connect: Network is unreachable\n' });
  await output(world, 'a', 'route add -net 10.0.2.0 netmask 255.255.255.0 gw r1 metric 5');
  await output(world, 'a', 'route add -host 10.0.1.2 gw 10.0.0.1');
  t.match(
    await output(world, 'a', 'route -n'),
    '10.0.1.2        10.0.0.1        255.255.255.255 UGH   0      0        0 eth0',
  );
  t.equal((await world.exec('a', 'ping -c 1 b')).status, 0);
  const refuses = async (line: string, status: number, stderr: RegExp) =>
    t.match(await world.exec('a', line), { status, stderr }, line);
  await refuses('route add -host 10.0.1.2 gw 10.0.0.1', 7, /SIOCADDRT: File exists/);
  await refuses('route add default gw 10.5.0.1', 7, /SIOCADDRT: Network is unreachable/);
  await refuses('route add 10.5.0.0/16', 7, /SIOCADDRT: No such device/);
  await refuses('route add 10.5.0.0/16 dev eth7', 7, /No such device/);
  await refuses('route add 10.5.0.0/8 gw 10.0.0.1', 4, /netmask doesn't match route address/);
  await refuses('route add -net 10.0.0.0 netmask 255.0.255.0 gw r1', 4, /bogus netmask 255\.0\.255\.0/);
  await refuses('route del 10.77.0.0/16', 7, /SIOCDELRT: No such process/);
  await refuses('route add', 2, /target is missing/);
  await refuses('route nonsense', 2, /unknown argument 'nonsense'/);
});

t.test('ip address and ip link', async (t) => {
  const world = threeNetworks();
  t.equal(
    await output(world, 'a', 'ip addr'),
    `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default
    link/ether ${A_MAC} brd ff:ff:ff:ff:ff:ff
    inet 10.0.0.2/24 brd 10.0.0.255 scope global eth0
       valid_lft forever preferred_lft forever
`,
  );
  t.equal(await output(world, 'b', 'ip -br a show eth0'), 'eth0             UP             10.0.2.2/24\n');
  t.match(await output(world, 'a', 'ip -s link show dev eth0'), /RX: bytes {2}packets.*\n {4}\d+ +\d+ +0 +0/);
  await output(world, 'a', 'ip addr add 10.0.0.22/24 dev eth0');
  t.equal((await world.exec('r1', 'ping -c 1 10.0.0.22')).status, 0);
  t.match(await world.exec('a', 'ip addr add 10.0.0.22/24 dev eth0'), { status: 2, stderr: /File exists/ });
  await output(world, 'a', 'ip addr del 10.0.0.22/24 dev eth0');
  t.match(await world.exec('a', 'ip addr del 10.0.0.22/24 dev eth0'), { status: 2, stderr: /Cannot assign/ });
  await output(world, 'a', 'ip a flush dev eth0');
  t.equal(await output(world, 'a', 'ip route'), '');
  world.machine('a').ports[0].setCarrier(false);
  t.match(await output(world, 'a', 'ip link'), '2: eth0: <NO-CARRIER,BROADCAST,UP> mtu 1500 qdisc noqueue state DOWN');
  t.match(await world.exec('a', 'ip link set eth0 down'), { status: 2, stderr: /Operation not supported/ });
  t.match(await world.exec('a', 'ip addr show eth7'), { status: 1, stderr: 'ip: Cannot find device "eth7"\n' });
  t.match(await world.exec('a', 'ip nonsense'), { status: 1, stderr: /Object "nonsense" is unknown/ });
  t.match(await world.exec('a', 'ip -z a'), { status: 2, stderr: /Option "-z" is unknown/ });
  t.match(await world.exec('a', 'ip'), { status: 2 });
});

t.test('ip route', async (t) => {
  const world = threeNetworks();
  t.equal(
    await output(world, 'r1', 'ip route'),
    `10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1
10.0.1.0/24 dev eth1 proto kernel scope link src 10.0.1.1
10.0.2.0/24 via 10.0.1.2 dev eth1 proto static
`,
  );
  t.equal(await output(world, 'r1', 'ip r get 10.0.2.2'), '10.0.2.2 via 10.0.1.2 dev eth1 src 10.0.1.1\n    cache\n');
  t.equal(await output(world, 'r1', 'ip r get 10.0.1.1'), 'local 10.0.1.1 dev lo src 10.0.1.1\n    cache <local>\n');
  t.match(await world.exec('r1', 'ip r get 8.8.8.8'), { status: 2, stderr: /Network is unreachable/ });
  await output(world, 'r1', 'ip route add default via 10.0.1.2 metric 10');
  t.match(await output(world, 'r1', 'ip r'), /^default via 10\.0\.1\.2 dev eth1 proto static metric 10\n/);
  await output(world, 'r1', 'ip route replace default via 10.0.0.2');
  t.equal(await output(world, 'r1', 'ip r show default'), 'default via 10.0.0.2 dev eth0 proto static\n');
  await output(world, 'r1', 'ip route del default');
  t.match(await world.exec('r1', 'ip route del default'), { status: 2, stderr: /No such process/ });
  t.match(await world.exec('r1', 'ip route add 10.0.1.0/24 dev eth1'), { status: 2, stderr: /File exists/ });
  t.match(await world.exec('r1', 'ip route add 10.0.1.1/24 dev eth1'), { status: 2, stderr: /Invalid argument/ });
  t.match(await world.exec('r1', 'ip route add default via 9.9.9.9'), { status: 2, stderr: /invalid gateway/ });
  t.match(await world.exec('r1', 'ip route add x'), { status: 1, stderr: /any valid prefix is expected/ });
});

t.test('ip neighbour', async (t) => {
  const world = await talkedWorld();
  t.equal(await output(world, 'a', 'ip n'), `10.0.0.1 dev eth0 lladdr ${R1_MAC} REACHABLE\n10.0.0.9 dev eth0 FAILED\n`);
  await output(world, 'a', 'ip neigh del 10.0.0.9 dev eth0');
  t.match(await world.exec('a', 'ip neigh del 10.0.0.9 dev eth0'), { status: 2, stderr: /No such file/ });
  await output(world, 'a', 'ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:99 dev eth0');
  t.match(await world.exec('a', 'ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:99 dev eth0'), { stderr: /File exists/ });
  await output(world, 'a', 'ip neigh flush dev eth0');
  t.equal(await output(world, 'a', 'ip neigh show'), '10.0.0.9 dev eth0 lladdr 02:00:00:00:00:99 PERMANENT\n');
});

t.test('ifconfig, hostname', async (t) => {
  const world = threeNetworks();
  await world.run(100);
  t.equal(
    await output(world, 'b', 'ifconfig eth0'),
    `eth0: flags=67<UP,BROADCAST,RUNNING>  mtu 1400
        inet 10.0.2.2  netmask 255.255.255.0  broadcast 10.0.2.255
        ether 02:00:00:00:04:01  (Ethernet)
        RX packets 1  bytes 60 (60.0 B)
        RX errors 0  dropped 0  overruns 0  frame 0
        TX packets 1  bytes 60 (60.0 B)
        TX errors 0  dropped 0 overruns 0  carrier 0  collisions 0

`,
  );
  t.match(await world.exec('b', 'ifconfig eth7'), { status: 1, stderr: /eth7: error fetching interface information/ });
  t.equal(await output(world, 'b', 'hostname'), 'b\n');
  t.equal(await output(world, 'r1', 'hostname -I'), '10.0.0.1 10.0.1.1\n');
  t.match(await world.exec('b', 'hostname other'), { status: 1 });
});

t.test('show and help, on a switch too', async (t) => {
  const world = threeNetworks();
  world.add({ name: 'sw', kind: 'switch', ports: [{ name: '1' }, { name: '2' }] });
  world.add({ name: 'x', kind: 'host', ports: [{ name: 'eth0', addresses: ['10.4.0.1/24'] }] });
  world.link('sw:1', 'x:eth0');
  world.machine('x').start();
  await world.run(10_000);
  t.equal(
    await output(world, 'sw', 'show mac-table'),
    'MAC                Port  Age\n02:00:00:00:06:01  1     10.0 s\n',
  );
  t.match(await output(world, 'sw', 'show int'), /^Interface {2}MAC {2}Addresses {2}MTU {3}Carrier/);
  t.match(await output(world, 'sw', 'help'), /^Command {2}Does\nhelp .*\nshow .*\ntcpdump .*\n$/);
  t.match(await output(world, 'a', 'help ping'), /^Usage: ping \[/);
  t.match(await world.exec('a', 'help nonsense'), { status: 1, stderr: /no command 'nonsense'/ });
  t.match(await world.exec('a', 'show mac-table'), { status: 1, stderr: /^show: a has no mac-table table; it has/ });
  t.match(await world.exec('sw', 'show'), { status: 2 });
  t.match(await world.exec('sw', 'show nonsense'), { status: 2, stderr: /'nonsense' is no table/ });
  for (const table of world.machine('r1').tables) t.equal((await world.exec('r1', `show ${table}`)).status, 0, table);
});
