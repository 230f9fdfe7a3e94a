/** What a device does with its orders, on machines of a world. */
import t from 'tap';
import { type ChaosOrders, RpcError, type RuleOrder } from '../../devices/control.js';
import { assortedPackets } from '../support/assorted-packets.js';
import { describePacket } from '../support/packets.js';
import { World } from '../support/world.js';

const of = { fault: 'fault-1', title: 'drop', seed: 'x' };
const dropPings: RuleOrder = { ...of, filter: 'icmp.type == 8', at: 'origin', action: { kind: 'drop' } };

/** a – sw – b */
function lan(): World {
  const world = new World();
  const names = ['a', 'b'];
  names.forEach((name, index) => {
    world.add({ name, kind: 'host', ports: [{ name: 'eth0', addresses: [`10.0.0.${index + 1}/24`] }] });
  });
  world.add({ name: 'sw', kind: 'switch', ports: [{ name: '1' }, { name: '2' }] });
  world.link('a:eth0', 'sw:1');
  world.link('b:eth0', 'sw:2');
  world.start();
  return world;
}

async function ping(world: World, count = 1): Promise<number> {
  return (await world.exec('a', `ping -c ${count} -i 0.2 -W 1 10.0.0.2`)).status;
}

t.test('all or nothing: one wrong order, and none of the call is in force', async (t) => {
  const world = lan();
  t.teardown(() => world.stop());
  const wrong: Partial<ChaosOrders> = {
    rules: [dropPings, { ...dropPings, filter: 'icmp.tipe == 8' }],
  };
  t.throws(() => world.order('a', wrong), { code: -32602, message: /^rules\[1\]\.filter, column 1: / });
  const strange = { rules: [{ ...dropPings, at: { port: '1' } }] };
  t.throws(() => world.order('a', strange), new RpcError(-32602, 'rules[0].at.port: a has no port 1; its ports: eth0'));
  t.same(world.faultsOf('a'), []);
  t.equal(await ping(world), 0);
});

t.test('what is unchanged goes on with its counts; what is missing ends', async (t) => {
  const world = lan();
  t.teardown(() => world.stop());
  const once = { ...dropPings, skip: 1, count: 1 };
  world.order('a', { rules: [once] });
  t.equal(await ping(world), 0, 'the first is let through');
  const other = { ...of, fault: 'fault-2', title: 'corrupt', filter: 'arp', at: 'device', action: { kind: 'corrupt' } };
  world.order('a', { rules: [other as RuleOrder, once] });
  t.match(world.faultsOf('a'), [
    { fault: 'fault-2', matched: 0, hit: 0 },
    { fault: 'fault-1', matched: 1, hit: 0 },
  ]);
  t.equal(await ping(world), 1, 'the second is hit');
  t.match(world.faultsOf('a')[1], { matched: 2, hit: 1, exhausted: true });
  t.equal(await ping(world), 0);
  world.order('a', {});
  t.same(world.faultsOf('a'), []);
  t.equal(world.machine('a').ports[0].interceptor, undefined);
});

t.test(
  'origin: a switch judges nothing of what it hands on; at a port, or anywhere on a device, it does',
  async (t) => {
    const world = lan();
    t.teardown(() => world.stop());
    world.order('sw', { rules: [dropPings] });
    t.equal(await ping(world), 0);
    t.match(world.faultsOf('sw'), [{ matched: 0, hit: 0 }]);
    t.equal(world.machine('sw').ports[0].interceptor, undefined);
    world.order('sw', { rules: [{ ...dropPings, at: { port: '1' } }] });
    t.equal(await ping(world), 0, 'they leave by the other port');
    world.order('sw', { rules: [{ ...dropPings, at: { port: '2' } }] });
    t.equal(await ping(world), 1);
    t.match(world.faultsOf('sw'), [{ port: '2', matched: 1, hit: 1 }]);
    world.order('sw', { rules: [{ ...dropPings, at: 'device' }] });
    t.equal(await ping(world), 1);
  },
);

