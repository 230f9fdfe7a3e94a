/** Ports that come and go on a running device: names, cables, what is left behind (nothing). */
import { createSocket } from 'node:dgram';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createMachine } from '../../devices/apps/kinds/index.js';
import { NO_LOG } from '../../devices/apps/machine.js';
import type { DeviceConfig, DeviceKind, InterfaceRow } from '../../devices/control.js';
import { RPC_INVALID_PARAMS, RPC_REFUSED } from '../../devices/control.js';
import { Attachments } from '../../devices/runtime/attachments.js';
import { Random } from '../../devices/stack/random.js';
import { NO_TRACE } from '../../devices/stack/trace.js';
import { emitEthernet } from '../../devices/stack/wire/ethernet.js';
import { TEST_ETHERTYPE } from '../support/port-node.js';
import { boundSocket, freeUdpPort, LOOPBACK } from '../support/udp-sockets.js';

const MAC = 0x020000000009;

function device(t: Test, kind: DeviceKind, ports: DeviceConfig['ports'], attachedFile?: string) {
  const config: DeviceConfig = { lab: 'x', name: 'd', kind, seed: 1, control: '/c', ports, attachedFile };
  const machine = createMachine(config, {
    now: () => 0,
    wallClock: () => 0,
    wake: () => {},
    random: new Random(1),
    tracer: NO_TRACE,
    log: NO_LOG,
    files: { read: async () => undefined },
  });
  let woken = () => {};
  const attachments = new Attachments({
    config,
    machine,
    log: NO_LOG,
    onPacket: (port, packet) => {
      machine.receive(port, packet, 0);
      woken();
    },
  });
  t.teardown(() => attachments.close());
  const nextPacket = () =>
    new Promise<void>((resolve) => {
      woken = resolve;
    });
  const names = () => (machine.inspect('interfaces') as InterfaceRow[]).map(({ name }) => name);
  return { machine, attachments, names, nextPacket };
}

const broadcast = emitEthernet({
  dst: 0xffffffffffff,
  src: MAC,
  etherType: TEST_ETHERTYPE,
  payload: new Uint8Array(46),
});

t.test('a switch: the next free number, learned addresses, and all gone again', async (t) => {
  const { machine, attachments, names, nextPacket } = device(t, 'switch', [{ name: '1' }, { name: '3' }]);
  const came: string[] = [];
  attachments.onAttached = ({ name }) => came.push(`+${name}`);
  attachments.onDetached = ({ name }) => came.push(`-${name}`);
  const peer = await boundSocket(t);
  const local = `${LOOPBACK}:${await freeUdpPort()}`;
  const remote = `${LOOPBACK}:${peer.address().port}`;
  const request = { encapsulation: 'udp', local, remote } as const;
  t.same(await attachments.attach(request), { ...request, device: 'd', port: '2', link: `d:2 -- udp ${remote}` });
  t.same(names(), ['1', '3', '2']);

  const packet = nextPacket();
  peer.send(broadcast, Number(local.split(':')[1]), LOOPBACK);
  await packet;
  t.match(machine.inspect('mac-table'), [{ mac: '02:00:00:00:00:09', port: '2' }]);
  t.equal(machine.ports[0].counters.framesOut, 1, 'it is flooded');
  t.same(attachments.datagrams('2'), { datagramsIn: 1, datagramsOut: 0 });
  t.equal(attachments.datagrams('1'), undefined);

  attachments.detach({ port: '2' });
  t.same(names(), ['1', '3']);
  t.same(machine.inspect('mac-table'), []);
  t.same(came, ['+2', '-2']);
  t.match(await attachments.attach(request), { port: '2' }, 'the UDP port is free, and so is the number');
});

