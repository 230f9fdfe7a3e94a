/** Servers: what they tell and when, how many they take, and how they close. */
import { once } from 'node:events';
import type net from 'node:net';
import { type Stage, sameStory } from '../../support/parity-stage.js';
import { portOf } from '../../support/socket-backends.js';

/** `count` sockets of a server, the i-th called `client i` and `peer i`. */
async function crowd(stage: Stage, server: net.Server, count: number): Promise<[net.Socket, net.Socket][]> {
  const pairs: [net.Socket, net.Socket][] = [];
  for (let n = 1; n <= count; n++) pairs.push(await stage.join(server, {}, [`client ${n}`, `peer ${n}`]));
  return pairs;
}

async function count(stage: Stage, server: net.Server): Promise<void> {
  const [error, connections] = await new Promise<[Error | null, number]>((resolve) =>
    server.getConnections((...answer) => resolve(answer)),
  );
  stage.note('server', `connections: ${error} ${connections}`);
}

await sameStory('closing with live connections', async (stage) => {
  const server = await stage.listen();
  const pairs = await crowd(stage, server, 3);
  await count(stage, server);
  server.close(stage.told('server', 'close'));
  stage.note('server', `listening ${server.listening}, ${JSON.stringify(server.address())}`);
  server.close(stage.told('server', 'second close'));
  await stage.roundTrip();
  for (const [client, peer] of pairs) {
    peer.resume();
    client.destroy();
    await stage.roundTrip();
    await count(stage, server);
  }
});

await sameStory('closing without connections', async (stage) => {
  const server = await stage.listen();
  server.close(stage.told('server', 'close'));
  stage.note('server', 'called');
  process.nextTick(() => stage.note('server', 'a tick later'));
});

await sameStory('closing before it listens', async (stage) => {
  const server = stage.server();
  server.close(stage.told('server', 'close'));
  stage.note('server', `listening ${server.listening}`);
});

await sameStory('listening again after it closed', async (stage) => {
  const server = await stage.listen();
  server.close();
  await once(server, 'close');
  server.listen({ port: 0, host: stage.host });
  await once(server, 'listening');
  stage.nameport(portOf(server), 'NEW PORT');
  const [client] = await stage.join(server);
  client.destroy();
});

await sameStory(
  'connections beyond the maximum',
  async (stage) => {
    const server = await stage.listen();
    server.maxConnections = 2;
    const [[first]] = await crowd(stage, server, 2);
    const third = stage.connect(server, {}, 'third').resume();
    await stage.closed(third);
    await count(stage, server);
    const freed = stage.closed(first);
    first.destroy();
    await freed;
    await stage.quiet();
    await crowd(stage, server, 1);
    await count(stage, server);
  },
  { shot: 'third', apart: ['peer 1'] },
);

await sameStory('a listener that throws away what it accepts', async (stage) => {
  const server = await stage.listen();
  server.on('connection', (peer) => peer.destroy());
  const client = stage.connect(server).resume();
  await stage.closed(client);
  await count(stage, server);
});

await sameStory('listening by port, host, backlog and callback', async (stage) => {
  const server = stage.server();
  await new Promise<void>((resolve) => server.listen(0, stage.host, 5, resolve));
  const { family, address } = server.address() as net.AddressInfo;
  stage.note('server', `${family} ${address}`);
  stage.tries('server', 'ref', () => server.ref().unref().ref() === server);
});

await sameStory('a signal closes it', async (stage) => {
  const abort = new AbortController();
  const server = stage.server();
  server.listen({ port: 0, host: stage.host, signal: abort.signal });
  await once(server, 'listening');
  stage.nameport(portOf(server), 'PORT');
  await crowd(stage, server, 1);
  abort.abort();
  await stage.roundTrip();
  stage.note('server', `listening ${server.listening}`);
});

await sameStory(
  'connections accepted while it closes',
  async (stage) => {
    const server = await stage.listen();
    const client = stage.connect(server);
    client.on('connect', () => server.close(stage.told('server', 'close')));
    client.resume();
    await once(server, 'connection');
    await stage.roundTrip();
    client.destroy();
    await stage.roundTrip();
  },
  { apart: ['client'] },
);

await sameStory('the options of a server are those of its sockets', async (stage) => {
  const server = await stage.listen({
    allowHalfOpen: true,
    pauseOnConnect: true,
    highWaterMark: 77,
    noDelay: true,
    keepAlive: true,
  });
  const [, peer] = await stage.join(server);
  stage.note(
    'peer',
    `${peer.allowHalfOpen} ${peer.isPaused()} ${peer.readableHighWaterMark} ${peer.writableHighWaterMark}`,
  );
});

await sameStory(
  'many come and go at once',
  async (stage) => {
    const server = await stage.listen();
    let accepted = 0;
    server.on('connection', (peer) => {
      accepted += 1;
      peer.end(`number ${accepted}`);
      peer.resume();
    });
    const clients = Array.from({ length: 20 }, (_, n) => stage.connect(server, {}, `client ${n}`).resume());
    await Promise.all(clients.map((client) => stage.closed(client)));
    await stage.roundTrip();
    await count(stage, server);
  },
  { withoutSizes: true, dataAnywhere: true },
);