t.test('a port that comes later gets what was ordered for it, and rules for all of the device', async (t) => {
  const world = new World();
  const sw = world.add({ name: 'sw', kind: 'switch', ports: [{ name: '1' }] });
  t.teardown(() => world.stop());
  const late = { ...of, port: '2', direction: 'out' as const, impairment: { loss: 1 } };
  world.order('sw', { links: [late], rules: [{ ...dropPings, at: 'device' }] });
  t.match(world.faultsOf('sw'), [{ fault: 'fault-1', matched: 0 }]);
  const port = sw.addPort({ name: '2' });
  world.attached('sw', port);
  t.not(port.interceptor, undefined);
  t.match(world.faultsOf('sw'), [{ port: '2', direction: 'out', matched: 0, hit: 0 }, { matched: 0 }]);
});

t.test('a port that goes leaves no deadline behind, whatever waits for it', async (t) => {
  const world = new World();
  const sw = world.add({ name: 'sw', kind: 'switch', ports: [{ name: '1' }] });
  t.teardown(() => world.stop());
  const port = sw.addPort({ name: '2' });
  world.attached('sw', port);
  const hour = 3_600_000;
  const late = { ...of, port: '2', direction: 'out' as const, impairment: { delayMs: hour } };
  const arp = { ...dropPings, filter: 'arp', at: 'device' as const };
  world.order('sw', { links: [late], rules: [{ ...arp, action: { kind: 'delay', delayMs: 2 * hour } }] });
  const [arpRequest] = assortedPackets();
  port.send(arpRequest);
  port.launch(arpRequest);
  t.ok(sw.nextTimeoutAt() >= hour);
  sw.removePort(port);
  world.detached('sw', port);
  sw.advance(sw.nextTimeoutAt());
  t.equal(sw.nextTimeoutAt(), Number.POSITIVE_INFINITY);
  t.ok(world.now < hour);
});

t.test('several devices with the same rule and one folder hit exactly as often as was asked for', async (t) => {
  const world = lan();
  t.teardown(() => world.stop());
  const rule = { ...dropPings, filter: 'icmp', skip: 3, count: 4, claims: '/run/x' };
  for (const name of ['a', 'b']) world.order(name, { rules: [rule] });
  await ping(world, 20);
  const rows = ['a', 'b'].flatMap((name) => world.faultsOf(name));
  t.equal(
    rows.reduce((sum, { hit }) => sum + hit, 0),
    4,
  );
  t.ok(
    rows.every(({ hit }) => hit > 0),
    'requests and replies',
  );
});

t.test('something external: what it sends is judged where it arrives, once', async (t) => {
  const world = new World();
  t.teardown(() => world.stop());
  const endpoint = { address: '127.0.0.1', port: 20_000 };
  const tunnel = { encapsulation: 'udp' as const, local: endpoint, remote: { ...endpoint, port: 20_001 } };
  world.add({ name: 'sw', kind: 'switch', ports: [{ name: '1', tunnel }, { name: '2' }] });
  world.add({ name: 'a', kind: 'host', ports: [{ name: 'eth0', addresses: ['10.0.0.1/24'] }] });
  world.add({ name: 'b', kind: 'host', ports: [{ name: 'eth0', addresses: ['10.0.0.2/24'] }] });
  world.link('a:eth0', 'sw:1');
  world.link('b:eth0', 'sw:2');
  world.start();
  world.order('sw', { rules: [dropPings] });
  t.equal(await ping(world), 1);
  t.match(world.faultsOf('sw'), [{ matched: 1, hit: 1 }]);
  const requests = world.lines().filter((line) => line.includes('echo request'));
  t.match(requests, [/ a:eth0 > sw:1 /], 'it arrived, and went no further');
  t.match(describePacket(world.frames[0].packet), /ARP/);
});
