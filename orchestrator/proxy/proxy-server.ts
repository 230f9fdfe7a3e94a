/**
 * One port that speaks SOCKS 5, SOCKS 4a and HTTP, told apart by a client's first byte; every connection that it is asked
 * for is one of an emulated host.
 *
 * Whoever can reach the port can use the emulated network: that is any local user on loopback, which is why other addresses
 * want a password. A web page in somebody's browser cannot: a request to this port as to a web server (origin form, also
 * by DNS rebinding) is never forwarded, and a page can send neither absolute-form, nor CONNECT, nor SOCKS.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Credentials } from './credentials.js';
import { answerFailure, PROXY_NAME, type ProxyFailure } from './failure.js';
import { refuseTunnel, tunnel } from './http-connect.js';
import { forward, type Upstreams } from './http-forward.js';
import { listenOn } from './listen-on.js';
import type { Dial } from './relay.js';
import { SocketReader } from './socket-reader.js';
import { serveSocks } from './socks-session.js';
import { Upstream } from './upstream.js';

export interface ProxyOptions {
  readonly dial: Dial;
  readonly credentials?: Credentials;
  /** For a client to say what it wants; default 30,000 ms. */
  readonly handshakeLimitMs?: number;
  /** Clients at once; more are closed at once. Default {@link MAX_CLIENTS}. */
  readonly maxClients?: number;
}

export const MAX_CLIENTS = 1024;
export const MAX_HEADER_BYTES = 64 * 1024;
export const HANDSHAKE_LIMIT_MS = 30_000;
const IDLE_LIMIT_MS = 60_000;

const UNAUTHORIZED: ProxyFailure = {
  status: 407,
  message: 'This proxy wants a user name and a password.',
  headers: { 'Proxy-Authenticate': `Basic realm="${PROXY_NAME}", charset="UTF-8"` },
};

export class ProxyServer {
  private readonly options: ProxyOptions;
  private readonly server: Server;
  private readonly clients = new Set<Socket>();
  private readonly upstreams: Upstreams;

  constructor(options: ProxyOptions) {
    this.options = options;
    this.upstreams = { kept: new Upstream(options.dial, true), fresh: new Upstream(options.dial, false) };
    this.server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      keepAliveTimeout: IDLE_LIMIT_MS,
      headersTimeout: options.handshakeLimitMs ?? HANDSHAKE_LIMIT_MS,
      // An upload may take its time.
      requestTimeout: 0,
      connectionsCheckingInterval: 1000,
    });
    this.server.maxConnections = options.maxClients ?? MAX_CLIENTS;
    // Node's HTTP gets the clients that are left when SOCKS has had a look.
    const [serveHttp] = this.server.listeners('connection') as ((socket: Socket) => void)[];
    this.server.removeAllListeners('connection');
    this.server.on('connection', (client: Socket) => void this.accept(client, serveHttp));
    this.server.on('request', (request, response) => this.forward(request, response));
    // The client waits with its body until the server, not we, wants it: RFC 9110 section 10.1.1.
    this.server.on('checkContinue', (request, response) => this.forward(request, response));
    this.server.on('connect', (request, client, head) => this.connect(request, client, head));
    this.server.on('clientError', refuseSyntax);
  }

  /** Resolves with where it listens. Rejects with the system's error. */
  listen(host: string, port: number): Promise<AddressInfo> {
    return listenOn(this.server, host, port);
  }

  /** At once, with all connections. */
  close(): void {
    this.server.close();
    for (const client of this.clients) client.destroy();
    this.upstreams.kept.destroy();
    this.upstreams.fresh.destroy();
  }

  private async accept(client: Socket, serveHttp: (socket: Socket) => void): Promise<void> {
    this.clients.add(client);
    client.once('close', () => this.clients.delete(client));
    client.on('error', () => client.destroy());
    client.setNoDelay(true);
    const limit = setTimeout(() => client.destroy(), this.options.handshakeLimitMs ?? HANDSHAKE_LIMIT_MS);
    client.once('close', () => clearTimeout(limit));
    try {
      const reader = new SocketReader(client);
      const [version] = await reader.take(1);
      if (version === 5 || version === 4) {
        const { dial, credentials } = this.options;
        await serveSocks(client, reader, version, { dial, credentials, onRequest: () => clearTimeout(limit) });
      } else {
        clearTimeout(limit);
        reader.release();
        client.unshift(Uint8Array.of(version));
        serveHttp.call(this.server, client);
      }
    } catch {
      // What it sent was no handshake, or it has gone in the middle of one.
      client.destroy();
    }
  }

  private forward(request: IncomingMessage, response: ServerResponse): void {
    if (this.authorized(request)) forward(request, response, this.upstreams);
    else answerFailure(request, response, UNAUTHORIZED);
  }

  private connect(request: IncomingMessage, client: Duplex, head: Uint8Array): void {
    if (this.authorized(request)) void tunnel(request, client as Socket, head, this.options.dial);
    else refuseTunnel(request, client as Socket, UNAUTHORIZED);
  }

  private authorized({ headers }: IncomingMessage): boolean {
    const { credentials } = this.options;
    return credentials === undefined || credentials.matchBasic(headers['proxy-authorization']);
  }
}

/** What is no HTTP, or too long, or too slow. */
function refuseSyntax(error: NodeJS.ErrnoException, client: Duplex): void {
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request';
  if (client.writable) client.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  else client.destroy();
}