t.test('a host: an interface with an address of its own on the link, routes and neighbours', async (t) => {
  const port = { name: 'eth0', mac: '02:00:00:00:00:01', addresses: ['10.0.0.1/24'] };
  const { machine, attachments, names } = device(t, 'host', [port]);
  const request = {
    encapsulation: 'vxlan',
    vni: 7,
    local: `${LOOPBACK}:${await freeUdpPort()}`,
    remote: `${LOOPBACK}:9999`,
  };
  const made = await attachments.attach(request);
  t.match(made, { port: 'eth1', mac: /^02(:[0-9a-f]{2}){5}$/, vni: 7, link: `d:eth1 -- vxlan 7 ${LOOPBACK}:9999` });
  t.same(names(), ['eth0', 'eth1']);
  t.match(machine.inspect('interfaces')[1], { mac: made.mac, addresses: [], carrier: true });

  const run = async (line: string) => {
    const [name, ...argv] = line.split(' ');
    const errors: string[] = [];
    const io = {
      stdout: () => {},
      stderr: (text: string) => errors.push(text),
      drained: async () => {},
      stdin: (async function* () {})(),
      signal: new AbortController().signal,
      columns: 80,
    };
    await machine.commands.get(name)?.run(argv, io);
    return errors.join('');
  };
  t.equal(await run('ip address add 172.20.0.1/24 dev eth1'), '');
  t.equal(await run('ip route add 172.21.0.0/16 via 172.20.0.2'), '');
  t.equal(await run('arp -s 172.20.0.2 02:00:00:00:00:77'), '');
  const through = () =>
    [...machine.inspect('routes'), ...machine.inspect('arp')].filter(
      (row) => 'interface' in row && row.interface === 'eth1',
    );
  t.equal(through().length, 3);

  attachments.detach({ port: 'eth1' });
  t.same(names(), ['eth0']);
  t.same(through(), []);
  t.match(machine.inspect('routes'), [{ destination: '10.0.0.0', interface: 'eth0' }], 'the others stay');
  t.match(await run('ip address add 172.20.0.1/24 dev eth1'), /Cannot find device/);
  t.match(await attachments.attach(request), { port: 'eth1', mac: made.mac }, 'the same address every time');
});

