/**
 * The connections of one page load: opened when a request needs one, kept for the next request to the same server, all
 * closed by the browser when the page is there.
 */
import { setMaxListeners } from 'node:events';
import type { FetchPriority } from '../../../control/rpc.js';
import type { Network } from '../../../net/network.js';
import type { TcpSocket } from '../../../net/tcp-socket.js';
import type { Tracer } from '../../../stack/trace.js';
import { type DialOptions, dial, type TlsSessions } from '../client/dial.js';
import { portOf } from '../url-parts.js';
import { OriginConnections, type Taken } from './origin-connections.js';

/** A peer that has not answered our FIN after this time is not waited for, ms. */
const CLOSE_TIMEOUT_MS = 5_000;

export interface ConnectionsContext {
  readonly network: Network;
  readonly tracer: Tracer;
  /** PEM certificates of who may vouch for servers. */
  readonly authorities: readonly string[];
  readonly sessions: TlsSessions;
  /** Ends all attempts to connect. */
  readonly signal: AbortSignal;
}

interface ConnectionEnds {
  /** "192.0.2.1:40000" */
  readonly local: string;
  readonly remote: string;
}

export class Connections {
  /** Those that were established, in that order. */
  readonly established: ConnectionEnds[] = [];
  private readonly context: ConnectionsContext;
  private readonly origins = new Map<string, OriginConnections>();
  private readonly sockets = new Set<TcpSocket>();
  /** What is still on its way when the page is there, nobody needs: a preconnect to a silent host. */
  private readonly over = new AbortController();
  private readonly signal: AbortSignal;

  constructor(context: ConnectionsContext) {
    this.context = context;
    this.signal = AbortSignal.any([context.signal, this.over.signal]);
    // Every attempt to connect listens for it, however many there are.
    setMaxListeners(0, this.signal);
  }

  /** A connection with a place reserved for one request. Rejects with DialError. */
  take(url: URL, addresses: readonly string[], priority: FetchPriority): Promise<Taken> {
    return this.originOf(url).take(addresses, priority);
  }

  /** One connection, when there is none yet; whether it comes about is of no concern. */
  preconnect(url: URL, addresses: readonly string[]): void {
    this.originOf(url).preconnect(addresses);
  }

  /** Requests to this server do not wait for each other. */
  isMultiplexed(url: URL): boolean {
    return this.origins.get(url.origin)?.isMultiplexed ?? false;
  }

  /** FIN on every connection, then the peers' FINs. Resolves when all are closed, at the latest after 5 s. */
  async close(): Promise<void> {
    const timer = this.context.network.after(CLOSE_TIMEOUT_MS, () => {
      for (const socket of this.sockets) socket.destroy();
    });
    const closed = [...this.sockets].map(
      (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
    );
    for (const origin of this.origins.values()) origin.end();
    this.over.abort(new Error('the load is over'));
    await Promise.all(closed);
    timer.clear();
  }

  private originOf(url: URL): OriginConnections {
    const known = this.origins.get(url.origin);
    if (known !== undefined) return known;
    const origin = new OriginConnections(url.protocol === 'https:', (addresses) =>
      dial(
        { scheme: url.protocol === 'https:' ? 'https' : 'http', host: url.hostname, port: portOf(url), addresses },
        this.dialOptions(),
      ),
    );
    this.origins.set(url.origin, origin);
    return origin;
  }

  private dialOptions(): DialOptions {
    return {
      ...this.context,
      signal: this.signal,
      program: 'browser',
      alpn: ['h2', 'http/1.1'],
      onConnected: (socket) => this.connected(socket),
    };
  }

  private connected(socket: TcpSocket): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    this.established.push({
      local: `${socket.localAddress}:${socket.localPort}`,
      remote: `${socket.remoteAddress}:${socket.remotePort}`,
    });
  }
}
