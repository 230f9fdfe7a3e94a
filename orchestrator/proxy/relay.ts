/** Two connections become one: bytes, ends and breaks of each are those of the other. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** For a client that is sent away to take the reason why, and to hang up. */
const LINGER_MS = 5_000;

/** A connection on the emulated network; `local` is its end there, `192.0.2.1:40000`. */
export type EmulatedConnection = Duplex & { readonly local: string };

/** Opens a connection of the emulated host. Rejects with ConnectError when there is none, or with the signal's reason. */
export type Dial = (host: string, port: number, signal: AbortSignal) => Promise<EmulatedConnection>;

/**
 * Joins a client's socket, which must allow half-open connections, and the stream of an emulated connection. Each side is
 * read as fast as the other one takes it. Resolves when both are closed.
 */
export async function relay(client: Socket, stream: Duplex): Promise<void> {
  const closed = Promise.all([whenClosed(client), whenClosed(stream)]);
  client.pipe(stream);
  stream.pipe(client);
  // Whoever breaks off has the other one hear the same: a reset.
  client.on('error', () => stream.destroy());
  stream.on('error', () => client.resetAndDestroy());
  client.on('close', () => stream.destroy());
  stream.on('close', () => {
    if (client.writableEnded) client.destroySoon();
    else client.resetAndDestroy();
  });
  if (client.destroyed) stream.destroy();
  if (stream.destroyed) client.resetAndDestroy();
  await closed;
}

/** Says the last words. Who then does not hang up, or does not even take them, is cut off. */
export function dismiss(client: Socket, lastWords?: Uint8Array): void {
  if (lastWords === undefined) client.end();
  else client.end(lastWords);
  // Closed with bytes unread, the connection would be reset, and the words lost.
  client.resume();
  const limit = setTimeout(() => client.destroy(), LINGER_MS).unref();
  client.once('end', () => client.destroySoon());
  client.once('close', () => clearTimeout(limit));
}

function whenClosed(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) resolve();
    else stream.once('close', () => resolve());
  });
}

/** Aborts when the client hangs up before its connection is there. */
export function hangUp(client: Socket): AbortSignal {
  const controller = new AbortController();
  const abort = () => controller.abort(new Error('the client has gone'));
  client.once('close', abort);
  if (client.destroyed) abort();
  return controller.signal;
}