t.test('what cannot be had changes nothing, and says why', async (t) => {
  const { attachments, names } = device(t, 'hub', [{ name: '1' }]);
  const taken = await boundSocket(t);
  const used = `${LOOPBACK}:${taken.address().port}`;
  const local = `${LOOPBACK}:${await freeUdpPort()}`;
  const remote = `${LOOPBACK}:9999`;
  const fails = (params: object, message: string | RegExp, code = RPC_INVALID_PARAMS) =>
    t.rejects(attachments.attach({ encapsulation: 'udp', local, remote, ...params }), { message, code });
  await fails({ local: used }, `UDP ${used}: EADDRINUSE: the port is in use`, RPC_REFUSED);
  await fails(
    { local: '192.0.2.1:9999', remote: '192.0.2.2:9999' },
    'UDP 192.0.2.1:9999: EADDRNOTAVAIL: this machine has no address 192.0.2.1',
    RPC_REFUSED,
  );
  await fails({ port: 'eth0' }, '"eth0" is no port of a hub: they are called 1, 2, …', RPC_REFUSED);
  await fails({ port: '1' }, 'd has a port 1 already', RPC_REFUSED);
  await fails({ encapsulation: 'native' }, 'encapsulation: expected one of udp, vxlan, got "native"');
  await fails({ encapsulation: 'vxlan' }, 'vxlan needs a VNI, which both ends must have in common');
  await fails({ vni: 1 }, 'only vxlan has a VNI');
  await fails({ encapsulation: 'vxlan', vni: 2 ** 24 }, /^vni: expected a whole number from 0 to 16777215/);
  await fails({ local: 'here' }, /^local: "here" is not an IPv4 address with a UDP port/);
  await fails({ remote: `${LOOPBACK}:0` }, `remote: ${LOOPBACK}:0: the UDP port must be from 1024 to 65535`);
  await fails({ remote: local }, `remote: both ends are ${local}`);
  await fails({ remote: '192.0.2.2:9999' }, /^local: .* cannot reach each other/);
  await fails({ colour: 'red' }, /^colour: unknown key/);
  t.same(names(), ['1']);

  await attachments.attach({ encapsulation: 'udp', local, remote, port: '9' });
  await fails({}, `UDP ${local} is in use by port 9 of this device`, RPC_REFUSED);
  const twins = [await freeUdpPort(), await freeUdpPort()].map((port) => ({
    encapsulation: 'udp',
    local: `${LOOPBACK}:${port}`,
    remote,
    port: '5',
  }));
  const both = await Promise.allSettled(twins.map((params) => attachments.attach(params)));
  t.same(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'], 'one of two gets a name that both want');
  t.same(names(), ['1', '9', '5']);
});

t.test('only what was attached can be detached', async (t) => {
  const { attachments } = device(t, 'hub', [{ name: '1' }]);
  const refused = (port: unknown, message: string) => t.throws(() => attachments.detach({ port }), { message });
  refused('1', 'port 1 was not attached; nothing is attached');
  refused('2', 'd has no port 2; nothing is attached');
  refused(2, 'detach takes a text `port`');
  await attachments.attach({
    encapsulation: 'udp',
    local: `${LOOPBACK}:${await freeUdpPort()}`,
    remote: `${LOOPBACK}:9999`,
  });
  refused('1', 'port 1 was not attached; attached: 2');
  attachments.detach({ port: '2' });
  refused('2', 'd has no port 2; nothing is attached');
});

t.test('nothing is attached to a device that ends', async (t) => {
  const { attachments, names } = device(t, 'hub', []);
  const request = { encapsulation: 'udp', local: `${LOOPBACK}:${await freeUdpPort()}`, remote: `${LOOPBACK}:9999` };
  const late = attachments.attach(request);
  attachments.close();
  await t.rejects(late, { message: 'd is ending' });
  t.same(names(), []);
});

t.test('started again: what was attached is attached, and what was detached is not', async (t) => {
  const file = join(t.testdir(), 'd.attached.json');
  const first = device(t, 'switch', [{ name: '1' }], file);
  const peer = `${LOOPBACK}:9999`;
  const [a, b, c] = await Promise.all([freeUdpPort(), freeUdpPort(), freeUdpPort()]);
  const request = (port: number) => ({ encapsulation: 'udp', local: `${LOOPBACK}:${port}`, remote: peer });
  const kept = await first.attachments.attach({ ...request(a), port: '7' });
  await first.attachments.attach({ ...request(b), encapsulation: 'vxlan', vni: 42 });
  await first.attachments.attach(request(c));
  first.attachments.detach({ port: '3' });
  first.attachments.close();

  const second = device(t, 'switch', [{ name: '1' }], file);
  await second.attachments.open();
  t.same(second.names(), ['1', '7', '2']);
  t.equal(second.machine.ports[1].link, kept.link);
  second.attachments.close();

  const stranger = createSocket('udp4');
  await new Promise<void>((resolve) => stranger.bind(a, LOOPBACK, resolve));
  const third = device(t, 'switch', [{ name: '1' }], file);
  await third.attachments.open();
  t.same(third.names(), ['1', '2'], 'a cable that cannot be had is missing, the device is there');
  third.attachments.close();
  await new Promise<void>((resolve) => stranger.close(() => resolve()));

  const fourth = device(t, 'switch', [{ name: '1' }], file);
  await fourth.attachments.open();
  t.same(fourth.names(), ['1', '7', '2'], 'and comes back when it can be had');
  for (const port of ['7', '2']) fourth.attachments.detach({ port });
  t.notOk(existsSync(file), 'nothing attached, nothing kept');

  writeFileSync(file, '{"not": "a list"}');
  const fifth = device(t, 'switch', [{ name: '1' }], file);
  await fifth.attachments.open();
  t.same(fifth.names(), ['1'], 'a file that is none of ours keeps nobody from starting');
});
