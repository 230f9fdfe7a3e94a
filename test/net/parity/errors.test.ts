/** What goes wrong, when it is told, and in which words: code, system call, address, port, message. */
import { once } from 'node:events';
import type net from 'node:net';
import { sameStory } from '../../support/parity-stage.js';
import { portOf } from '../../support/socket-backends.js';

await sameStory('nobody listens', async (stage) => {
  const server = await stage.listen();
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  const client = stage.socket();
  client.connect({ port, host: stage.host }, () => stage.note('client', 'never called'));
  client.write('lost', stage.told('client', 'first write'));
  client.write('lost', stage.told('client', 'second write'));
  client.end(stage.told('client', 'end'));
  await stage.closed(client);
});

await sameStory('port 0', async (stage) => {
  const client = stage.socket().connect({ port: 0, host: stage.host });
  await stage.closed(client);
});

await sameStory('a local address of somebody else', async (stage) => {
  const client = stage.socket();
  client.connect({ port: 80, host: stage.host, localAddress: '192.0.2.77' });
  client.write('lost', stage.told('client', 'write'));
  await stage.closed(client);
});

await sameStory('a local port that is taken', async (stage) => {
  const server = await stage.listen();
  const [client] = await stage.join(server);
  const { localAddress, localPort } = client;
  stage.nameport(localPort, 'TAKEN');
  const second = stage.socket({}, 'second');
  second.connect({ port: portOf(server), host: stage.host, localAddress, localPort });
  await stage.closed(second);
});

await sameStory('listening on a port that is taken, then on a free one', async (stage) => {
  const first = await stage.listen();
  const second = stage.server({}, 'second');
  second.listen({ port: portOf(first), host: stage.host }, () => stage.note('second', 'listener called'));
  await once(second, 'error');
  stage.note('second', `${second.listening} ${JSON.stringify(second.address())}`);
  second.listen({ port: 0, host: stage.host });
  await once(second, 'listening');
});

await sameStory('listening on an address of somebody else', async (stage) => {
  const server = stage.server();
  server.listen({ port: 80, host: '192.0.2.77' });
  await once(server, 'error');
});

const BAD_PORTS = [
  -1,
  65536,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  '',
  ' ',
  'http',
  '-1',
  '65536',
  '0x50',
  '1e3',
  null,
  {},
  [],
  true,
];

await sameStory('ports that are none', (stage) => {
  for (const port of BAD_PORTS) {
    const shown = `${typeof port} ${JSON.stringify(port)}`;
    const connecting = (options: object) => () =>
      stage.unseen((socket) => socket.connect(options as net.SocketConnectOpts));
    stage.tries('client', `connect to ${shown}`, connecting({ port, host: stage.host }));
    // Node takes any number for a local port, and the lower 16 bits of it.
    if (typeof port !== 'number') {
      stage.tries('client', `connect from ${shown}`, connecting({ port: 9, host: stage.host, localPort: port }));
    }
    if (typeof port !== 'number' && typeof port !== 'string') continue;
    stage.tries('server', `listen on ${shown}`, () => {
      const server = stage.backend.server();
      server.listen({ port: port as number, host: stage.host });
      server.close();
    });
  }
});

await sameStory('options that are none', (stage) => {
  const { host } = stage;
  const tries = (what: string, options: object) =>
    stage.tries('client', what, () => stage.unseen((socket) => socket.connect(options as net.SocketConnectOpts)));
  tries('no options', {});
  tries('a local address that is none', { port: 9, host, localAddress: 'x' });
  tries('an empty local address', { port: 9, host, localAddress: '' });
  tries('a host that is a number', { port: 9, host: 7 });
  tries('a lookup that is none', { port: 9, host: 'name', lookup: 7 });
  for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY, '5', null, undefined]) {
    stage.tries('client', `setTimeout(${ms})`, () => stage.unseen((socket) => socket.setTimeout(ms as number)));
  }
  const noFunction = 7 as unknown as () => void;
  stage.tries('client', 'a callback that is none', () => stage.unseen((socket) => socket.setTimeout(5, noFunction)));
});

