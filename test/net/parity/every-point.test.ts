/**
 * Every way to let go of a socket, at every point of its life, on either side, with and without half-open connections:
 * the whole story of both ends is that of Node's sockets.
 */
import type net from 'node:net';
import { addAbortSignal } from 'node:stream';
import { NODE_VERSION, type Stage, sameStory } from '../../support/parity-stage.js';

/** What a program may do to a socket. */
const ACTS: Readonly<Record<string, (socket: net.Socket, stage: Stage, who: string) => void>> = {
  'destroy()': (socket) => socket.destroy(),
  'destroy(error)': (socket) => socket.destroy(new Error('boom')),
  'destroySoon()': (socket) => socket.destroySoon(),
  'resetAndDestroy()': (socket) => socket.resetAndDestroy(),
  'end()': (socket, stage, who) => socket.end(stage.told(who, 'end callback')),
  'end(text)': (socket, stage, who) => socket.end('the end', stage.told(who, 'end callback')),
  'write(text)': (socket, stage, who) => socket.write('and more', stage.told(who, 'write callback')),
  'abort()': (socket) => {
    const abort = new AbortController();
    addAbortSignal(abort.signal, socket);
    abort.abort();
  },
  'pause()': (socket) => socket.pause(),
  'destroy() and write(text)': (socket, stage, who) => {
    socket.destroy();
    socket.write('too late', stage.told(who, 'write callback'));
  },
  'end() and destroy()': (socket) => socket.end('last words').destroy(),
  'end() and write(text)': (socket, stage, who) => {
    socket.end();
    socket.write('too late', stage.told(who, 'write callback'));
  },
  'write(text) and destroy()': (socket, stage, who) => {
    socket.write('perhaps', stage.told(who, 'write callback'));
    socket.destroy();
  },
  'write(text) and resetAndDestroy()': (socket, stage, who) => {
    socket.write('perhaps', stage.told(who, 'write callback'));
    socket.resetAndDestroy();
  },
};

type Role = 'client' | 'peer';
type Act = (socket: net.Socket) => void;
/** Called at every point that is passed. */
type Passing = (role: Role, point: string, socket: net.Socket) => void;

const CLIENT_POINTS = [
  'before connect()',
  'after connect()',
  'a tick after connect()',
  'connect',
  'ready',
  'written',
  'data',
  'after end()',
  'finish',
  'end',
  'close',
] as const;
const PEER_POINTS = ['connection', 'data', 'written', 'end', 'after end()', 'finish', 'close'] as const;

/** Question and answer, then the end of both, each passing all its points. */
async function conversation(stage: Stage, allowHalfOpen: boolean, passing: Passing): Promise<void> {
  const server = await stage.listen({ allowHalfOpen });
  server.on('connection', (peer) => {
    stage.watch('peer', peer);
    const pass = (point: string) => passing('peer', point, peer);
    peer.on('data', () => {
      pass('data');
      // Whether what follows comes with it or by itself is nobody's promise: it is answered once.
      if (peer.bytesWritten === 0 && peer.writable) peer.write('answer', () => pass('written'));
    });
    peer.on('end', () => {
      pass('end');
      if (allowHalfOpen) peer.end();
      pass('after end()');
    });
    peer.on('finish', () => pass('finish'));
    peer.on('close', () => pass('close'));
    pass('connection');
  });
  const client = stage.socket({ allowHalfOpen });
  const pass = (point: string) => passing('client', point, client);
  pass('before connect()');
  if (client.destroyed || client.writableEnded) return;
  client.on('connect', () => pass('connect'));
  client.on('ready', () => {
    pass('ready');
    if (client.writable) client.write('question', () => pass('written'));
  });
  client.on('data', () => {
    pass('data');
    if (client.writable) client.end();
    pass('after end()');
  });
  client.on('finish', () => pass('finish'));
  client.on('end', () => pass('end'));
  client.on('close', () => pass('close'));
  const { port } = server.address() as net.AddressInfo;
  client.connect({ port, host: stage.host });
  pass('after connect()');
  process.nextTick(() => pass('a tick after connect()'));
}

/** Where the other end is reset although data is under way, or writes to somebody who is gone. */
function shot(role: Role, at: string, name: string): string | undefined {
  const other = role === 'client' ? 'peer' : 'client';
  if (name.includes('resetAndDestroy()')) return other;
  return role === 'peer' && at === 'connection' && /destroy|abort/.test(name) ? other : undefined;
}

async function lettingGo(role: Role, at: string, name: string, allowHalfOpen: boolean): Promise<void> {
  const title = `${name} of the ${role} at '${at}'${allowHalfOpen ? ', half-open allowed' : ''}`;
  // Node cannot reset while it ends: it gives EINVAL, and the socket never closes. Ours resets.
  if (/^resetAndDestroy/.test(name) && at === 'after end()') return;
  // Before Node 22, a socket that ended before it was connected waited for the connection; ours does as later ones.
  if (NODE_VERSION < 22 && at === 'before connect()' && /^(end|destroySoon)/.test(name)) return;
  // The loopback interface connects within the call; a network takes its time.
  const apart =
    role === 'client' && at === 'a tick after connect()' && /destroy|abort|end\(\) and write/.test(name)
      ? ['peer', 'server']
      : [];
  const scenario = async (stage: Stage) => {
    let done = false;
    const act: Act = (socket) => {
      done = true;
      stage.note(role, `--- ${name}`);
      stage.tries(role, name, () => void ACTS[name](socket, stage, role));
    };
    await conversation(stage, allowHalfOpen, (who, point, socket) => {
      if (!done && who === role && point === at) act(socket);
    });
  };
  await sameStory(title, scenario, { shot: shot(role, at, name), apart, dataAnywhere: name === 'write(text)' });
}

for (const allowHalfOpen of [false, true]) {
  for (const name of Object.keys(ACTS)) {
    for (const point of CLIENT_POINTS) await lettingGo('client', point, name, allowHalfOpen);
    for (const point of PEER_POINTS) await lettingGo('peer', point, name, allowHalfOpen);
  }
}
