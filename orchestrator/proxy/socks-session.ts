/** One client that speaks SOCKS: its handshake, then its connection. */
import type { Socket } from 'node:net';
import type { Credentials } from './credentials.js';
import { type Dial, dismiss, type EmulatedConnection, hangUp, relay } from './relay.js';
import type { SocketReader } from './socket-reader.js';
import {
  type ByteSource,
  formatReply,
  formatVersion4Reply,
  readCredentials,
  readMethods,
  readRequest,
  readVersion4Request,
  replyOf,
  SOCKS_METHOD,
  SOCKS_REPLY,
  type SocksRequest,
} from './socks-messages.js';

export interface SocksOptions {
  readonly dial: Dial;
  /** Wanted of every client when there are any. */
  readonly credentials?: Credentials;
  /** The handshake is done: the client waits for the network now, not we for the client. */
  onRequest(): void;
}

/** Serves a client whose first byte has been read: the version, 5 or 4. Rejects when it does not speak SOCKS. */
export async function serveSocks(
  client: Socket,
  reader: SocketReader,
  version: number,
  options: SocksOptions,
): Promise<void> {
  const request = version === 5 ? await greet(client, reader, options) : await readVersion4Request(reader);
  if (request === undefined) return;
  options.onRequest();
  const answer =
    version === 5
      ? formatReply
      : (reply: number, bound?: string) => formatVersion4Reply(reply === SOCKS_REPLY.succeeded, bound);
  // Version 4 has no passwords.
  if (version === 4 && options.credentials !== undefined) {
    dismiss(client, answer(SOCKS_REPLY.notAllowed));
    return;
  }
  const connected = await open(client, request, options.dial);
  if (typeof connected === 'number') {
    dismiss(client, answer(connected));
    return;
  }
  reader.release();
  client.write(answer(SOCKS_REPLY.succeeded, connected.local));
  await relay(client, connected);
}

/** RFC 1928 section 3, RFC 1929. Undefined when the client was sent away. */
async function greet(
  client: Socket,
  source: ByteSource,
  { credentials }: SocksOptions,
): Promise<SocksRequest | undefined> {
  const wanted = credentials === undefined ? SOCKS_METHOD.none : SOCKS_METHOD.password;
  if (!(await readMethods(source)).includes(wanted)) {
    dismiss(client, Uint8Array.of(5, SOCKS_METHOD.noneAcceptable));
    return undefined;
  }
  client.write(Uint8Array.of(5, wanted));
  if (credentials !== undefined) {
    const { user, password } = await readCredentials(source);
    const known = credentials.match(user, password);
    if (!known) {
      dismiss(client, Uint8Array.of(1, 1));
      return undefined;
    }
    client.write(Uint8Array.of(1, 0));
  }
  return readRequest(source);
}

/** The connection, or the reply that says why there is none. */
async function open(client: Socket, request: SocksRequest, dial: Dial): Promise<EmulatedConnection | number> {
  if (request.kind === 'unsupported') return request.reply;
  // Nobody listens on port 0, which no stream can be opened to either.
  if (request.port === 0) return SOCKS_REPLY.connectionRefused;
  if (request.host === '') return SOCKS_REPLY.hostUnreachable;
  try {
    return await dial(request.host, request.port, hangUp(client));
  } catch (error) {
    return replyOf((error as { code?: string }).code ?? '');
  }
}
