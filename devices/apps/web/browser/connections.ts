/**
 * The connections of one page load: opened when a request needs one, kept for the next request to the same
 * server, all closed by the browser when the page is there.
 */
import { setMaxListeners } from 'node:events';
import type { ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import { HttpAgent } from '../../../net/http-agent.js';
import type { Network } from '../../../net/network.js';
import type { TcpSocket } from '../../../net/tcp-socket.js';

/**
 * So many at once to one server, then requests wait for each other (RFC 9112 section 9.4 asks for a limit and
 * leaves the number open; two are enough to see that they run side by side).
 */
const MAX_CONNECTIONS_PER_SERVER = 2;
/** A peer that has not answered our FIN after this time is not waited for, ms. */
const CLOSE_TIMEOUT_MS = 5_000;

interface ConnectionEnds {
  /** "192.0.2.1:40000" */
  readonly local: string;
  readonly remote: string;
}

export class Connections extends HttpAgent {
  /** Those that were established, in that order. */
  readonly established: ConnectionEnds[] = [];
  private readonly clock: Pick<Network, 'after'>;
  private readonly open = new Set<TcpSocket>();

  constructor(network: Network) {
    super(network, { keepAlive: true, maxSockets: MAX_CONNECTIONS_PER_SERVER, program: 'browser' });
    this.clock = network;
  }

  /** Sites that share an address do not share connections: the name that was asked for belongs to the key. */
  override getName(options?: ClientRequestArgs): string {
    const headers = options?.headers as Readonly<Record<string, string>> | undefined;
    return `${headers?.Host}|${super.getName(options)}`;
  }

  /** `host` is a dotted quad by now: names are looked up before, so that their failures are told apart. */
  override createConnection(options: ClientRequestArgs): Duplex {
    const socket = super.createConnection(options) as TcpSocket;
    this.open.add(socket);
    socket.once('close', () => this.open.delete(socket));
    socket.once('connect', () => {
      this.established.push({
        local: `${socket.localAddress}:${socket.localPort}`,
        remote: `${socket.remoteAddress}:${socket.remotePort}`,
      });
    });
    return socket;
  }

  /** FIN on every connection, then the peers' FINs. Resolves when all are closed, at the latest after 5 s. */
  async close(): Promise<void> {
    const deadline = new AbortController();
    // Every connection listens for it, however many there are.
    setMaxListeners(0, deadline.signal);
    const timer = this.clock.after(CLOSE_TIMEOUT_MS, () => deadline.abort());
    await Promise.all([...this.open].map((socket) => closed(socket, deadline.signal)));
    timer.clear();
    this.destroy();
  }
}

function closed(socket: TcpSocket, deadline: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    deadline.addEventListener('abort', () => {
      socket.destroy();
      resolve();
    });
    // Whatever still comes is of no interest, but must be read for the end to be seen.
    socket.resume();
    socket.end();
  });
}
