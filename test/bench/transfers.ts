/** Transfers inside this process, on a manual clock: what the protocols cost without the operating system. */
import { crc32 } from 'node:zlib';
import { NEVER, Timers } from '../../devices/stack/clock.js';
import { Port } from '../../devices/stack/link/port.js';
import { Random } from '../../devices/stack/random.js';
import { Stack } from '../../devices/stack/stack.js';
import type { Connection } from '../../devices/stack/tcp/connection.js';
import { World } from '../support/world.js';
import { ownCpuMs, patternBytes } from './measure.js';
import type { Row } from './results.js';

const STACK_BYTES = 24e6;
const WARM_UP_BYTES = 4e6;
const WORLD_BYTES = 10e6;
const WORLD_HOPS = 8;
const LATENCY_MS = 0.1;
const SERVER_ADDRESS = 0x0a000002;

export async function measureTransfers(): Promise<Row[]> {
  // What is compiled by then is what a long transfer runs on.
  transferBetweenStacks(WARM_UP_BYTES);
  const stacks = transferBetweenStacks(STACK_BYTES);
  const hops = await transferThroughWorld();
  const perHop = hops * WORLD_HOPS;
  return [
    { what: 'TCP between two stacks', value: stacks, unit: 'MB/s of CPU' },
    { what: `page of 10 MB over ${WORLD_HOPS} hops in a world`, value: hops, unit: 'MB/s of CPU' },
    { what: 'the same, a hop', value: perHop, unit: 'MB/s of CPU', ratio: perHop / stacks, of: 'two stacks' },
  ];
}

/** Returns MB (10^6 bytes) per second of CPU time. */
function transferBetweenStacks(bytes: number): number {
  const wire: { to: Stack; packet: Uint8Array; at: number }[] = [];
  let now = 0;
  const make = (name: string, address: number, mac: number): Stack => {
    const timers = new Timers();
    const random = new Random(name);
    const port = new Port({ name: 'eth0', random, timers, crc32 });
    return new Stack({
      name,
      nics: [{ port, mac, addresses: [{ address, prefixLength: 24 }] }],
      forwarding: false,
      random,
      timers,
    });
  };
  const client = make('client', 0x0a000001, 0x020000000001);
  const server = make('server', SERVER_ADDRESS, 0x020000000002);
  for (const [from, to] of [
    [client, server],
    [server, client],
  ]) {
    from.nics[0].port.transmit = (packet) => wire.push({ to, packet, at: now + LATENCY_MS });
  }

  const chunk = patternBytes(65536);
  let toSend = bytes;
  let received = 0;
  server.tcp.listen({ address: 0, port: 80 }).onConnection = (connection) => {
    const fill = () => {
      for (;;) {
        const accepted = connection.send(chunk.subarray(0, Math.min(chunk.length, toSend)));
        toSend -= accepted;
        if (accepted < chunk.length) break;
      }
      if (toSend === 0) connection.shutdown();
    };
    connection.handler = { ...silentHandler, onWritable: fill };
    fill();
  };
  client.perform(now, () => {
    const connection: Connection = client.tcp.connect({ remote: { address: SERVER_ADDRESS, port: 80 } });
    const onReadable = () => {
      for (let got = connection.read(); got !== undefined; got = connection.read()) received += got.length;
    };
    connection.handler = { ...silentHandler, onReadable };
  });

  const before = ownCpuMs();
  for (let sent = 0; received < bytes; ) {
    if (sent < wire.length) {
      const { to, packet, at } = wire[sent++];
      now = Math.max(now, at);
      to.receive(to.nics[0], packet, now);
      // A program of its own would do this; the array must neither grow for ever nor be shifted.
      if (sent === 1024) {
        wire.splice(0, sent);
        sent = 0;
      }
    } else {
      const next = Math.min(client.nextTimeoutAt(), server.nextTimeoutAt());
      if (next === NEVER) throw new Error(`the transfer stands still at ${received} bytes`);
      now = Math.max(now, next);
    }
    for (const stack of [client, server]) if (stack.nextTimeoutAt() <= now) stack.advance(now);
  }
  return bytes / 1000 / (ownCpuMs() - before);
}

const silentHandler = {
  onEstablished: () => {},
  onReadable: () => {},
  onEnd: () => {},
  onWritable: () => {},
  onClosed: () => {},
};

/** A browser's load through seven routers in a world of machines, all of it. */
async function transferThroughWorld(): Promise<number> {
  const world = new World({ seed: 'bench' });
  world.keepFrames = false;
  world.memory.put('/srv/bulk.bin', patternBytes(WORLD_BYTES));
  const network = (hop: number, end: number) => `10.0.${hop}.${end}`;
  world.add({
    name: 'client',
    kind: 'host',
    ports: [{ name: 'eth0', addresses: [`${network(1, 1)}/24`] }],
    routes: [{ destination: '0.0.0.0/0', gateway: network(1, 2) }],
  });
  for (let hop = 1; hop < WORLD_HOPS; hop++) {
    world.add({
      name: `r${hop}`,
      kind: 'router',
      ports: [
        { name: 'eth0', addresses: [`${network(hop, 2)}/24`] },
        { name: 'eth1', addresses: [`${network(hop + 1, 1)}/24`] },
      ],
      routes: [
        ...(hop > 1 ? [{ destination: `${network(1, 0)}/24`, gateway: network(hop, 1) }] : []),
        ...(hop < WORLD_HOPS - 1 ? [{ destination: '0.0.0.0/0', gateway: network(hop + 1, 2) }] : []),
      ],
    });
    world.link(hop === 1 ? 'client:eth0' : `r${hop - 1}:eth1`, `r${hop}:eth0`, { delayMs: LATENCY_MS });
  }
  world.add({
    name: 'server',
    kind: 'host',
    ports: [{ name: 'eth0', addresses: [`${network(WORLD_HOPS, 2)}/24`] }],
    routes: [{ destination: '0.0.0.0/0', gateway: network(WORLD_HOPS, 1) }],
    web: { sites: [{ names: ['server'], root: '/srv' }] },
  });
  world.link(`r${WORLD_HOPS - 1}:eth1`, 'server:eth0', { delayMs: LATENCY_MS });
  world.start();
  const before = ownCpuMs();
  const result = await world.fetch('client', { url: `http://${network(WORLD_HOPS, 2)}/bulk.bin`, subresources: false });
  const elapsed = ownCpuMs() - before;
  const bytes = result.resources[0]?.bytes;
  if (bytes !== WORLD_BYTES) throw new Error(`the page came with ${bytes} bytes: ${result.error?.message}`);
  await world.stop();
  return WORLD_BYTES / 1000 / elapsed;
}
