/**
 * One device in a working internet is pelted with damaged frames: with those that it hears in its daily life, repeated,
 * cut, changed, and sent to its wrong ports. It lives on, its memory stays flat, its tables keep their bounds, and in
 * the end pages load through it as before.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { crc32 } from 'node:zlib';
import { StackMachine } from '../../devices/apps/kinds/stack-machine.js';
import type { TableName } from '../../devices/control/tables.js';
import type { TcpSocket } from '../../devices/net/tcp-socket.js';
import { Random } from '../../devices/stack/random.js';
import { smallInternet } from '../apps/kinds/small-internet.js';
import type { World } from '../support/world.js';
import { mutate } from './mutations.js';

const URL = 'http://www.server.com/index.html';

interface Target {
  readonly device: string;
  /** Connections that stay open meanwhile, so that damage meets them in the middle of their lives. */
  readonly connections?: number;
}

const TARGETS: Readonly<Record<string, Target>> = {
  host: { device: 'www' },
  'host with connections': { device: 'www', connections: 8 },
  'dhcp client': { device: 'client' },
  router: { device: 'home-router' },
  'router amid connections': { device: 'core', connections: 8 },
  switch: { device: 'home-switch' },
  hub: { device: 'server-hub' },
  'dns-server': { device: 'isp-dns' },
  'name server': { device: 'ns' },
};

export const FRAME_TARGETS: readonly string[] = Object.keys(TARGETS);

/** Rows that a table may have, whatever comes. */
const MOST_ROWS: Readonly<Record<TableName, number>> = {
  interfaces: 10,
  arp: 1024,
  routes: 20,
  // A backlog of half-open connections for each listener, and what else there is.
  sockets: 4000,
  'dns-cache': 3000,
  zones: 20,
  'http-cache': 1000,
  cookies: 3000,
  dhcp: 1000,
  'mac-table': 8192,
  counters: 400,
  faults: 0,
};
/** Between two looks at the clock, so that timers run and programs go on. */
const BURST = 100;
/** All tables are as full as they get. */
const WARM_UP_SHARE = 0.25;
/** What garbage collection leaves one time and not another. */
const FLAT_BYTES = 6e6;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

async function heapUsed(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}

/** Throws when the device does not stand it. Returns how the memory grew after the warm-up, in bytes. */
export async function pelt(name: string, frames: number): Promise<{ readonly grownBytes: number }> {
  const { device, connections = 0 } = TARGETS[name];
  const world = smallInternet(`pelting ${name}`);
  world.memory.put('/srv/www/index.html', '<title>home</title>');
  world.start();
  await world.configured();
  await loads(world, 'before');
  const sockets = await connect(world, connections);
  await world.exec('client', 'ping -c 2 -s 4000 198.51.100.80');
  await world.exec('client', 'dig @198.51.100.53 www.server.com');
  await world.exec('client', 'dig @198.51.100.53 server.com AXFR');
  const update =
    'server 198.51.100.53\nzone server.com\nprereq yxdomain www.server.com\nadd x.server.com 5 A 10.0.0.1\n';
  await world.exec('client', 'nsupdate', update);
  const random = new Random(name);
  const machine = world.machine(device);
  const heard = world.frames.filter(({ to }) => to.startsWith(`${device}:`)).map(({ packet }) => packet);
  const anybodys = world.frames.map(({ packet }) => packet);
  world.frames.length = 0;
  world.keepFrames = false;
  let warm = 0;
  for (let n = 0; n < frames; n++) {
    const corpus = random.chance(0.9) ? heard : anybodys;
    const port = machine.ports[random.below(machine.ports.length)];
    machine.receive(port, mutate(corpus[random.below(corpus.length)], random, crc32), world.now);
    if (n % BURST === 0) await pause(world, random);
    if (n === Math.floor(frames * WARM_UP_SHARE)) warm = await heapUsed();
  }
  checkTables(world, device);
  const grownBytes = (await heapUsed()) - warm;
  if (grownBytes > FLAT_BYTES) throw new Error(`${name}: the memory grew by ${grownBytes} bytes`);
  for (const socket of sockets) socket.destroy();
  // What was learned wrongly ages.
  await world.runFor(1_200_000);
  await loads(world, 'afterwards');
  await world.stop();
  return { grownBytes };
}

async function pause(world: World, random: Random): Promise<void> {
  await world.runFor(random.below(400));
  // The tester's own notes are not the device's memory.
  world.traced.length = 0;
  world.logged.length = 0;
}

async function loads(world: World, when: string): Promise<void> {
  const { ok, error } = await world.fetch('client', { url: URL });
  if (!ok) throw new Error(`the page does not load ${when}: ${error?.message}`);
}

/** Open and in use: a request that is never finished. */
async function connect(world: World, count: number): Promise<TcpSocket[]> {
  const client = world.machine('client');
  if (!(client instanceof StackMachine)) throw new Error('the client has no sockets');
  const sockets = Array.from({ length: count }, () => client.network.connect({ host: '198.51.100.80', port: 80 }));
  for (const socket of sockets) {
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nX: ');
    await world.run(() => !socket.connecting);
  }
  await world.runFor(1_000);
  return sockets;
}

function checkTables(world: World, device: string): void {
  const machine = world.machine(device);
  for (const table of machine.tables) {
    const rows = machine.inspect(table).length;
    if (rows > MOST_ROWS[table]) throw new Error(`${device}: ${rows} rows in ${table}`);
  }
}
