/** Connections for clients of the control channel, on a manual clock: names, addresses in turn, time, and who is to blame. */
import t, { type Test } from 'tap';
import { DialError } from '../../devices/apps/connect.js';
import type { StreamRequest } from '../../devices/control.js';
import type { TcpSocket } from '../../devices/net/tcp-socket.js';
import { World } from '../support/world.js';

/** A host and a server with an echo service on one switch; names in the hosts file. */
function lan(t: Test, hosts: Record<string, string[]>): World {
  const world = new World();
  const eth0 = (address: string) => [{ name: 'eth0', addresses: [address] }];
  world.add({ name: 'host', kind: 'host', ports: eth0('10.0.0.1/24'), resolver: { hosts } });
  world.add({ name: 'server', kind: 'host', ports: eth0('10.0.0.2/24'), services: ['echo'] });
  world.add({ name: 'sw', kind: 'switch', ports: [{ name: '1' }, { name: '2' }] });
  world.link('host:eth0', 'sw:1');
  world.link('server:eth0', 'sw:2');
  world.start();
  t.teardown(() => world.stop());
  return world;
}

async function connect(world: World, request: StreamRequest, signal?: AbortSignal): Promise<TcpSocket> {
  const opening = world.machine('host').connect?.(request, signal ?? new AbortController().signal);
  return world.until(opening as Promise<TcpSocket>);
}

async function faultOf(world: World, request: StreamRequest): Promise<object> {
  const error = await connect(world, request).catch((error) => error);
  if (!(error instanceof DialError)) throw error;
  return error.fault;
}

t.test('the first address that answers', async (t) => {
  const world = lan(t, { server: ['10.0.0.2'], refused: ['10.0.0.2', '10.0.0.1'], either: ['10.0.0.66', '10.0.0.2'] });
  t.match(await connect(world, { host: 'server', port: 7 }), { remoteAddress: '10.0.0.2', remotePort: 7 });
  const since = world.now;
  t.match(await connect(world, { host: 'either', port: 7 }), { remoteAddress: '10.0.0.2' });
  t.ok(world.now - since < 4000, 'after ARP has given up on the first one, which takes 3 s');
  t.match(await faultOf(world, { host: 'refused', port: 80 }), {
    code: 'ECONNREFUSED',
    address: '10.0.0.1',
    stage: 'tcp',
  });
});

t.test('a silent address leaves its share of the time to those behind it', async (t) => {
  const world = lan(t, { either: ['10.0.0.66', '10.0.0.2'] });
  const since = world.now;
  t.match(await connect(world, { host: 'either', port: 7, timeoutMs: 1000 }), { remoteAddress: '10.0.0.2' });
  t.ok(Math.abs(world.now - since - 500) < 10, `after ${world.now - since} ms`);
});

t.test('why there is no connection', async (t) => {
  const world = lan(t, {});
  t.match(await faultOf(world, { host: '10.0.0.2', port: 81 }), {
    code: 'ECONNREFUSED',
    message: 'connect ECONNREFUSED 10.0.0.2:81',
    stage: 'tcp',
  });
  t.match(await faultOf(world, { host: '10.0.0.66', port: 80 }), { code: 'EHOSTUNREACH', stage: 'arp' });
  t.match(await faultOf(world, { host: '192.0.2.1', port: 80 }), { code: 'ENETUNREACH', stage: 'routing' });
  t.match(await faultOf(world, { host: 'www.server.com', port: 80 }), {
    code: 'EAI_AGAIN',
    message: 'getaddrinfo EAI_AGAIN www.server.com: no name server is known',
    stage: 'dns',
  });
  t.match(await faultOf(world, { host: '..', port: 80 }), { code: 'ENOTFOUND', stage: 'dns' });
  t.match(await faultOf(world, { host: '2001:db8::1', port: 80 }), { code: 'EAFNOSUPPORT', stage: 'routing' });
});

t.test('who does not wait leaves nothing behind', async (t) => {
  const world = lan(t, {});
  const impatience = new AbortController();
  const opening = connect(world, { host: '10.0.0.66', port: 80 }, impatience.signal);
  impatience.abort(new Error('no patience'));
  await t.rejects(opening, { message: 'no patience' });
  await t.rejects(connect(world, { host: '10.0.0.2', port: 7 }, impatience.signal), { message: 'no patience' });
  const sockets = world.machine('host').inspect('sockets');
  t.same(sockets, []);
});

t.test('a host that has no address yet waits for it, as long as there is time', async (t) => {
  const world = new World();
  world.add({ name: 'host', kind: 'host', ports: [{ name: 'eth0', dhcp: true }] });
  world.start();
  t.teardown(() => world.stop());
  t.match(await faultOf(world, { host: '10.0.0.2', port: 7, timeoutMs: 2000 }), { code: 'ETIMEDOUT', stage: 'dhcp' });
  t.equal(world.now, 2000);
});

t.test('switches have no network', (t) => {
  const world = new World();
  const { connect, resolve } = world.add({ name: 'sw', kind: 'switch', ports: [] });
  t.same([connect, resolve], [undefined, undefined]);
  t.end();
});
