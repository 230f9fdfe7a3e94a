/** Asks a bookshop's server by hand: bytes on a connection, HTTP/1.1 inside TLS, HTTP/2. */
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import type { StackMachine } from '../../../../devices/apps/kinds/stack-machine.js';
import type { TcpSocket } from '../../../../devices/net/tcp-socket.js';
import { type Bookshop, SERVER } from '../bookshop.js';

export const CLOSE = 'Connection: close\r\n\r\n';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function connectTo(shop: Bookshop, port: number): TcpSocket {
  return (shop.world.machine('client') as StackMachine).network.connect({ host: SERVER, port });
}

/** Everything that comes until the other side closes, as latin1. */
export function whole(socket: Duplex): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      received += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(received));
  });
}

/** Writes the text as it is on a connection of its own, and reads until the server closes. */
export async function raw(shop: Bookshop, text: string | Buffer, port = 80): Promise<string> {
  const socket = connectTo(shop, port);
  const closed = whole(socket);
  socket.write(text);
  return shop.world.until(closed);
}

export async function ask(shop: Bookshop, text: string): Promise<Answer> {
  return parseAnswer(await raw(shop, text));
}

export function parseAnswer(text: string): Answer {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine, ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => line.split(/: (.*)/s, 2) as [string, string]));
  return { status: Number(statusLine.split(' ')[1]), headers, body: text.slice(end + 4) };
}

/** A TLS connection whose handshake is done; rejects with what went wrong. */
export async function secure(shop: Bookshop, options: ConnectionOptions, port = 443): Promise<TLSSocket> {
  const socket = connectTls({ ...options, socket: connectTo(shop, port) });
  await shop.world.until(
    new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', () => resolve());
      socket.once('error', reject);
    }),
  );
  return socket;
}

/** HTTP/2 on a TLS connection that has agreed on it. */
export function http2On(socket: TLSSocket, name = 'www.server.com'): ClientHttp2Session {
  const session = connectHttp2(`https://${name}`, { createConnection: () => socket });
  session.on('error', () => {});
  return session;
}

export interface Http2Answer {
  readonly headers: IncomingHttpHeaders & { ':status'?: number };
  readonly body: string;
}

/** To be awaited by the world's `until`. */
export function ask2(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: string): Promise<Http2Answer> {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return new Promise<Http2Answer>((resolve, reject) => {
    let received = '';
    let head: Http2Answer['headers'] = {};
    stream.setEncoding('latin1');
    stream.on('response', (got) => {
      head = got;
    });
    stream.on('data', (chunk) => {
      received += chunk;
    });
    stream.on('end', () => resolve({ headers: head, body: received }));
    stream.on('error', reject);
  });
}
