/** Much at once: fifty megabytes both ways on one connection, and two hundred connections, all byte-exact. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type net from 'node:net';
import t from 'tap';
import { BACKENDS, portOf } from '../../support/socket-backends.js';

const BYTES = 50e6;
const CHUNK = 1 << 16;
const CONNECTIONS = 200;

const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Writes with respect for back-pressure; resolves with how often it had to wait. */
async function writeAll(socket: net.Socket, bytes: Buffer): Promise<number> {
  let waits = 0;
  for (let at = 0; at < bytes.length; at += CHUNK) {
    if (socket.write(bytes.subarray(at, at + CHUNK))) continue;
    waits += 1;
    await once(socket, 'drain');
  }
  socket.end();
  return waits;
}

async function readAll(socket: net.Socket): Promise<string> {
  const hash = createHash('sha256');
  socket.on('data', (chunk) => hash.update(chunk));
  await once(socket, 'end');
  return hash.digest('hex');
}

for (const open of BACKENDS) {
  const backend = open();
  t.test(`50 MB both ways at once (${backend.name})`, async (t) => {
    const server = backend.server({ allowHalfOpen: true });
    server.listen(0, backend.host);
    await once(server, 'listening');
    const client = backend.connect({ port: portOf(server), host: backend.host, allowHalfOpen: true });
    const [peer] = (await once(server, 'connection')) as [net.Socket];
    const [there, back] = [randomBytes(BYTES), randomBytes(BYTES)];
    const results = await Promise.all([readAll(peer), readAll(client), writeAll(client, there), writeAll(peer, back)]);
    t.strictSame(results.slice(0, 2), [sha(there), sha(back)]);
    t.ok(results[2] > 0 && results[3] > 0, 'both were held back');
    t.strictSame(
      [client.bytesRead, client.bytesWritten, peer.bytesRead, peer.bytesWritten],
      [BYTES, BYTES, BYTES, BYTES],
    );
    server.close();
    await once(server, 'close');
  });

  t.test(`200 connections at once (${backend.name})`, async (t) => {
    const server = backend.server({ allowHalfOpen: true });
    let accepted = 0;
    const allAccepted = new Promise<void>((resolve) => {
      server.on('connection', (peer) => {
        peer.pipe(peer);
        accepted += 1;
        if (accepted === CONNECTIONS) resolve();
      });
    });
    server.listen(0, backend.host);
    await once(server, 'listening');
    const clients = Array.from({ length: CONNECTIONS }, () =>
      backend.connect({ port: portOf(server), host: backend.host }),
    );
    await Promise.all([allAccepted, ...clients.map((client) => once(client, 'connect'))]);
    t.equal(new Set(clients.map(({ localPort }) => localPort)).size, CONNECTIONS);
    const connections = await new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
    t.equal(connections, CONNECTIONS);
    const bytes = clients.map((_, n) => randomBytes(n * 777));
    for (const [n, client] of clients.entries()) client.end(bytes[n]);
    t.strictSame(await Promise.all(clients.map(readAll)), bytes.map(sha));
    server.close();
    await once(server, 'close');
    backend.close();
  });
}