await sameStory('what cannot be written', async (stage) => {
  const server = await stage.listen();
  const [client] = await stage.join(server);
  for (const value of [null, undefined, 7, {}, true]) {
    stage.tries('client', `write(${value})`, () => client.write(value as unknown as string));
  }
  stage.tries('client', 'write in an unknown encoding', () => client.write('x', 'klingon' as 'utf8'));
  stage.tries('client', 'write of an array of bytes', () => client.write(new Uint8Array([1, 2, 3])));
  client.end();
});

await sameStory('writing after the end', async (stage) => {
  const server = await stage.listen({ allowHalfOpen: true });
  const [client] = await stage.join(server, { allowHalfOpen: true });
  client.end('the end', stage.told('client', 'end'));
  client.write('too late', stage.told('client', 'write'));
  client.end(stage.told('client', 'second end'));
  await stage.closed(client);
});

await sameStory('ending twice', async (stage) => {
  const server = await stage.listen({ allowHalfOpen: true });
  const [client] = await stage.join(server, { allowHalfOpen: true });
  client.end('the end', stage.told('client', 'end'));
  client.end(stage.told('client', 'second end'));
  await once(client, 'finish');
  client.end(stage.told('client', 'third end'));
  client.write('too late', stage.told('client', 'write'));
});

await sameStory('using what is destroyed', async (stage) => {
  const server = await stage.listen();
  const [client] = await stage.join(server);
  client.destroy();
  client.write('x', stage.told('client', 'write'));
  client.end(stage.told('client', 'end'));
  await stage.closed(client);
  client.write('x', stage.told('client', 'write after close'));
  client.end('x', stage.told('client', 'end after close'));
  stage.tries('client', 'setTimeout', () => client.setTimeout(5) === client);
  stage.tries('client', 'setNoDelay', () => client.setNoDelay() === client);
  stage.tries('client', 'setKeepAlive', () => client.setKeepAlive() === client);
  stage.tries('client', 'ref', () => client.ref().unref() === client);
  stage.tries('client', 'pause', () => client.pause() === client);
  stage.tries('client', 'resume', () => client.resume() === client);
  stage.tries('client', 'read', () => client.read());
  stage.tries('client', 'cork', () => client.cork());
  stage.tries('client', 'address', () => JSON.stringify(client.address()));
});

await sameStory('the peer has ended, a moment later somebody writes', async (stage) => {
  const server = await stage.listen();
  server.on('connection', (peer) => peer.end('all there is'));
  const [client] = await stage.join(server);
  client.on('end', () => {
    stage.note('client', `at the end: ${client.readyState} ${client.writable}`);
    client.write('in time?', stage.told('client', 'write at the end'));
    process.nextTick(() => {
      process.nextTick(() => {
        stage.tries('client', 'late write', () => client.write('too late', stage.told('client', 'late write')));
      });
    });
  });
  client.resume();
  await stage.closed(client);
});

await sameStory('a server that is not there', async (stage) => {
  const server = stage.server();
  stage.note('server', `${server.listening} ${JSON.stringify(server.address())}`);
  await new Promise<void>((resolve) => {
    server.close((error) => {
      stage.told('server', 'close')(error);
      resolve();
    });
  });
  server.listen({ port: 0, host: stage.host });
  await once(server, 'listening');
  stage.tries('server', 'listen again', () => server.listen({ port: 0, host: stage.host }));
});

await sameStory('an error without a listener is thrown', async (stage) => {
  const server = await stage.listen();
  const [client] = await stage.join(server);
  client.removeAllListeners('error');
  const uncaught = new Promise<Error>((resolve) => {
    const [before] = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => {
      if (before !== undefined) process.on('uncaughtException', before);
      resolve(error);
    });
  });
  client.destroy(new Error('nobody listens'));
  stage.told('client', 'uncaught')(await uncaught);
});
