/** A server that does what the test says with each connection, and a browser that meets it, on one cable. */
import { createServer, type RequestListener } from 'node:http';
import { createSecureServer, type SecureServerOptions } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { SecureVersion } from 'node:tls';
import { StackMachine } from '../../../../devices/apps/kinds/stack-machine.js';
import type { FetchRequest } from '../../../../devices/control/rpc.js';
import type { TcpSocket } from '../../../../devices/net/tcp-socket.js';
import type { TraceEvent } from '../../../../devices/stack/trace.js';
import { CERTIFICATE, PRIVATE_KEY } from '../../../support/self-signed.js';
import { World } from '../../../support/world.js';

/** All of one machine. */
export const NAMES = ['www.server.com', 'img.server.com', 'ads.other.com', 'server.com'];
export const ADDRESS = '10.0.0.2';

export interface Stage {
  readonly world: World;
  /** The server's ends of its connections, as they came. */
  readonly sockets: readonly TcpSocket[];
  /** On the server's clock. */
  sleep(ms: number): Promise<void>;
  fetch(request?: string | Partial<FetchRequest>): ReturnType<World['fetch']>;
  traced<E extends TraceEvent['event']>(event: E): (TraceEvent & { event: E; device: string })[];
}

export interface StageOptions {
  readonly seed?: string;
  readonly authorities?: readonly string[];
  readonly port?: number;
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  /** Of the cable, one way; default 2. */
  readonly delayMs?: number;
  /** Of the cable; default without limit. */
  readonly rateBps?: number;
}

/** Default of `fetch`: the page at the server's address. */
export function ownServer(serve: (socket: TcpSocket) => void, options: StageOptions = {}): Stage {
  const { seed = 'own server', authorities, port = 80, hosts = {}, rateBps, delayMs = 2 } = options;
  const world = new World({ seed });
  const names = Object.fromEntries(NAMES.map((name) => [name, [ADDRESS]]));
  const eth0 = (address: string) => [{ name: 'eth0', addresses: [`${address}/24`] }];
  world.add({
    name: 'client',
    kind: 'host',
    ports: eth0('10.0.0.1'),
    resolver: { hosts: { ...names, ...hosts } },
    authorities,
  });
  const server = world.add({ name: 'server', kind: 'host', ports: eth0(ADDRESS) });
  world.link('client:eth0', 'server:eth0', { delayMs, ...(rateBps && { impairment: { rateBps } }) });
  world.start();
  if (!(server instanceof StackMachine)) throw new Error('a host has a stack');
  const sockets: TcpSocket[] = [];
  const listener = server.network.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
    serve(socket);
  });
  listener.listen({ port });
  const fetch = (request: string | Partial<FetchRequest> = {}) =>
    world.fetch('client', {
      url: `${port === 443 ? 'https' : 'http'}://${ADDRESS}/`,
      ...(typeof request === 'string' ? { url: request } : request),
    });
  const traced = <E extends TraceEvent['event']>(event: E) =>
    world.traced.filter((one): one is (typeof world.traced)[number] & { event: E } => one.event === event);
  return { world, sockets, fetch, traced, sleep: (ms) => server.network.sleep(ms) };
}

/** With Node's own parser. Its timeouts look at the real clock: they are off. */
export function httpServer(handle: RequestListener, options: StageOptions = {}): Stage {
  const server = createServer({ requestTimeout: 0, headersTimeout: 0 }, handle);
  server.keepAliveTimeout = 0;
  return ownServer((socket) => server.emit('connection', socket), options);
}

/** HTTPS with HTTP/1.1 alone, by default over TLS 1.2. */
export function oldSecureServer(handle: RequestListener, maxVersion: SecureVersion = 'TLSv1.2'): Stage {
  const server = createHttpsServer({ cert: CERTIFICATE, key: PRIVATE_KEY, maxVersion }, handle);
  server.requestTimeout = server.headersTimeout = server.keepAliveTimeout = 0;
  return ownServer((socket) => server.emit('connection', socket), { authorities: [CERTIFICATE], port: 443 });
}

/** HTTPS, HTTP/2 for those who know it. */
export function secureServer(
  handle: RequestListener,
  options: StageOptions & { tls?: SecureServerOptions } = {},
): Stage {
  const credentials = { cert: CERTIFICATE, key: PRIVATE_KEY, allowHTTP1: true, ...options.tls };
  const server = createSecureServer(credentials, handle as never);
  server.on('sessionError', () => {});
  server.on('tlsClientError', () => {});
  return ownServer((socket) => server.emit('connection', socket), {
    authorities: [CERTIFICATE],
    ...options,
    port: 443,
  });
}
